"""The loans of records/loans.csv: which one a customer names, and what each allows and costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from rapidfuzz import fuzz

from munshi.handlers.base import Button, SlotError
from munshi.handlers.money import money
from munshi.handlers.rows import Loan
from munshi.knowledge.numbers import Number, read_number
from munshi.knowledge.text import words
from munshi.knowledge.tokens import tokenise

_LOOSE = 5  # letters from which on a slip in a word is put up with
_CLOSE = 86
_LONGEST = 3
_MOST_CHARS = 1_000
_LEAST = 100  # smaller numbers are years and percentages
_REACH = 7  # two words between


def name_of(loan: Loan, language: str) -> str:
    """What a loan is called in a language."""
    return loan.name_hi if language == "hi" and loan.name_hi else loan.name


def named_in(loans: Iterable[Loan], text: str) -> tuple[Loan, ...]:
    """The loans that a text names, by any of their names, slips put up with in longer words."""
    said = words(text[:_MOST_CHARS])
    runs = {" ".join(said[at : at + length]) for length in range(1, _LONGEST + 1) for at in range(len(said))}
    return tuple(loan for loan in loans if any(_is_said(name, runs) for name in _names(loan)))


def find(loans: Iterable[Loan], code: str) -> Loan | None:
    """The loan of exactly this code."""
    return next((loan for loan in loans if loan.code == code), None)


def as_options(loans: Sequence[Loan], language: str) -> tuple[Button, ...]:
    """Loans to choose from: the value is the code."""
    return tuple(Button(name_of(loan, language), loan.code) for loan in loans)


def fee(loan: Loan, principal: int) -> int:
    """The processing fee in paise, tax not included, rounded half up to the paisa."""
    share = (Decimal(loan.fee_percent) * principal / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    least = max(int(share), loan.fee_least_paise)
    return least if loan.fee_most_paise is None else min(least, loan.fee_most_paise)


def rates(loan: Loan) -> tuple[Decimal, ...]:
    """The ends of the range of rates, in percent a year; one where they are the same."""
    return tuple(sorted({Decimal(loan.rate_from), Decimal(loan.rate_to)}))


def check_amount(loans: Sequence[Loan], principal: int, currency: str) -> None:
    """Raises SlotError, with the most that is lent, where it is more than any of these loans."""
    most = max((loan.max_paise for loan in loans), default=0)
    if principal > most:
        raise SlotError("loan_amount_too_large", maximum=money(most, currency))


def check_months(months: int, longest: int) -> None:
    """Raises SlotError, with the longest term, where it is longer than that."""
    if months > longest:
        years, rest = divmod(longest, 12)
        key = "loan_term_too_long" if years > 1 and not rest else "loan_term_too_long_months"
        raise SlotError(key, years=years, months=longest)


def check_rate(loan: Loan | None, rate: Decimal) -> None:
    """Raises SlotError, with the range, where the loan is not given at that rate."""
    if loan is not None and not Decimal(loan.rate_from) <= rate <= Decimal(loan.rate_to):
        raise SlotError("loan_rate_outside", loan=loan.name, least=loan.rate_from, most=loan.rate_to)


def sum_beside(text: str, cues: frozenset[str], *, hindi: bool) -> str:
    """The sum in rupees that stands a word or two from one of these words ("salary is 30000"); empty for none."""
    tokens = tokenise(text[:_MOST_CHARS])
    places = [at for at, token in enumerate(tokens) if token.low in cues]
    at = 0
    found: list[tuple[int, str]] = []
    while at < len(tokens):
        number = read_number(tokens, at, hindi=hindi)
        if number is not None and number.value >= _LEAST and number.value == round(number.value, 2):
            away = min((_away(place, number) for place in places), default=_REACH + 1)
            found.append((away, format(number.value.normalize(), "f")))
        at = number.last if number is not None else at + 1
    nearest = min(found, default=(_REACH + 1, ""))
    return nearest[1] if nearest[0] <= _REACH else ""


def _away(place: int, number: Number) -> int:
    """Words between a place and a number: what comes before the number counts first."""
    return (number.first - place) * 2 if place < number.first else (place - number.last + 1) * 2 + 1


def _names(loan: Loan) -> tuple[str, ...]:
    return tuple(" ".join(words(name)) for name in (loan.name, loan.name_hi, *loan.aliases) if name)


def _is_said(name: str, runs: Iterable[str]) -> bool:
    return name in runs or (len(name) >= _LOOSE and any(fuzz.ratio(name, run) >= _CLOSE for run in runs))
