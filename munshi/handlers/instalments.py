"""Equated monthly instalments, to the paisa.

An instalment is P * r * (1 + r)^n / ((1 + r)^n - 1) for a principal P, a monthly rate r and n months, P / n where r is
0; it and each month's interest are rounded half up to the paisa, and the last instalment is whatever is left, so that
the principal parts sum to P and the balance ends at nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

MAX_MONTHS = 600
_PRECISION = 60
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Instalment:
    """One month: paise paid, of them interest and principal, and what is owed after it."""

    number: int
    paid: int
    interest: int
    principal: int
    balance: int


@dataclass(frozen=True, slots=True)
class Year:
    """A year of instalments, the last perhaps shorter: paise paid, of them interest, and what is owed after it."""

    number: int
    paid: int
    interest: int
    balance: int


def instalment(principal: int, rate: Decimal, months: int) -> int:
    """The monthly instalment in paise, for a principal in paise and a rate in percent a year.

    Raises ValueError where one of them is below nothing, or there are no months or more than `MAX_MONTHS`.
    """
    if principal < 0 or rate < 0 or not 0 < months <= MAX_MONTHS:
        raise ValueError("a loan needs a principal, a rate and 1 to 600 months")
    with localcontext() as context:
        context.prec = _PRECISION
        monthly = rate / _YEAR / 100
        if monthly == 0:
            return _to_paise(Decimal(principal) / months)
        grown = (1 + monthly) ** months
        return _to_paise(principal * monthly * grown / (grown - 1))


def schedule(principal: int, rate: Decimal, months: int) -> tuple[Instalment, ...]:
    """Every instalment; of a very small loan the last ones may be nothing. Raises ValueError as `instalment` does."""
    each, balance = instalment(principal, rate, months), principal
    rows = []
    for number in range(1, months + 1):
        interest = _interest(balance, rate)
        paid = balance + interest if number == months else min(each, balance + interest)
        balance -= paid - interest
        rows.append(Instalment(number, paid, interest, paid - interest, balance))
    return tuple(rows)


def by_year(rows: Sequence[Instalment]) -> tuple[Year, ...]:
    """The instalments summed by year of the loan."""
    years = [rows[start : start + _YEAR] for start in range(0, len(rows), _YEAR)]
    return tuple(
        Year(number, sum(row.paid for row in year), sum(row.interest for row in year), year[-1].balance)
        for number, year in enumerate(years, start=1)
    )


def affordable(each: int, rate: Decimal, months: int) -> int:
    """The largest principal, in paise, whose instalment is no more than `each`. Raises ValueError as `instalment`."""
    least, most = 0, each * months + months  # the second is more than can be paid back
    while least < most:
        middle = (least + most + 1) // 2
        if instalment(middle, rate, months) <= each:
            least = middle
        else:
            most = middle - 1
    return least


def _interest(balance: int, rate: Decimal) -> int:
    with localcontext() as context:
        context.prec = _PRECISION
        return _to_paise(balance * rate / _YEAR / 100)


def _to_paise(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
