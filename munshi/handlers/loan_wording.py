"""Instalments and a repayment table in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from munshi.handlers.base import Phrases, Turn
from munshi.handlers.instalments import Instalment, Year, by_year, instalment, schedule
from munshi.handlers.loan_offers import fee, name_of
from munshi.handlers.money import money
from munshi.handlers.rows import Loan

_MOST_YEARS = 10
_EVERY = 5


@dataclass(frozen=True, slots=True)
class Quote:
    """A sum in paise over some months at one rate or more, in percent a year, of a loan or of none in particular."""

    loan: Loan | None
    principal: int
    months: int
    rates: tuple[Decimal, ...]

    @property
    def schedule(self) -> tuple[Instalment, ...]:
        """Every instalment at the highest rate."""
        return schedule(self.principal, max(self.rates), self.months)

    def told(self) -> dict[str, object]:
        """As plain values: the figures at each rate."""
        return {
            "loan": self.loan.code if self.loan else None,
            "principal_paise": self.principal,
            "months": self.months,
            "instalments": [_at(self, rate) for rate in self.rates],
        }


def in_words(quote: Quote, phrases: Phrases, turn: Turn) -> Iterator[str]:
    """The instalment at each rate, the fee, and the repayment table by year at the highest rate."""
    language, currency = turn.language, turn.business.currency
    name = name_of(quote.loan, language) if quote.loan else phrases("loan_any", language)
    yield phrases(
        "loan_headline",
        language,
        loan=name,
        amount=money(quote.principal, currency),
        term=term(quote.months, phrases, language),
    )
    for rate in quote.rates:
        figures = _at(quote, rate)
        yield phrases(
            "loan_instalment",
            language,
            rate=percent(rate),
            emi=money(int(str(figures["emi_paise"])), currency),
            interest=money(int(str(figures["interest_paise"])), currency),
        )
    if quote.loan is not None:
        charge = fee(quote.loan, quote.principal)
        key = "loan_fee" if charge else "loan_fee_none"
        yield phrases(key, language, fee=money(charge, currency))
    yield from _table(quote, phrases, turn)


def term(months: int, phrases: Phrases, language: str) -> str:
    """Write 5 years, 18 months, 2 years 6 months."""
    years, rest = divmod(months, 12)
    told = [phrases("loan_years" if years > 1 else "loan_year", language, count=years)] if years else []
    told += [phrases("loan_months" if rest > 1 else "loan_month", language, count=rest)] if rest else []
    return " ".join(told)


def percent(rate: Decimal) -> str:
    """Write 8.60%."""
    return f"{rate:.2f}%" if rate == round(rate, 2) else f"{rate.normalize():f}%"


def _at(quote: Quote, rate: Decimal) -> dict[str, object]:
    rows = schedule(quote.principal, rate, quote.months)
    return {
        "rate": str(rate),
        "emi_paise": instalment(quote.principal, rate, quote.months),
        "last_paise": rows[-1].paid,
        "interest_paise": sum(row.interest for row in rows),
        "total_paise": sum(row.paid for row in rows),
    }


def _table(quote: Quote, phrases: Phrases, turn: Turn) -> Iterator[str]:
    language, currency, rate = turn.language, turn.business.currency, max(quote.rates)
    rows = quote.schedule
    yield phrases("loan_table", language, rate=percent(rate))
    for year in _shown(by_year(rows)):
        yield phrases(
            "loan_table_year",
            language,
            year=year.number,
            paid=money(year.paid, currency),
            interest=money(year.interest, currency),
            balance=money(year.balance, currency),
        )
    yield phrases("loan_last", language, amount=money(rows[-1].paid, currency))


def _shown(years: Sequence[Year]) -> list[Year]:
    """All of a short term; of a long one the first, every fifth and the last."""
    if len(years) <= _MOST_YEARS:
        return list(years)
    return [year for year in years if year.number == 1 or year.number % _EVERY == 0 or year is years[-1]]
