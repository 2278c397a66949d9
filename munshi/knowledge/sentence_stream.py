"""Sentences out of a text that comes piece by piece, each with the citations that stand behind it."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from munshi.knowledge.text import sentence_spans

# Citations may follow the full stop; one that is not closed yet may still be on its way.
_MARKS = regex.compile(r"(?:\s*+\[[^\[\]\n]{0,40}+\])*+\s*+")
_NO_START = regex.compile(r"[\[.!?।॥)\]]")
_SMALL = regex.compile(r"\p{Ll}")


class SentenceStream:
    """Takes the pieces and gives the sentences that are over: those behind which another has begun."""

    def __init__(self) -> None:
        self._held = ""

    @property
    def waiting(self) -> int:
        """Characters of the sentence that is not over yet."""
        return len(self._held)

    def feed(self, piece: str) -> Iterator[str]:
        """The sentences that are over with this piece."""
        self._held += piece
        while (end := _first_end(self._held)) is not None:
            sentence, self._held = self._held[:end].strip(), self._held[end:]
            yield sentence

    def finish(self) -> Iterator[str]:
        """What is left when nothing more comes."""
        left, self._held = self._held.strip(), ""
        if left:
            yield left


def _first_end(text: str) -> int | None:
    """Where the first sentence ends, its citations with it; None while that cannot be told.

    "5 p.m. on Sunday" is one: on the same line no sentence begins with a small letter.
    """
    for _, end in sentence_spans(text)[:-1]:
        marks = _MARKS.match(text, end)
        start = marks.end() if marks else end
        begun = start < len(text) and not _NO_START.match(text, start)
        if begun and ("\n" in text[end:start] or not _SMALL.match(text, start)):
            return start
    return None
