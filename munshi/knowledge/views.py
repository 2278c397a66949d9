"""How each stage of the search sees a passage: as stems, as texts to embed, as texts to compare token by token."""

from __future__ import annotations

from collections.abc import Callable

from munshi.knowledge.base import Passage
from munshi.knowledge.codes import code_terms
from munshi.knowledge.text import is_devanagari, sentence_spans, stems

Prepare = Callable[[str], str]
"""Brings a text to the form in which questions are asked (glossed, romanised, typos mended)."""

PART_WORDS = 12
"""Words that a part of a passage has at least; 1, 12 and 20 do alike on XQuAD, 30 worse."""


def as_is(text: str) -> str:
    """The `Prepare` that changes nothing."""
    return text


def alternates(passage: Passage) -> list[str]:
    """Other ways to ask for a passage."""
    return passage.metadata.get("alternates", "").splitlines()


def stem_view(passage: Passage, prepare: Prepare, *, title: int = 2, heading: int = 2) -> list[str]:
    """The stems a passage is found by, its alternates as written and prepared among them.

    Those of the title count as `title` of the text's, those of the headings as `heading`. Codes are in as the atoms
    they are made of too.
    """
    found = terms(passage.title) * title + terms(" ".join(passage.heading)) * heading + terms(passage.text)
    for alternate in alternates(passage):
        found += terms(alternate)
    for text in (passage.title, passage.text, *alternates(passage)):
        if _needs_preparing(passage, text):
            found += sorted(set(stems(prepare(text))) - set(stems(text)))
    return found


def terms(text: str) -> list[str]:
    """What a text is indexed and asked for by: its stems, and its codes and phone numbers in one spelling."""
    return stems(text) + code_terms(text)


def sentence_views(passage: Passage, prepare: Prepare) -> tuple[str, ...]:
    """The texts that are embedded, at least one: the whole passage, then single ways to ask for it, or its parts.

    One vector of a long paragraph says what it is about and blurs what single sentences say. With its parts beside it
    the dense arm's nDCG@10 on XQuAD's even articles is 0.964 against 0.943, the fused order's 0.981 against 0.978.
    """
    text = _prepared(passage, passage.text, prepare)
    if passage.kind != "faq":
        return (_under_heading(passage, text), *(_under_heading(passage, part) for part in _parts(text)))
    question = _prepared(passage, passage.title, prepare)
    return (f"{question} {text}", question, *(prepare(alternate) for alternate in alternates(passage)))


def token_views(passage: Passage, prepare: Prepare) -> tuple[str, ...]:
    """The texts whose tokens are compared one by one with the question's."""
    text = _prepared(passage, passage.text, prepare)
    if passage.kind != "faq":
        return (_under_heading(passage, text),)
    question = _prepared(passage, passage.title, prepare)
    return (f"{question} {text}", *(prepare(alternate) for alternate in alternates(passage)))


def _parts(text: str) -> list[str]:
    """The sentences of a text of several, those of few words together with what follows them; none of a short text."""
    parts: list[list[str]] = [[]]
    for start, end in sentence_spans(text):
        if _is_part(parts[-1]):
            parts.append([])
        parts[-1].append(text[start:end])
    if len(parts) > 1 and not _is_part(parts[-1]):
        parts[-2:] = [parts[-2] + parts[-1]]
    return [" ".join(part) for part in parts] if len(parts) > 1 else []


def _is_part(sentences: list[str]) -> bool:
    return len(" ".join(sentences).split()) >= PART_WORDS


def _under_heading(passage: Passage, text: str) -> str:
    headings = ". ".join(filter(None, (passage.title, *passage.heading)))
    return f"{headings}. {text}" if headings else text


def _prepared(passage: Passage, text: str, prepare: Prepare) -> str:
    return prepare(text) if _needs_preparing(passage, text) else text


def _needs_preparing(passage: Passage, text: str) -> bool:
    """English papers are left as they are; a customer's way of asking never is."""
    return passage.language != "en" or is_devanagari(text) or text in alternates(passage)
