"""The words of a text in any script, and the text without some of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import regex

# Letters with their marks (Hindi's vowel signs are marks) and joiners; what holds a number, a code or a name together
# within (2.5, NAS-20433, don't) does not part it. A sign that is no word, an emoji say, stands for itself.
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}\p{Join_Control}]+(?:['’._/@-][\p{L}\p{M}\p{N}]+)*|[^\s\p{P}\p{C}]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it first stands in a text, with the place (start, end) of each time it is said, in whatever case."""

    text: str
    places: tuple[tuple[int, int], ...]


def words_of(text: str) -> tuple[Word, ...]:
    """The different words of a text, in the order they are first said."""
    said: dict[str, list[regex.Match[str]]] = {}
    for match in _WORD.finditer(text):
        said.setdefault(match.group().casefold(), []).append(match)
    return tuple(Word(found[0].group(), tuple(match.span() for match in found)) for found in said.values())


def without(text: str, words: Collection[Word]) -> str:
    """The text with every place of these words cut out, and spaces in order."""
    kept = text
    for start, end in sorted((place for word in words for place in word.places), reverse=True):
        kept = f"{kept[:start]} {kept[end:]}"
    return " ".join(kept.split())
