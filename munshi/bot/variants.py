"""Romanised Hindi as it comes: a word that is in no list, by the consonants that every spelling of it keeps.

"kb", "ayga", "khridna", "wpas": who types fast leaves out vowels, the h of a breath and the n of the nose, and writes
the vowels that are left as they come. What stays is the word's bones. Of the words with the same bones the one is meant
that is fewest slips away.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from rapidfuzz.distance import Levenshtein

from munshi.bot.hindi import HindiWord, hindi_lexicon
from munshi.knowledge.transliterate import sound_key

SHORTEST = 4
"""Shorter words are abbreviations as often as not (GST, KYC), and have too many neighbours."""

_VOWELS = frozenset("aeiou")
_NASAL = re.compile(r"n(?![aeiouy])")
_FINAL_Y = re.compile(r"(?<=[^aeiou])y$")
_SOFT = re.compile(r"[aeiouyh]")
# What a slip costs. Faint letters are hardly spoken and often left out; a vowel that is not spoken is seldom written.
_FAINT = frozenset("ahny")
_LIGHT, _MIDDLING, _HEAVY = 1, 2, 3
_LONG_WORD = 8


@dataclass(frozen=True, slots=True)
class Variants:
    """The lexicon's words by their bones; of each the `sound_key`, the common words before the rare."""

    by_bones: Mapping[str, tuple[tuple[str, HindiWord], ...]]

    @classmethod
    def of(cls, sounding: Iterable[tuple[str, HindiWord]]) -> Variants:
        """Made from (sound key, word) pairs, the common words first."""
        groups: dict[str, list[tuple[str, HindiWord]]] = defaultdict(list)
        for key, word in sounding:
            groups[bones(key)].append((key, word))
        return cls({bone: tuple(words) for bone, words in groups.items()})

    def find(self, word: str) -> HindiWord | None:
        """The word that this lower-case spelling is likest to, of two as like the commoner. None: all are too far."""
        if len(word) < SHORTEST or not (word.isascii() and word.isalpha()):
            return None
        key = sound_key(_FINAL_Y.sub("i", word))
        near = self.by_bones.get(bones(key), ())
        ranked = sorted((slips_between(key, like), rank) for rank, (like, _) in enumerate(near))
        return near[ranked[0][1]][1] if ranked and ranked[0][0] <= _most_slips(word, bones(key)) else None


def _most_slips(word: str, bone: str) -> int:
    """What a word may differ by: the fewer consonants hold it, the less."""
    if len(bone) < _HEAVY:
        return _LIGHT
    return _MIDDLING if len(word) < _LONG_WORD else _HEAVY


def bones(key: str) -> str:
    """The consonants of a `sound_key`, without breath and nose, behind a mark for a vowel that begins it."""
    first = "a" if key[:1] in _VOWELS else ""
    hard = key.replace("ch", "C").replace("sh", "S")
    return first + re.sub(r"(.)\1+", r"\1", _SOFT.sub("", _NASAL.sub("", hard)))


def slips_between(typed: str, meant: str) -> int:
    """What the slips cost that make the sound key `meant` into `typed`."""
    slips = Levenshtein.editops(typed, meant)
    return sum(_cost(slip.tag, typed[slip.src_pos : slip.src_pos + 1], meant, slip.dest_pos) for slip in slips)


def _cost(kind: str, typed: str, meant: str, at: int) -> int:
    """Of one slip: the letter that was typed, if any, and where in what was meant it stands."""
    if kind == "replace":
        return _MIDDLING if {typed, meant[at]} <= _VOWELS else _HEAVY
    if kind == "insert":
        return _LIGHT if meant[at] in _FAINT and 0 < at < len(meant) - 1 else _MIDDLING
    return _LIGHT if typed not in _VOWELS else _MIDDLING if typed == "a" else _HEAVY


@cache
def hindi_variants() -> Variants:
    """Those of the lexicon, leaving out what English has as well."""
    return Variants.of(hindi_lexicon().sounding.items())
