from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.spoken_numbers import bare_numbers


def numbers(text: str, *, hindi: bool = False) -> list[str]:
    return [found.value for found in bare_numbers(text, hindi=hindi)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("five hundred", "500"),
        ("send five hundered to my landlord", "500"),
        ("two hundred and fifty, from savings", "250"),
        ("2 hundred fifty", "250"),
        ("1,00,000", "100000"),
        ("75.50", "75.50"),
        ("two.", "2"),
    ],
)
def test_a_number_is_read_in_digits_and_in_words(text: str, value: str) -> None:
    assert numbers(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("makaan malik ko paanch sau bhejo", "500"),
        ("do hazaar", "2000"),
        ("dhai hazaar", "2500"),
        ("sadhe teen sau maa ko", "350"),
        ("पाँच सौ भेजो", "500"),
        ("do", "2"),
        ("char", "4"),
    ],
)
def test_and_in_hindi(text: str, value: str) -> None:
    assert numbers(text, hindi=True) == [value]


@pytest.mark.parametrize(
    "text", ["", "the one from savings", "give me a second", "do it", "👍", "so many", "NAS-20433"]
)
def test_a_small_word_beside_others_is_no_number(text: str) -> None:
    assert numbers(text) == []


@given(st.integers(0, 10**9), st.sampled_from(["", "send ", "भेजो "]))
def test_digits_are_what_they_are(value: int, before: str) -> None:
    assert numbers(f"{before}{value}", hindi=True) == [str(value)]


@given(st.text(max_size=80), st.booleans())
def test_any_text_is_read_to_numbers_that_stand_in_it(text: str, hindi: bool) -> None:
    found = bare_numbers(text, hindi=hindi)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
