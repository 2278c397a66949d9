"""Where the words of a question stand in a passage, in whatever form: "delivering" and "delivery" are one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import regex

from munshi.knowledge.base import Passage
from munshi.knowledge.codes import plain_stems
from munshi.knowledge.search_trace import SearchTrace
from munshi.knowledge.text import function_stems, level, stem_words, stems

Match = Literal["asked", "meant", ""]

_LONG = 8
"""Letters of the shortest stem that a last "y" is taken off: "polici" is not "polic"."""

# A word of any script with its vowel signs, a number with its commas, a code with its strokes.
_PIECE = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+(?:[-/,.](?=\p{N})[\p{L}\p{M}\p{N}]++)*+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The stems that are looked for: those of the customer's own words, and those that the search added to them.

    Words that differ by a last "y" ("delivering", "delivery") have different stems. Whoever reads takes them for one,
    so that they are marked as if the search had added them.
    """

    asked: frozenset[str]
    meant: frozenset[str]

    @classmethod
    def of(cls, trace: SearchTrace) -> Wanted:
        """What a search looked for. Its words in the papers' form and its synonyms count as added."""
        asked = frozenset(stems(trace.query)) - function_stems()
        added = {*plain_stems(trace.prepared), *(stem for term in trace.expansions for stem in stems(term))}
        return cls(asked, (frozenset(added) | _roots(asked)) - function_stems() - asked)

    def marked(self, text: str) -> Iterator[tuple[str, Match]]:
        """The text in pieces, together the whole of it, each with how it matches: not at all where that is empty."""
        end = 0
        found = list(_PIECE.finditer(text))
        cut = iter(stem_words([level(piece.group()) for piece in found]))
        for piece in found:
            match = self._match(next(cut), piece.group())
            if match:
                if piece.start() > end:
                    yield text[end : piece.start()], ""
                yield piece.group(), match
                end = piece.end()
        if end < len(text):
            yield text[end:], ""

    def within(self, passage: Passage) -> bool:
        """Whether the passage or its headings hold any of the words."""
        said = "\n".join((passage.title, *passage.heading, passage.text))
        return any(match for _, match in self.marked(said))

    def _match(self, stem: str, piece: str) -> Match:
        parts = frozenset({stem}) if piece.isalpha() else frozenset({stem, *stems(piece)})
        if parts & self.asked:
            return "asked"
        return "meant" if (parts | _roots(parts)) & (self.meant | self.asked) else ""


def _roots(found: frozenset[str]) -> frozenset[str]:
    """What is left of long stems without the "i" that Snowball makes of a last "y"."""
    long = [stem[:-1] for stem in found if len(stem) >= _LONG and stem.isascii() and stem.endswith("i")]
    return frozenset(stem_words(long)) if long else frozenset()
