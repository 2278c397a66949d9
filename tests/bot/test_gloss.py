from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.preprocess import Preprocessor


@pytest.mark.parametrize(
    ("typed", "english"),
    [
        ("mera order kab aayega", "my order when will come"),
        ("mra ordr kb ayga", "my order when will come"),
        ("MERA ORDER KAB AAEGA?", "my ORDER when will come?"),
        ("मेरा ऑर्डर कब आएगा", "my order when will come"),
        ("clutch plate kitne ka hai", "clutch plate how much does it cost"),
        ("clutch plate ktne ka h", "clutch plate how much does it cost"),
        ("क्लच प्लेट कितने की है", "clutch plate how much does it cost"),
        ("mujhe paisa wapas chahiye", "me refund"),
        ("hawa filter hai kya", "air filter is there"),
        ("chota hathi ka clutch", "Tata Ace clutch"),
        ("थोक में चाहिए", "bulk in want"),
        ("क़िस्म बताओ", "variety tell"),
        ("हवा फ़िल्टर का रेट", "air filter rate"),
        ("havaa filter chahiye", "air filter want"),
        ("mera pata badalna hai", "my address want to change"),
        ("patta chahiye", "belt want"),
        ("kharab nikla", "is defective"),
        ("card band kar do", "card block"),
        ("मेरा कार्ड खो गया", "my card lost"),
        ("kaise ho bhai", "how are you"),
        ("koi baat nahi", "no problem"),
        ("battery kaam nhi kr rhi", "battery not working"),
        ("kya aap COD dete ho", "do you cash on delivery do you give"),
    ],
)
def test_hindi_and_hinglish_become_english_word_by_word(understand: Preprocessor, typed: str, english: str) -> None:
    assert understand.canonical(typed) == english


@pytest.mark.parametrize(
    "text",
    [
        "what is the price of the main brake pad?",
        "is it free, or do I pay the bus fare (both ways)?",
        "20W50 engine oil - 1 litre",
        "I love my Wagon R!",
        "price: 5,000/-",
        "what number do I call",
    ],
)
def test_good_english_stays_as_it_is(understand: Preprocessor, text: str) -> None:
    assert understand.canonical(text) == text


def test_the_shops_abbreviations_are_written_out_in_english_too(understand: Preprocessor) -> None:
    assert understand.canonical("do you take COD?") == "do you take cash on delivery?"


def test_an_english_stretch_in_a_hinglish_sentence_keeps_its_words(understand: Preprocessor) -> None:
    assert "the main" in understand.canonical("mujhe batao where is the main branch bhai")


@given(st.text())
def test_it_takes_anything_and_leaves_no_stray_spaces(understand: Preprocessor, text: str) -> None:
    canonical = understand.canonical(text)
    assert canonical == canonical.strip()


@pytest.mark.parametrize("text", ["where r u", "clucth plat price", "do you take COD?", "pleaaase call"])
def test_what_is_canonical_stays_so(understand: Preprocessor, text: str) -> None:
    once = understand.canonical(text)
    assert understand.canonical(once) == once
