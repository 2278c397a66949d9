from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.language import detect_language, script_of
from munshi.handlers.base import Language
from munshi.knowledge.tokens import tokenise

ENGLISH = """
what is the price of a clutch plate
where is my order
tell me the main thing to do
do I have to go to the main branch
is the bus on time
hi, is it open on Sunday
give me the door mat
this pain is bad
can you send the bill to me
how much is the mileage of this car
my app is not working
the same rate as before
I want to rock
don't call me or mail me
is he in the shop today
what is the minimum age
are you there
I paid by card
when is the valley road branch open
use the side door
my budget is around 8 lakh
your order is late again
""".strip().splitlines()

HINGLISH = """
mera order kab aayega
clutch plate kitne ka hai
kb ayga mera ordr
price kya hai
kya aap delivery karte ho
bhai kuch kam karo
mujhe refund chahiye
muje paisa wapis chaiye
warranty kitne din ki hoti h
dukan kahan hai
ye kharab nikla
nahi chahiye
haan ji
theek hai
kal aayega kya
5000 rupaye bhej do
return karna hai
order cancel kar do
koi baat nahi
kaise kare payment
abhi tak nhi aaya
ghar pe de jaoge kya
kitna balance h
ATM band hai kya
card kho gaya hai
sasta wala dikhao
kya rate chal raha hai aajkal
""".strip().splitlines()

HINDI = """
मेरा ऑर्डर कहाँ है
क्लच प्लेट की कीमत क्या है
कब आएगा
NAS-10234 कब आएगा
order कब आएगा
मुझे refund चाहिए
हाँ
वारंटी
""".strip().splitlines()


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text: str) -> None:
    assert detect_language(text) == "en"
    assert detect_language(text.upper(), "hinglish") == "en"


@pytest.mark.parametrize("text", HINGLISH)
def test_hinglish(text: str) -> None:
    assert detect_language(text) == "hinglish"
    assert detect_language(text.upper(), "en") == "hinglish"


@pytest.mark.parametrize("text", HINDI)
def test_hindi(text: str) -> None:
    assert detect_language(text) == "hi"


def test_a_hindi_word_in_an_english_sentence_does_not_turn_it() -> None:
    assert detect_language("what is the warranty on क्लच for my car") == "en"
    assert detect_language("where can I get the best paisa back offer from you") == "en"


@pytest.mark.parametrize(
    "text", ["ok", "OK!", "10234", "NAS-10234", "", "   ", "👍", "hi", "clutch plate", "please call"]
)
@pytest.mark.parametrize("previous", ["en", "hi", "hinglish"])
def test_where_nothing_tells_the_chat_goes_on_as_it_was(text: str, previous: Language) -> None:
    assert detect_language(text, previous) == previous


def test_english_is_the_default() -> None:
    assert detect_language("ok") == "en"
    assert detect_language("السلام عليكم") == "en"


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("kab aayega", "latin"),
        ("कब आएगा", "devanagari"),
        ("order कब आएगा", "mixed"),
        ("12345", "other"),
        ("👍", "other"),
        ("வணக்கம்", "other"),
    ],
)
def test_script(text: str, script: str) -> None:
    assert script_of(tokenise(text)) == script


@given(st.text())
def test_it_takes_anything(text: str) -> None:
    assert detect_language(text) in ("en", "hi", "hinglish")


def test_on_public_requests_in_both_languages(data_dir: Path) -> None:
    with (data_dir / "hinglish_top/validation.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    english = sum(detect_language(row["en_query"]) == "en" for row in rows) / len(rows)
    hinglish = sum(detect_language(row["cs_query"]) == "hinglish" for row in rows) / len(rows)
    assert english > 0.995
    assert hinglish > 0.97
