"""Whether a sentence says the contrary of what it is held against: a "not" too many or few, or the opposite word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import regex

from munshi.knowledge import lexicon
from munshi.knowledge.text import content_stems, level, stems

_CLAUSE = regex.compile(
    r"[,;:!?।॥\n—–()]+|(?<!\d)\.+(?!\d)|\b(?:but|while|whereas|although|lekin|magar|और|लेकिन)\b", regex.IGNORECASE
)
_NOT = regex.compile(
    r"\b(?:not|no|never|cannot|without|neither|nor|none|nothing|nobody|non|hardly|nahi+n?|nhi|mat|bina|bagair)\b"
    r"|n['’]t\b|(?<![\p{L}\p{M}])(?:नहीं|नही|मत|बिना|बगैर|न)(?![\p{L}\p{M}])",
    regex.IGNORECASE,
)
_NOT_ONLY = regex.compile(
    r"\b(?:not only|no later than|not later than|no more than|not more than|no less than)\b", regex.IGNORECASE
)
_PREFIXES = ("un", "non", "in", "im", "dis", "ir")
_NEAR = 0.12


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence: its words' stems, those that tell something, and whether it denies."""

    stems: frozenset[str]
    telling: frozenset[str]
    denies: bool


@lru_cache(maxsize=4096)
def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a text that tell anything."""
    parts = (part for part in _CLAUSE.split(text) if part and part.strip())
    return tuple(clause for clause in map(_clause, parts) if clause.telling)


def _clause(text: str) -> Clause:
    count = len(_NOT.findall(_NOT_ONLY.sub(" ", level(text))))
    return Clause(frozenset(stems(text)), frozenset(content_stems(text)), count % 2 == 1)


def opposed(sentence: str, passage: str, weights: Mapping[str, float]) -> str:
    """What opposes a clause of the sentence to the clause of the passage that is likest it; empty where nothing does.

    Likest is what shares most of its telling words, by weight. Where clauses are as like, one that agrees is enough.
    """
    ours = clauses(passage)
    for clause in clauses(sentence):
        likeness = [_likeness(clause, own, weights) for own in ours]
        best = max(likeness, default=0.0)
        near = [own for own, like in zip(ours, likeness, strict=True) if like >= best - _NEAR]
        if best and near:
            found = [_contrary(clause, own) for own in near]
            if all(found):
                return found[0]
    return ""


def _likeness(clause: Clause, own: Clause, weights: Mapping[str, float]) -> float:
    total = sum(weights.get(stem, 1.0) for stem in clause.telling)
    shared = sum(weights.get(stem, 1.0) for stem in clause.telling if stem in own.stems or _denied(stem, own.stems))
    return shared / total if total else 0.0


def _denied(stem: str, others: frozenset[str]) -> bool:
    return any(f"{prefix}{stem}" in others for prefix in _PREFIXES) or any(
        stem.removeprefix(prefix) in others for prefix in _PREFIXES if stem.startswith(prefix) and len(stem) > 5
    )


def _contrary(clause: Clause, own: Clause) -> str:
    flips = [stem for stem in clause.telling if stem not in own.stems and _denied(stem, own.stems)]
    denies = clause.denies ^ (len(flips) % 2 == 1)
    if denies != own.denies:
        return "it denies what the passage says" if denies else "it says what the passage denies"
    for stem in clause.stems - own.stems:
        across = _opposites().get(stem, frozenset()) & (own.stems - clause.stems)
        if across:
            return f"it says {stem} where the passage says {min(across)}"
    return ""


@cache
def _opposites() -> Mapping[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for row in lexicon.rows("opposites"):
        sides = [frozenset(stems(" ".join(lexicon.spellings(row[side])))) for side in ("one", "other")]
        for side, across in (sides, sides[::-1]):
            for stem in side:
                table[stem] = table.get(stem, frozenset()) | across
    return table
