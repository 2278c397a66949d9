from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.preprocess import Preprocessor
from munshi.bot.spelling import Mender
from munshi.handlers.base import Language
from munshi.knowledge.encoder import known_words
from munshi.knowledge.normalise import clean
from munshi.knowledge.tokens import tokenise


def mended(understand: Preprocessor, text: str, now: datetime) -> dict[str, str]:
    return {fix.text: fix.to for fix in understand(text, now=now).corrections}


@pytest.mark.parametrize(
    ("typed", "word", "meant"),
    [
        ("clucth plate price", "clucth", "clutch"),
        ("clutch plat price", "plat", "plate"),
        ("is the brake pad avaialble", "avaialble", "available"),
        ("is it availabel today", "availabel", "available"),
        ("warrantty on the battery", "warrantty", "warranty"),
        ("my battrey is dead", "battrey", "battery"),
        ("delivry time please", "delivry", "delivery"),
        ("i want discoutn on this", "discoutn", "discount"),
        ("do you have swfit parts", "swfit", "swift"),
        ("pleaaase help me", "pleaaase", "please"),
        ("sooo late", "sooo", "so"),
        ("goood service", "goood", "good"),
        ("hellooo there", "hellooo", "hello"),
        ("thx a lot", "thx", "thanks"),
        ("card blok kro jaldi", "blok", "block"),
        ("palte kitne ki hai", "palte", "plate"),
        ("where r you", "r", "are"),
        ("how r u", "u", "you"),
        ("plz tell", "plz", "please"),
        ("plzzzz tell", "plzzzz", "please"),
        ("hw much is it", "hw", "how"),
        ("wen will it come", "wen", "when"),
        ("gud morning", "gud", "good"),
        ("order b4 sunday", "b4", "before"),
        ("can it come 2moro", "2moro", "tomorrow"),
        ("my a/c number", "a/c", "account"),
        ("i dnt want it", "dnt", "do not"),
        ("brakepad for swift", "brakepad", "brake pad"),
        ("brek padd swft k liye milega kya", "padd", "pad"),
    ],
)
def test_slips_are_mended(understand: Preprocessor, now: datetime, typed: str, word: str, meant: str) -> None:
    assert mended(understand, typed, now).get(word) == meant


@pytest.mark.parametrize(
    "text",
    [
        "what is the price of a clutch plate",
        "Wagon R parts",
        "wagon r air filter",
        "plan B please",
        "I live in sector 5 block D",
        "the R15 and the 2L can",
        "my name is Ramesh Patil",
        "I am Amit from Turbhe",
        "order NAS-10234",
        "20W50 or 10W30",
        "play the plane plan again",
        "real or resale value",
        "the owner's son",
        "Zxqvw",
        "क्लच प्लेट",
        "வணக்கம்",
    ],
)
def test_what_is_right_or_unknown_is_left_alone(understand: Preprocessor, now: datetime, text: str) -> None:
    assert mended(understand, text, now) == {}


def test_a_shouted_abbreviation_is_one_still(understand: Preprocessor, now: datetime) -> None:
    assert mended(understand, "WHERE R U", now) == {"R": "are", "U": "you"}


@pytest.mark.parametrize("text", ["mujhe bataao kya karna hai", "gaadi ki seva karao", "bhai jldi bhejna"])
def test_hindi_words_are_not_bent_into_english_ones(understand: Preprocessor, now: datetime, text: str) -> None:
    assert mended(understand, text, now) == {}


def test_slips_in_the_packs_own_examples_are_not_learnt() -> None:
    vocabulary = ["warranty"] * 5 + ["waranty", "delivry", "delivery"]
    mender = Mender(vocabulary, [], frozenset({"warranty", "delivery"}))
    words = mender.mend(tokenise("waranty delivry"), "en")
    assert [word.norm for word in words] == ["warranty", "delivery"]


def test_two_words_as_near_leave_a_typo_as_it_is() -> None:
    mender = Mender(["battery", "buttery"], [], frozenset({"battery", "buttery"}))
    assert mender.mend(tokenise("bttery"), "en")[0].norm == "bttery"


def test_the_more_frequent_of_two_words_wins() -> None:
    mender = Mender(["battery"] * 3 + ["buttery"], [], frozenset({"battery", "buttery"}))
    assert mender.mend(tokenise("bttery"), "en")[0].norm == "battery"


@given(st.text(), st.sampled_from(["en", "hi", "hinglish"]))
def test_every_token_is_kept_whatever_it_is(text: str, language: Language) -> None:
    tokens = tokenise(text)
    words = Mender(["clutch", "plate"], ["Clutch plate"], frozenset()).mend(tokens, language)
    assert [word.token for word in words] == tokens
    assert all(word.norm for word in words)


NAMES = [
    "Clutch plate - Maruti Swift",
    "Shock absorber - Hyundai i10",
    "Front brake pad set - Swift",
    "Rear brake shoe",
]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("clach plate", "clutch plate"),
        ("klatch plate hai kya", "clutch plate hai kya"),
        ("shok absorber", "shock absorber"),
        ("shop absorber", "shop absorber"),
        ("white plate", "white plate"),
        ("frant brake pad", "front brake pad"),
        ("clach", "clach"),
    ],
)
def test_a_slip_beside_a_products_word_is_that_products(said: str, meant: str) -> None:
    mender = Mender(["shop", "shop", "shop"], NAMES, known_words())
    language: Language = "hinglish" if "hai" in said else "en"
    assert " ".join(word.norm for word in mender.mend(tokenise(clean(said).text), language)) == meant


def test_what_a_word_is_taken_for_hangs_on_no_chance() -> None:
    code = (
        "from munshi.bot.spelling import Mender; from munshi.knowledge.normalise import clean;"
        "from munshi.knowledge.tokens import tokenise;"
        "mender = Mender(['dadar', 'aadhaar', 'udhar'], ['Dadar', 'Aadhaar'], frozenset());"
        "print([word.norm for word in mender.mend(tokenise(clean('दार दर धार').text), 'hi')])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "0123"
    }
    assert len(said) == 1
