"""Words, stems and sentences of English, Hindi and what is written between them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.text import (
    content_stems,
    digest,
    is_devanagari,
    level,
    sentence_spans,
    sentences,
    slug,
    stems,
    words,
)


def test_devanagari_words_keep_their_vowel_signs() -> None:
    assert words("गाड़ी की बैटरी, कितने दिन चलेगी?") == [
        level("गाड़ी"), "की", "बैटरी", "कितने", "दिन", "चलेगी",
    ]  # fmt: skip


def test_both_ways_to_encode_a_nukta_are_one_word() -> None:
    assert words("गा\u095cी") == words("गा\u0921\u093cी")


def test_hindi_endings_are_cut_to_one_stem() -> None:
    assert stems("किताबें") == stems("किताबों") == stems("किताब")


def test_english_endings_are_cut_to_one_stem() -> None:
    assert stems("returned") == stems("returning") == stems("returns") == stems("RETURN")


@pytest.mark.parametrize("typed", ["₹5,000", "5000", "५,०००", "५०००", "5,000", "5\u200b000"])
def test_a_number_is_one_word_however_it_is_written(typed: str) -> None:
    assert words(typed) == ["5000"]


def test_indian_thousands_and_decimals() -> None:
    assert words("₹1,00,000.50 at 7.25%") == ["100000.50", "at", "7.25"]


@pytest.mark.parametrize("typed", ["AP-1042", "ap-1042", "AP/1042", "ap1042", "AP1042", "A\u200bP-1042"])
def test_a_code_holds_its_whole_however_it_is_typed(typed: str) -> None:
    assert "ap1042" in words(typed)


def test_a_code_typed_in_two_words_shares_its_parts() -> None:
    assert set(words("ap 1042")) <= set(words("AP-1042"))


def test_a_hyphen_between_plain_words_makes_no_code() -> None:
    assert words("cash-on-delivery") == ["cash", "on", "delivery"]


def test_a_stem_with_a_digit_stays_whole() -> None:
    assert stems("12v 5w30s") == ["12v", "5w30s"]


@pytest.mark.parametrize("text", ["", "   \n\t", "?!… —", "🙂🔥", "\u200b\u200d\u202e", "\x00"])
def test_a_text_without_words(text: str) -> None:
    assert words(text) == stems(text) == content_stems(text) == []


def test_right_to_left_and_emoji_stand_beside_words() -> None:
    assert words("שלום price 🙂 السعر") == ["שלום", "price", "السعر"]


def test_content_stems_leave_out_the_asking() -> None:
    assert content_stems("Hello sir, please tell me what is the warranty of the battery") == stems("warranty battery")
    assert content_stems("what is it?") == []


def test_content_stems_come_once_each() -> None:
    assert content_stems("battery batteries BATTERY") == stems("battery")


def test_sentences_end_at_danda_mark_and_line() -> None:
    assert sentences("दुकान खुली है। कल बंद है॥ Come! Why?\nBye") == [
        "दुकान खुली है।", "कल बंद है॥", "Come!", "Why?", "Bye",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sentence",
    [
        "Pay Rs. 500 at the counter.",
        "Ask Mr. Rao of Sharma Pvt. Ltd. about it.",
        "It costs 2.50 in all.",
        "See S. Kumar.",
    ],
)
def test_an_abbreviation_or_number_ends_no_sentence(sentence: str) -> None:
    assert sentences(sentence) == [sentence]


def test_a_closing_quote_belongs_to_its_sentence() -> None:
    assert sentences('He said "never." Then he left.') == ['He said "never."', "Then he left."]


@given(st.text())
def test_sentences_stand_in_the_text_and_hold_all_of_it(text: str) -> None:
    spans = sentence_spans(text)

    assert [text[start:end] for start, end in spans] == sentences(text)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(st.text())
def test_words_are_never_empty_and_blind_to_case(text: str) -> None:
    assert all(words(text))
    assert len(stems(text)) == len(words(text))
    ascii_text = text.encode("ascii", "ignore").decode()
    assert words(ascii_text.upper()) == words(ascii_text.lower())


@given(st.text(st.characters(categories=("L", "M", "N")), min_size=49))
def test_a_long_slug_is_short_and_tells_texts_apart(text: str) -> None:
    assert len(slug(text)) <= 57
    assert "/" not in slug(text)
    if len(level(text)) > 48:
        assert slug(text + "1") != slug(text + "2")


def test_a_slug_reads_like_its_text() -> None:
    assert slug("  How do I RETURN a part? ") == "how-do-i-return-a-part"
    assert slug("वापसी नीति") == "वापसी-नीति"
    assert slug("🙂") == ""


def test_a_digest_takes_any_text() -> None:
    assert digest("a") == digest("a") != digest("b")
    assert len(digest("\ud800 lone surrogate")) == 32


def test_huge_texts() -> None:
    assert len(words("battery " * 20_000)) == 20_000
    assert sentences("x" * 100_000) == ["x" * 100_000]
    assert len(sentences("Come in. " * 20_000)) == 20_000


def test_devanagari_is_seen_anywhere() -> None:
    assert is_devanagari("price क्या है")
    assert not is_devanagari("kya price hai? 🙂 שלום")
