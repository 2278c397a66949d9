from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.figures import read

SAME = [
    ("5 lakh", "₹5,00,000"),
    ("five lakh rupees", "500000"),
    ("paanch lakh rupaye", "₹5,00,000"),
    ("पाँच लाख रुपये", "Rs. 500000"),
    ("1.5 crore", "1,50,00,000"),
    ("2k", "Rs 2,000"),
    ("$1.4 billion", "$1,400,000,000"),
    ("₹500/-", "500 rupees"),
    ("10 am", "10:00"),
    ("10:30 p.m.", "22:30"),
    ("subah 10 baje", "10:00"),
    ("shaam 8 baje", "20:00"),
    ("31 March 2027", "31/03/2027"),
    ("31/03/2027", "2027-03-31"),
    ("March 31, 2027", "31st of March 2027"),
    ("31 March", "2027-03-31"),
    ("March 2027", "31.03.2027"),
    ("7 days", "seven days"),
    ("das din", "10 days"),
    ("१० दिन", "10 days"),
    ("10%", "ten per cent"),
    ("10 percent", "10 %"),
    ("7.25%", "Rate (%): 7.25"),
    ("3–5 days", "3 to 5 working days"),
    ("3 se 5 din", "3-5 days"),
    ("between 3 and 5 days", "3-5 days"),
    ("at most 5 days", "3 to 5 days"),
    ("at least 3 days", "3 to 5 days"),
    ("+91 98765 43210", "9876543210"),
    ("09876543210", "98765 43210"),
    ("PIN 400 703", "400703"),
    ("NAS 10234", "nas-10234"),
    ("3rd Saturday", "third Saturday"),
    ("Tuesday", "Monday to Saturday"),
    ("somvar se shanivar", "Monday to Saturday"),
    ("24-hour", "24 hours"),
    ("-5", "minus 5"),
    ("10,000 km", "6 months or 10000km"),
]

DIFFERENT = [
    ("5 hours", "5 days"),
    ("₹500", "500 km"),
    ("$500", "₹500"),
    ("10", "10%"),
    ("10%", "10"),
    ("10 rupees", "10%"),
    ("2nd", "2 days"),
    ("3 to 5 days", "3 days, or 5 days by rail"),
    ("in 3 days", "3 to 5 days"),
    ("8 am to 9 pm", "8 am to 10 pm"),
    ("Sunday", "Monday to Saturday"),
    ("5,00,0", "5,00,000"),
    ("5.000", "5,000"),
    ("10 pm", "10:00"),
    ("13 March 2027", "31 March 2027"),
    ("31 March 2028", "31 March"),
    ("two ATMs", "one of us"),
    ("one ATM", "two ATMs"),
    ("₹1800", "1800 000 3344"),
    ("NAS-10235", "NAS-10234"),
    ("-5", "5"),
    ("3 million", "3 lakh"),
    ("7.5%", "7.75%"),
    ("wait 30 years", "wait 30 minutes"),
    ("every 2 litres", "2. Water level: every 2 months"),
]


@pytest.mark.parametrize(("said", "written"), SAME)
def test_equal_worth_is_found_however_it_is_spelt(said: str, written: str) -> None:
    figures = read(said).figures
    assert figures
    assert all(map(read(written).holds, figures))


@pytest.mark.parametrize(("said", "written"), DIFFERENT)
def test_another_worth_is_not_found(said: str, written: str) -> None:
    assert not all(map(read(written).holds, read(said).figures))


@pytest.mark.parametrize(
    "text", ["one of our staff", "No one can say.", "1. Open the app", "First, open it.", "ek naya card"]
)
def test_words_that_count_nothing_are_no_figures(text: str) -> None:
    assert read(text).figures == ()


@given(st.integers(min_value=2, max_value=10**12))
def test_grouping_changes_nothing(value: int) -> None:
    head, tail = divmod(value, 1000)
    pairs = f"{head:,}" if head < 100 else _in_pairs(head)
    indian = f"{pairs},{tail:03}" if head else str(tail)
    spellings = [f"₹{value}", f"Rs {value:,}", f"{indian} rupees", f"INR {value}".translate(_DEVANAGARI)]
    for said in spellings:
        for written in spellings:
            assert all(map(read(written).holds, read(said).figures)), (said, written)


@given(st.integers(min_value=2, max_value=99_999), st.integers(min_value=2, max_value=99_999))
def test_two_amounts_are_the_same_only_where_they_are(one: int, other: int) -> None:
    assert all(map(read(f"₹{other}").holds, read(f"₹{one}").figures)) is (one == other)


@given(st.text(max_size=200))
def test_no_text_breaks_it_and_every_text_holds_its_own_figures(text: str) -> None:
    reading = read(text)
    assert all(map(reading.holds, reading.figures))


@given(st.text(alphabet="0123456789.,:/-₹% apmkRs०५", max_size=40))
def test_every_digit_belongs_to_a_figure_or_numbers_an_item(text: str) -> None:
    assert not any(map(str.isdigit, text)) or read(f"x {text}").figures


def _in_pairs(value: int) -> str:
    parts = []
    while value:
        value, part = divmod(value, 100)
        parts.append(f"{part:02}" if value else str(part))
    return ",".join(reversed(parts))


_DEVANAGARI = {ord("0") + number: chr(0x966 + number) for number in range(10)}
