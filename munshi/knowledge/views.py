"""How each stage of the search sees a passage: as stems, as texts to embed, as texts to compare token by token."""

from __future__ import annotations

from collections.abc import Callable

from munshi.knowledge.base import Passage
from munshi.knowledge.text import is_devanagari, stems

Prepare = Callable[[str], str]
"""Brings a text to the form in which questions are asked (glossed, romanised, typos mended)."""

TITLE_WEIGHT = 2


def as_is(text: str) -> str:
    """The `Prepare` that changes nothing."""
    return text


def alternates(passage: Passage) -> list[str]:
    """Other ways to ask for a passage."""
    return passage.metadata.get("alternates", "").splitlines()


def stem_view(passage: Passage, prepare: Prepare) -> list[str]:
    """The stems a passage is found by: title and headings count double, alternates are in, as written and prepared."""
    found = stems(" ".join((passage.title, *passage.heading))) * TITLE_WEIGHT + stems(passage.text)
    for alternate in alternates(passage):
        found += stems(alternate)
    for text in (passage.title, passage.text, *alternates(passage)):
        if _needs_preparing(passage, text):
            found += sorted(set(stems(prepare(text))) - set(stems(text)))
    return found


def sentence_views(passage: Passage, prepare: Prepare) -> tuple[str, ...]:
    """The texts that are embedded, at least one, the whole passage first and then single ways to ask for it."""
    text = _prepared(passage, passage.text, prepare)
    if passage.kind != "faq":
        return (_under_heading(passage, text),)
    question = _prepared(passage, passage.title, prepare)
    return (f"{question} {text}", question, *(prepare(alternate) for alternate in alternates(passage)))


def token_views(passage: Passage, prepare: Prepare) -> tuple[str, ...]:
    """The texts whose tokens are compared one by one with the question's."""
    text = _prepared(passage, passage.text, prepare)
    if passage.kind != "faq":
        return (_under_heading(passage, text),)
    question = _prepared(passage, passage.title, prepare)
    return (f"{question} {text}", *(prepare(alternate) for alternate in alternates(passage)))


def _under_heading(passage: Passage, text: str) -> str:
    headings = ". ".join(filter(None, (passage.title, *passage.heading)))
    return f"{headings}. {text}" if headings else text


def _prepared(passage: Passage, text: str, prepare: Prepare) -> str:
    return prepare(text) if _needs_preparing(passage, text) else text


def _needs_preparing(passage: Passage, text: str) -> bool:
    """English papers are left as they are; a customer's way of asking never is."""
    return passage.language != "en" or is_devanagari(text) or text in alternates(passage)
