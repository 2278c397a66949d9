from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.normalise import MAX_CHARS, clean

ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("", ""),
        (" \t\n ", ""),
        ("  two   spaces\n\nhere ", "two spaces here"),
        ("ｆｕｌｌ　ｗｉｄｔｈ　５０００", "full width 5000"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\u202ereversed\u202c", "reversed"),
        ("soft\u00adhyphen", "softhyphen"),
        ("nul\x00and\x07bell", "nulandbell"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("₹५,०००", "₹5,000"),
        ("٣٤٥ ৬৭৮", "345 678"),
        ("₨ 500", "Rs 500"),
        ("it’s “fine” – ok", 'it\'s "fine" - ok'),
        ("2½ inch", "2 1/2 inch"),
        ("cafe\u0301", "café"),
        ("क\u093cीमत", unicodedata.normalize("NFKC", "क़ीमत")),
        ("क्\u200dष", "क्ष"),
        ("1\ufe0f\u20e3 first", "1 first"),
        (
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467 ok",
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467 ok",
        ),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
        ("a\u200d\U0001f600", "a\U0001f600"),
        ("ｶﾞ", "ガ"),
        ("\u1112\u1161\u11ab", "한"),
        ("السلام عليكم", "السلام عليكم"),
    ],
)
def test_normal_form(written: str, normal: str) -> None:
    assert clean(written).text == normal


@given(ANYTHING)
def test_it_is_idempotent(source: str) -> None:
    once = clean(source).text
    assert clean(once).text == once


@given(ANYTHING)
def test_nothing_unseen_is_left(source: str) -> None:
    text = clean(source).text
    assert text == text.strip()
    assert "  " not in text
    assert not {unicodedata.category(char) for char in text} & {"Cc", "Cs"}
    assert not set(text) & set("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2069\ufeff")


@given(ANYTHING)
def test_every_character_knows_where_it_stood(source: str) -> None:
    cleaned = clean(source)
    spans = [cleaned.span(at, at + 1) for at in range(len(cleaned.text))]
    assert all(0 <= start < end <= len(source) for start, end in spans)
    assert spans == sorted(spans)


def test_a_place_is_found_again_behind_what_was_dropped() -> None:
    source = "\u200b\u200b order   no \u202e ＮＡＳ\u200b-10234 kab"
    cleaned = clean(source)
    at = cleaned.text.index("NAS-10234")
    start, end = cleaned.span(at, at + 9)
    assert source[start:end] == "ＮＡＳ\u200b-10234"


def test_only_the_head_of_a_very_long_message_is_read() -> None:
    assert len(clean("a" * 100_000).text) == MAX_CHARS
    assert len(clean("a" * 100_000, limit=None).text) == 100_000


def test_piles_of_marks_are_cut_down() -> None:
    assert len(clean("Z" + "\u0301\u0315" * 20_000, limit=None).text) < 10
