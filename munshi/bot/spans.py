"""What the finders give: a thing found at a place of the clean text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A thing of `kind` in [start, end) of the clean text, `value` in its canonical form."""

    kind: str
    value: str
    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A piece of a message that can be read in several ways; the first of `values` is the one taken.

    `start` and `end` are offsets into the message's own text.
    """

    kind: str
    text: str
    start: int
    end: int
    values: tuple[str, ...]
