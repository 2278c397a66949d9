from __future__ import annotations

from typing import Any, get_args

import pytest
import regex
import yaml
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.wording import (
    WHATSAPP_BUTTONS,
    WHATSAPP_DESCRIPTION,
    WHATSAPP_INTERACTIVE_TEXT,
    WHATSAPP_LABEL,
    WHATSAPP_ROW,
    WHATSAPP_ROWS,
    WHATSAPP_TEXT,
    Phrasebook,
    PhraseError,
    places,
    plain,
    render,
)
from munshi.handlers.base import Button, Language, Reply

BOOK = Phrasebook()
LANGUAGES = get_args(Language)


@pytest.mark.parametrize("key", sorted(BOOK.keys))
def test_every_sentence_is_there_in_every_language_with_the_same_places(key: str) -> None:
    sentences = BOOK.all(key)
    assert set(sentences) == set(LANGUAGES)
    assert all(sentence.strip() for sentence in sentences.values())
    assert {places(sentence) for sentence in sentences.values()} == {places(sentences["en"])}


@pytest.mark.parametrize("key", sorted(key for key in BOOK.keys if key.endswith("_button")))
def test_a_button_fits_where_whatsapp_shows_it(key: str) -> None:
    assert all(len(label) <= WHATSAPP_LABEL for label in BOOK.all(key).values())


@pytest.mark.parametrize("key", sorted(BOOK.keys))
def test_hindi_is_in_devanagari_and_hinglish_is_not(key: str) -> None:
    said = {language: regex.sub(r"\{\w+\}|[^\p{L}]", "", sentence) for language, sentence in BOOK.all(key).items()}
    assert not regex.search(r"\p{Devanagari}", said["en"] + said["hinglish"])
    assert not said["hi"] or regex.search(r"\p{Devanagari}", said["hi"])


def test_a_language_that_is_lacking_falls_back_to_english() -> None:
    assert BOOK("thanks", "ta") == BOOK("thanks", "en")


def test_an_unknown_sentence_is_an_error() -> None:
    for ask in (lambda: BOOK("no_such_key", "en"), lambda: BOOK.all("no_such_key")):
        with pytest.raises(KeyError):
            ask()


def test_what_is_filled_in_is_never_read_as_a_place() -> None:
    told = BOOK("order_not_found", "en", number="{business} {0} %s {{x}}")
    assert "{business} {0} %s {{x}}" in told


def test_a_pack_words_it_differently() -> None:
    book = Phrasebook({"hi": {"greeting": "राम राम! {business} में स्वागत है।"}})
    assert book("greeting", "hi", business="दुकान") == "राम राम! दुकान में स्वागत है।"
    assert book("greeting", "en", business="X") == BOOK("greeting", "en", business="X")
    assert book.all("greeting")["hi"].startswith("राम राम")


@pytest.mark.parametrize(
    ("overrides", "fault"),
    [
        ({"en": {"greetings": "Hi"}}, ("en", "greetings", "no such sentence")),
        ({"en": {"greeting": "Hi"}}, ("en", "greeting", "{business} is missing")),
        ({"en": {"thanks": "Thanks {name}"}}, ("en", "thanks", "nothing to fill {name}")),
        ({"hi": {"order_not_found": "नहीं {nummer}"}}, ("hi", "order_not_found", "{nummer}")),
        ({"en": {"greeting": "Hi {business"}}, ("en", "greeting", "braces")),
        ({"en": {"greeting": "Hi {business.__class__}"}}, ("en", "greeting", "braces")),
        ({"en": {"greeting": "Hi {business[0]}"}}, ("en", "greeting", "braces")),
        ({"en": {"greeting": "Hi {business!r:>99999999}"}}, ("en", "greeting", "braces")),
        ({"en": {"greeting": "Hi {}"}}, ("en", "greeting", "braces")),
        ({"ta": {"greeting": "Vanakkam {business}"}}, ("ta", "", "no language")),
    ],
)
def test_a_pack_that_words_it_wrongly_is_told(overrides: Any, fault: tuple[str, str, str]) -> None:
    with pytest.raises(PhraseError) as raised:
        Phrasebook(overrides)
    ((language, key, what),) = raised.value.faults
    assert (language, key) == fault[:2]
    assert fault[2] in what
    assert "\n" not in str(raised.value)


def test_every_fault_of_a_pack_is_told_at_once() -> None:
    with pytest.raises(PhraseError) as raised:
        Phrasebook({"en": {"a": "x", "thanks": "fine", "b": "y"}, "hi": {"c": "z"}})
    assert [fault[1] for fault in raised.value.faults] == ["a", "b", "c"]


def test_the_files_hold_texts_alone() -> None:
    for language in LANGUAGES:
        assert all(isinstance(BOOK.all(key)[language], str) for key in BOOK.keys)
    assert yaml.safe_load("yes_button: Yes") == {"yes_button": True}  # why such a label stands in quotes


# -- what a channel can show -------------------------------------------------------------------------------------------


@given(st.text())
def test_plain_text_gives_a_terminal_no_orders(text: str) -> None:
    shown = plain(text)
    assert not any(char != "\n" and regex.match(r"\p{Cc}", char) for char in shown)
    assert plain(shown) == shown


def test_plain_text_keeps_every_script_and_emoji() -> None:
    text = "₹1,250 नमस्ते\n- שלום 👨‍👩‍👧 *_[x](y)"
    assert plain(text) == text
    assert plain("\x1b[31mred\x1b[0m\u202egnp.exe\r\n\tx") == "[31mred[0mgnp.exe\n x"


@pytest.mark.parametrize("channel", ["chat", "terminal", "test", ""])
def test_a_reply_is_shown_whole(channel: str) -> None:
    reply = Reply("text " * 3000, tuple(Button(f"A rather long label, number {n}") for n in range(20)))
    shown = render(reply, channel)
    assert shown.texts == (reply.text,)
    assert [button.value for button in shown.buttons] == [button.label for button in reply.buttons]


def test_three_short_buttons_are_buttons_on_whatsapp() -> None:
    shown = render(Reply("Shall I?", (Button("Yes"), Button("No", "no thanks"))), "whatsapp")
    assert (shown.layout, shown.texts) == ("buttons", ("Shall I?",))
    assert [(button.label, button.value) for button in shown.buttons] == [("Yes", "Yes"), ("No", "no thanks")]


@pytest.mark.parametrize(
    "labels",
    [
        ["1", "2", "3", "4"],
        ["Front brake pad set - Maruti Swift"],
        ["Front brake pad set - Maruti Swift"] * 2,
        ["x"] * 30,
    ],
)
def test_more_or_longer_ones_are_a_list(labels: list[str]) -> None:
    shown = render(Reply("Which?", tuple(Button(label) for label in labels)), "whatsapp")
    assert shown.layout == "list"
    assert len(shown.buttons) == min(len(labels), WHATSAPP_ROWS)
    assert [button.value for button in shown.buttons] == labels[:WHATSAPP_ROWS]


@given(
    text=st.text(alphabet=st.sampled_from("ab. \n।"), min_size=1, max_size=12_000),
    labels=st.lists(st.text(min_size=1, max_size=90), max_size=15),
)
def test_whatsapp_gets_no_more_than_it_takes_and_loses_no_word(text: str, labels: list[str]) -> None:
    shown = render(Reply(text, tuple(Button(label) for label in labels)), "whatsapp")
    assert "".join("".join(shown.texts).split()) == "".join(text.split())
    assert all(len(piece) <= WHATSAPP_TEXT for piece in shown.texts)
    assert not shown.buttons or len(shown.texts[-1]) <= WHATSAPP_INTERACTIVE_TEXT
    limit = WHATSAPP_LABEL if shown.layout == "buttons" else WHATSAPP_ROW
    assert len(shown.buttons) <= (WHATSAPP_BUTTONS if shown.layout == "buttons" else WHATSAPP_ROWS)
    assert all(len(b.label) <= limit and len(b.description) <= WHATSAPP_DESCRIPTION for b in shown.buttons)
    assert len({button.label for button in shown.buttons}) == len(shown.buttons)
