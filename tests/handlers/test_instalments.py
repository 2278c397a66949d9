"""Instalments: what is published comes out, and no paisa is made or lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.handlers.instalments import MAX_MONTHS, affordable, by_year, instalment, schedule

LAKH = 10_000_000  # paise

RATES = st.decimals(0, 60, places=2)
MONTHS = st.integers(1, MAX_MONTHS)


@pytest.mark.parametrize(
    ("principal", "rate", "months", "rupees"),
    [
        (100 * LAKH, "10.5", 120, 134_935),  # the example of Wikipedia's "Equated monthly installment"
        (50 * LAKH, "8.5", 240, 43_391),  # as the calculators of Indian banks have it
        (10 * LAKH, "7.2", 120, 11_714),
        (1 * LAKH, "12", 12, 8_885),
    ],
)
def test_published_instalments_come_out(principal: int, rate: str, months: int, rupees: int) -> None:
    assert round(instalment(principal, Decimal(rate), months) / 100) == rupees


def test_without_interest_a_loan_is_parted_evenly() -> None:
    rows = schedule(100_000, Decimal(0), 3)
    assert [row.paid for row in rows] == [33_333, 33_333, 33_334]
    assert not any(row.interest for row in rows)


@given(st.integers(0, 1_000 * LAKH), RATES, MONTHS)
def test_the_table_pays_back_the_principal_to_the_paisa(principal: int, rate: Decimal, months: int) -> None:
    rows = schedule(principal, rate, months)
    assert len(rows) == months
    assert sum(row.principal for row in rows) == principal
    assert rows[-1].balance == 0
    before = principal
    for row in rows:
        assert row.paid == row.interest + row.principal
        assert row.balance == before - row.principal >= 0
        assert row.interest >= 0
        before = row.balance


@given(st.integers(10_000_00, 1_000 * LAKH), RATES, st.integers(1, 360))
def test_the_last_instalment_is_much_like_the_others(principal: int, rate: Decimal, months: int) -> None:
    """It takes up what rounding has left: half a paisa a month, grown by the interest on it."""
    rows = schedule(principal, rate, months)
    grown = sum((1 + rate / 1200) ** month for month in range(months))
    assert abs(rows[-1].paid - instalment(principal, rate, months)) <= grown + 1


@given(st.integers(0, 100 * LAKH), RATES, MONTHS)
def test_years_hold_every_month(principal: int, rate: Decimal, months: int) -> None:
    rows = schedule(principal, rate, months)
    years = by_year(rows)
    assert len(years) == -(-months // 12)
    assert sum(year.paid for year in years) == sum(row.paid for row in rows)
    assert sum(year.interest for year in years) == sum(row.interest for row in rows)
    assert years[-1].balance == 0


@given(st.integers(0, LAKH), RATES, MONTHS)
def test_what_is_affordable_is_and_a_paisa_more_is_not(room: int, rate: Decimal, months: int) -> None:
    most = affordable(room, rate, months)
    assert instalment(most, rate, months) <= room < instalment(most + 1, rate, months)


@pytest.mark.parametrize(("principal", "rate", "months"), [(-1, "1", 1), (1, "-1", 1), (1, "1", 0), (1, "1", 601)])
def test_what_is_no_loan_is_refused(principal: int, rate: str, months: int) -> None:
    with pytest.raises(ValueError, match="loan"):
        instalment(principal, Decimal(rate), months)
