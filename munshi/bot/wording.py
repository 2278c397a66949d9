"""The bot's own sentences, and what a channel can show of a reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from string import Formatter
from typing import Literal, get_args

import regex

from munshi.bot.own_yaml import read_own
from munshi.handlers.base import Button, Language, Reply

DEFAULT_LANGUAGE = "en"

Sentences = Mapping[str, str]
Layout = Literal["buttons", "list"]

WHATSAPP_TEXT = 4096
WHATSAPP_INTERACTIVE_TEXT = 1024
WHATSAPP_BUTTONS = 3
WHATSAPP_LABEL = 20
WHATSAPP_ROWS = 10
WHATSAPP_ROW = 24
WHATSAPP_DESCRIPTION = 72

_CONTROLS = regex.compile(r"[\p{Cc}--[\n]]|[\u202A-\u202E\u2066-\u2069]", regex.VERSION1)
_BREAKS = ("\n\n", "\n", ". ", "। ", " ")


class PhraseError(Exception):
    """Sentences of a pack that cannot be used. `faults` holds (language, key, what is wrong), the message all of it."""

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"phrases/{language}.yaml: {key}: {what}" for language, key, what in faults))


class Phrasebook:
    """`handlers.base.Phrases` from the files beside this one, with what a pack words differently.

    The files are read when the first sentence is asked for. `overrides` holds sentences by language and key; raises
    PhraseError, with every fault, where one cannot be used.
    """

    def __init__(self, overrides: Mapping[str, Sentences] | None = None) -> None:
        self._overrides = overrides or {}
        if self._overrides and (faults := list(self._faults())):
            raise PhraseError(faults)

    def __call__(self, key: str, language: str, **values: object) -> str:
        """The sentence `key` in `language` (English where it lacks one), filled in; KeyError on an unknown key."""
        sentences = self.all(key)
        return sentences.get(language, sentences[DEFAULT_LANGUAGE]).format(**values).strip()

    def all(self, key: str) -> Mapping[str, str]:
        """The sentence in every language, unfilled; KeyError on an unknown key."""
        found = {language: book[key] for language, book in self._books.items() if key in book}
        return found or {DEFAULT_LANGUAGE: self._books[DEFAULT_LANGUAGE][key]}

    @property
    def keys(self) -> frozenset[str]:
        """Every sentence there is."""
        return frozenset(self._own[DEFAULT_LANGUAGE])

    @cached_property
    def _own(self) -> Mapping[str, Sentences]:
        folder = files("munshi.bot") / "phrases"
        return {language: read_own(folder / f"{language}.yaml") for language in get_args(Language)}

    @cached_property
    def _books(self) -> Mapping[str, Sentences]:
        return {language: {**book, **self._overrides.get(language, {})} for language, book in self._own.items()}

    def _faults(self) -> Iterator[tuple[str, str, str]]:
        known = ", ".join(self._own)
        for language, sentences in self._overrides.items():
            if language not in self._own:
                yield language, "", f"there is no language '{language}'; use one of {known}"
                continue
            for key, sentence in sentences.items():
                what = self._fault(key, sentence)
                if what:
                    yield language, key, what

    def _fault(self, key: str, sentence: str) -> str:
        if key not in self.keys:
            return "there is no such sentence; Munshi's own phrases/en.yaml lists them all"
        wanted = places(self._own[DEFAULT_LANGUAGE][key])
        try:
            found = places(sentence)
        except ValueError as error:
            return f"its braces cannot be read ({error}); write {{name}} for a place, {{{{ for a brace"
        if found - wanted:
            return f"there is nothing to fill {_braced(found - wanted)} with; it may hold {_braced(wanted) or 'none'}"
        if wanted - found:
            return f"{_braced(wanted - found)} is missing; put it where it belongs"
        return ""


def places(sentence: str) -> frozenset[str]:
    """The names in braces that a sentence has filled in. Raises ValueError where they are not plain names."""
    found = set()
    for _, name, spec, conversion in Formatter().parse(sentence):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"'{{{name}}}' is not a plain name")
        found.add(name)
    return frozenset(found)


def _braced(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))


@dataclass(frozen=True, slots=True)
class ShownButton:
    """A button as its channel takes it. `label` is unique among its neighbours; `description` holds what it cut off."""

    label: str
    value: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A reply as its channel takes it: plain texts in their order, the last of which carries the buttons."""

    texts: tuple[str, ...]
    buttons: tuple[ShownButton, ...] = ()
    layout: Layout = "buttons"


def render(reply: Reply, channel: str) -> Rendered:
    """What `channel` can show of a reply.

    A reply's text is plain and no channel may read it as markup (the chat window writes every mark literally), so
    nothing that a customer or a document wrote becomes a link, an image or a command to a terminal.
    """
    if channel == "whatsapp":
        return _for_whatsapp(reply)
    shown = tuple(ShownButton(button.label, _value(button)) for button in reply.buttons)
    return Rendered((plain(reply.text),), shown)


def plain(text: str) -> str:
    """A text without control characters (a terminal would obey them) and without marks that turn its direction."""
    shown: str = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    return shown


def _value(button: Button) -> str:
    return button.value or button.label


def _for_whatsapp(reply: Reply) -> Rendered:
    """Up to three short buttons, else a list; a text too long for one message in several.

    The limits are those of the WhatsApp Cloud API: reply buttons and list messages.
    """
    buttons = reply.buttons[:WHATSAPP_ROWS]
    as_list = len(buttons) > WHATSAPP_BUTTONS or any(len(button.label) > WHATSAPP_LABEL for button in buttons)
    layout: Layout = "list" if as_list else "buttons"
    last = WHATSAPP_INTERACTIVE_TEXT if buttons else WHATSAPP_TEXT
    texts = tuple(pieces(plain(reply.text).strip(), last))
    return Rendered(texts, tuple(_shortened(buttons, WHATSAPP_ROW if as_list else WHATSAPP_LABEL)), layout)


def _shortened(buttons: tuple[Button, ...], limit: int) -> Iterator[ShownButton]:
    taken: set[str] = set()
    for button in buttons:
        label = _cut(button.label, limit)
        number = 2
        while label in taken:
            label = f"{_cut(button.label, limit - 3)} {number}"
            number += 1
        taken.add(label)
        description = "" if label == button.label else _cut(button.label, WHATSAPP_DESCRIPTION)
        yield ShownButton(label, _value(button), description)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def pieces(text: str, last: int, *, most: int = WHATSAPP_TEXT) -> Iterator[str]:
    """A text in pieces of `most` characters, cut where it hurts least; the last piece has `last` at most."""
    while len(text) > last:
        end = _break(text, min(most, len(text) - 1))
        piece, text = text[:end].strip(), text[end:].strip()
        if piece:
            yield piece
    yield text


def _break(text: str, limit: int) -> int:
    """Where to cut: at the last paragraph, line, sentence or word that ends in the second half of the limit."""
    ends = (text.rfind(mark, limit // 2, limit) + len(mark) for mark in _BREAKS if mark in text[limit // 2 : limit])
    return next(ends, limit)
