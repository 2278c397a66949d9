from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.handlers.money import MAX_RUPEES, grouped, money, to_paise


@given(st.integers(-(10**15), 10**15))
def test_grouping_adds_commas_and_nothing_else(number: int) -> None:
    text = grouped(number)
    assert text.replace(",", "") == str(number)
    assert re.fullmatch(r"-?(\d{1,3}|\d{1,2}(,\d{2})*,\d{3})", text)


@pytest.mark.parametrize(
    ("paise", "shown"),
    [
        (0, "₹0"),
        (5, "₹0.05"),
        (99_900, "₹999"),
        (125_050, "₹1,250.50"),
        (10_000_000, "₹1,00,000"),
        (123_456_789_00, "₹12,34,56,789"),
        (-10_000_000, "-₹1,00,000"),
    ],
)
def test_rupees_as_they_are_read_in_india(paise: int, shown: str) -> None:
    assert money(paise) == shown


def test_other_currencies_stand_by_their_code() -> None:
    assert money(123_456_750, "USD") == "USD 1,234,567.50"


@given(st.integers(0, MAX_RUPEES * 100))
def test_what_is_shown_reads_back_as_the_same_amount(paise: int) -> None:
    assert to_paise(money(paise).removeprefix("₹").replace(",", "")) == paise


@pytest.mark.parametrize(
    "bad", ["", " 5", "5 ", "1,250", "₹5", "-5", "5.005", "1e3", "NaN", "inf", "٥", "५", "5.", ".5", "9" * 13, "5\n"]
)
def test_an_amount_is_never_guessed_at(bad: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        to_paise(bad)
