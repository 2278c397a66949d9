from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from munshi.bot.business import demo_names, load_business
from munshi.bot.codes import FormatError
from munshi.bot.preprocess import Preprocessor, Utterance
from munshi.knowledge.normalise import MAX_CHARS

PIECES = st.sampled_from(
    [
        "kal", "aaj", "₹5,000", "Rs. 2000/-", "५ लाख", "paanch hazaar", "do dozen", "NAS-10234", "nas 10 234", "sadhe",
        "clutch plate", "क्लच", "swift", "9876543210", "+91 98765 43210", "400703", "2341 2341 2346", "amv00012345",
        "4111111111111111", "ravi@okaxis", "r@example.com", "05/11/2026", "5 nov", "next monday", "20%", "x2", "½",
        "\u200b", "\u202e", "👨\u200d👩\u200d👧", "ﷺ", "1\ufe0f\u20e3", "\n", "\t", "-", "/", "??", "pleaaase",
        "ＦＵＬＬ", "\ud800", "क्\u200dष", "é", "e\u0301",
    ]
)  # fmt: skip
MESSAGES = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=())),
    st.lists(st.one_of(PIECES, st.text(max_size=3))).map(" ".join),
)


def kinds(heard: Utterance) -> list[tuple[str, str, str]]:
    return [(entity.kind, entity.value, entity.text) for entity in heard.entities]


def test_a_whole_message(understand: Preprocessor, now: datetime) -> None:
    heard = understand("  bhai NAS 10234 kal tak aayega kya?\u200b mera no. 98765 43210 ", now=now)
    assert heard.text == "bhai NAS 10234 kal tak aayega kya? mera no. 98765 43210"
    assert heard.language == "hinglish"
    assert heard.script == "latin"
    assert kinds(heard) == [
        ("order_number", "NAS-10234", "NAS 10234"),
        ("date", "2026-11-22", "kal"),
        ("phone", "+919876543210", "98765 43210"),
    ]
    assert [span.kind for span in heard.pii] == ["phone"]
    assert heard.ambiguities == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 clutch plate swift ke ₹3,000 me de do", ["quantity", "product", "amount"]),
        ("order NAS-10234 dated 05/11/2026 for Rs 450", ["order_number", "date", "amount"]),
        ("deliver 4 pcs to 400703 by next monday", ["quantity", "pin_code", "date"]),
        ("18% gst on 2 lakh?", ["percent", "amount"]),
        ("mail bill to r@example.com", ["email"]),
        ("खाता AMV00012345 से ५००० रुपये भेजो", ["account", "amount"]),
        ("mera order aur 9876543210", ["phone"]),
    ],
)
def test_kinds_side_by_side(understand: Preprocessor, now: datetime, text: str, expected: list[str]) -> None:
    assert [entity.kind for entity in understand(text, now=now).entities] == expected


def test_nothing_is_read_into_private_numbers(understand: Preprocessor, now: datetime) -> None:
    heard = understand("card 3782 822463 10005 aadhaar 2341 2341 2346 otp 482913", now=now)
    assert heard.entities == ()
    assert [span.kind for span in heard.pii] == ["card", "aadhaar", "secret"]


def test_an_account_number_of_the_packs_format_is_private(understand: Preprocessor, now: datetime) -> None:
    heard = understand("account amv 00012345", now=now)
    assert kinds(heard) == [("account", "AMV00012345", "amv 00012345")]
    assert [span.kind for span in heard.pii] == ["account"]


def test_days_are_those_of_the_business(understand: Preprocessor) -> None:
    late = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)  # past midnight in Kolkata
    assert kinds(understand("aaj", now=late)) == [("date", "2026-11-22", "aaj")]


def test_a_chat_keeps_its_language(understand: Preprocessor, now: datetime) -> None:
    assert understand("ok", now=now, previous="hinglish").language == "hinglish"
    assert understand("what is the price", now=now, previous="hinglish").language == "en"
    assert understand("main branch", now=now, previous="hinglish").canonical == "main branch"


def test_the_words_as_typed_stay_in_the_text(understand: Preprocessor, now: datetime) -> None:
    heard = understand("my name is Gud Kb Ｐatil", now=now)
    assert heard.text == "my name is Gud Kb Patil"


@pytest.mark.parametrize("text", ["ji", "bhai", "ka", "जी"])
def test_a_message_that_english_has_no_word_for_stays(understand: Preprocessor, text: str) -> None:
    assert understand.canonical(text) == text


def test_the_cheap_way_gives_the_same_canonical_form(understand: Preprocessor, now: datetime) -> None:
    for text in ("mera ordr kb ayga", "clucth plat price", "क्लच प्लेट कितने की है"):
        assert understand.canonical(text) == understand(text, now=now).canonical


def test_utterances_cannot_be_changed(understand: Preprocessor, now: datetime) -> None:
    heard = understand("hello", now=now)
    with pytest.raises(dataclasses.FrozenInstanceError):
        heard.text = "bye"  # type: ignore[misc]


@given(MESSAGES)
@example("ﬃ" * 5000)
@example("रुपये५०००" * 600)
@example("1" * 5000)
@example("," * 5000)
@example("\u0301" * 5000)
@example("कल " * 1500)
@example("<script>alert(1)</script>'; DROP TABLE orders; --")
def test_any_message_is_understood_and_every_place_is_right(understand: Preprocessor, now: datetime, raw: str) -> None:
    heard = understand(raw, now=now)
    assert heard.raw == raw
    for entity in heard.entities:
        assert raw[entity.start : entity.end] == entity.text != ""
    for doubt in heard.ambiguities:
        assert raw[doubt.start : doubt.end] == doubt.text
        assert len(doubt.values) > 1
    for fix in heard.corrections:
        assert raw[fix.start : fix.end] == fix.text
    for span in heard.pii:
        assert 0 <= span.start < span.end <= len(raw)


@given(MESSAGES)
def test_entities_lie_apart_but_for_products_in_doubt(understand: Preprocessor, now: datetime, raw: str) -> None:
    places = sorted({(entity.start, entity.end) for entity in understand(raw, now=now).entities})
    assert all(one[1] <= other[0] for one, other in pairwise(places))


@given(MESSAGES)
def test_a_normal_form_is_its_own(understand: Preprocessor, now: datetime, raw: str) -> None:
    once = understand(raw, now=now)
    twice = understand(once.text, now=now)
    assert (twice.text, twice.canonical, twice.language) == (once.text, once.canonical, once.language)
    assert [entity.value for entity in twice.entities] == [entity.value for entity in once.entities]


@pytest.mark.parametrize("unit", ["a", "1 ", "kal ", "5 lakh ", "clutch plate ", "@a.", "नमस्ते ", "👍", "aaab", "-1"])
def test_a_huge_message_is_read_in_part_but_its_private_numbers_are_all_found(
    understand: Preprocessor, now: datetime, unit: str
) -> None:
    heard = understand(unit * (100_000 // len(unit)) + " x; 4111 1111 1111 1111", now=now)
    assert len(heard.text) <= MAX_CHARS
    assert "card" in {span.kind for span in heard.pii}
    assert all(entity.end <= MAX_CHARS for entity in heard.entities)


def test_without_anything_known_it_still_reads() -> None:
    bare = Preprocessor(timezone=ZoneInfo("Asia/Kolkata"))
    heard = bare("mera ordr kab aayega, ₹500", now=datetime(2026, 11, 21, tzinfo=UTC))
    assert heard.language == "hinglish"
    assert [entity.value for entity in heard.entities] == ["500"]


def test_a_bad_format_is_told_at_once() -> None:
    with pytest.raises(FormatError, match="account"):
        Preprocessor(formats={"account": "["}, timezone=ZoneInfo("Asia/Kolkata"))


@pytest.mark.parametrize("name", demo_names())
def test_the_demo_shops_customers_are_heard_in_their_language(
    name: str, understand: Preprocessor, now: datetime
) -> None:
    conversations = load_business(name).conversations
    assert conversations is not None
    turns = [turn for each in _load(conversations) for turn in each["turns"]]
    told = [turn for turn in turns if turn.get("expect", {}).get("language")]
    for turn in told:
        heard = understand(str(turn["say"]), now=now)
        assert heard.language == turn["expect"]["language"], turn["say"]


def _load(path: Path) -> list[dict[str, list[dict[str, dict[str, str]]]]]:
    loaded: list[dict[str, list[dict[str, dict[str, str]]]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("name", demo_names())
def test_no_english_word_is_left_broken_in_the_demo_shops_examples(name: str, understand: Preprocessor) -> None:
    for intent in load_business(name).intents:
        for text in intent.examples:
            assert re.search(r"[\u0900-\u097f]", understand.canonical(text)) is None, text


def test_a_text_is_mended_in_its_own_words(understand: Preprocessor) -> None:
    assert understand.mended("swfit ki clucth plate hai kya?") == "swift ki clutch plate hai kya?"
    assert understand.mended("स्विफ्ट की clucth plate 🙏") == "स्विफ्ट की clutch plate 🙏"
    assert understand.mended("") == ""


@given(st.text())
def test_any_text_can_be_mended(understand: Preprocessor, text: str) -> None:
    understand.mended(text)  # raises nothing
