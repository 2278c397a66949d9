"""Exact things: the passage that holds the very code or number asked for goes before all that merely come close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Passage
from munshi.knowledge.codes import Atom, labels, sequence, sums_of_money
from munshi.knowledge.index import Index
from munshi.knowledge.search_cache import LruCache
from munshi.knowledge.views import alternates

LIFT = 2.0
"""What a named thing that stands there in full is worth: more than any score without it, which is below 1.5."""

NEAR, MENTIONED = 0.3, 0.15
"""What any number is worth with the word before it ("balance 3000"), and without: customers name sums and years of
their own, which need not be what they ask about."""

_SAME = {"sec": "section", "धारा": "section", "दफा": "section", "dhara": "section", "pincod": "pin", "no": "number"}
_LONG_NUMBER = 5
_MOST_PASSAGES = 400
_MOST_THINGS = 6
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Thing:
    """A code, or a number with the words around it: `atoms[first:last]` must stand in a passage.

    `named` says that it names something by itself: a code of letters and digits, a long number that is no sum of money.
    """

    atoms: tuple[Atom, ...]
    first: int
    last: int
    named: bool

    @property
    def labelled(self) -> bool:
        """Whether a word beside it makes a name of it."""
        beside = self.atoms[max(0, self.first - 1) : self.first] + self.atoms[self.last : self.last + 1]
        return any(atom.text in labels() for atom in beside)

    def worth(self, match: _Match) -> float:
        """What standing there is worth, if nowhere more of it stands."""
        if self.named or match.coded or (self.labelled and match.words):
            return LIFT
        return NEAR if match.before else MENTIONED

    def __str__(self) -> str:
        return " ".join(atom.text for atom in self.atoms[self.first : self.last])


@dataclass(frozen=True, slots=True)
class _Match:
    """Where a thing stands in a passage: how many words before and behind it stand there too, and if it ends there.

    A `whole` match is no part of a longer code: BR-204 stands in BR-204-F, but not whole. One that is `coded` is all of
    a code, however the question has it: "br 204 f".
    """

    before: int
    behind: int
    whole: bool
    coded: bool

    @property
    def words(self) -> int:
        """How many of the words around it stand there too."""
        return self.before + self.behind


class ExactMatcher:
    """Finds the passages of an index that hold what a question names exactly. Safe for several threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._sequences: LruCache[tuple[Atom, ...]] = LruCache(_REMEMBERED)

    def lifts(self, question: str) -> dict[int, float]:
        """What each passage that holds one of the question's things is given, by position."""
        total: defaultdict[int, float] = defaultdict(float)
        for thing in things(question):
            for position, lift in self._lift(thing).items():
                total[position] += lift
        return dict(total)

    def _lift(self, thing: Thing) -> Mapping[int, float]:
        matches = {
            position: best
            for position in self._holders(thing)
            if (best := _best(thing, self._sequence(position))) is not None
        }
        fullest = max(map(_fullness, matches.values()), default=None)
        return {
            position: thing.worth(match) * (1.0 if _fullness(match) == fullest else 0.5)
            for position, match in matches.items()
        }

    def _holders(self, thing: Thing) -> Sequence[int]:
        """The passages with all the thing's atoms; of a common number those with its neighbours too."""
        held = self._with([atom.text for atom in thing.atoms[thing.first : thing.last]])
        for near in (thing.first - 1, thing.last):
            if len(held) > _MOST_PASSAGES and 0 <= near < len(thing.atoms):
                fewer = np.intersect1d(held, self._with([thing.atoms[near].text]))
                held = fewer if len(fewer) else held
        return [int(position) for position in held] if len(held) <= _MOST_PASSAGES else ()

    def _with(self, atoms: Sequence[str]) -> NDArray[np.int32]:
        held = self._index.lexical.holders(atoms[0])
        for atom in atoms[1:]:
            held = np.intersect1d(held, self._index.lexical.holders(atom))
        return held

    def _sequence(self, position: int) -> tuple[Atom, ...]:
        known = self._sequences.get(position)
        if known is None:
            passage = self._index.passages[position]
            known = _atoms_of(passage)
            self._sequences.put(position, known)
        return known


def things(question: str) -> list[Thing]:
    """What a question names exactly, in its order: its codes, and its numbers with their neighbours."""
    atoms = tuple(sequence(question))
    money = sums_of_money(question)
    found = [
        Thing(atoms, first, last, last - first > 1 or (_is_long(atoms[first]) and atoms[first].text not in money))
        for first, last in _codes(atoms)
    ]
    return found[:_MOST_THINGS]


def _is_long(atom: Atom) -> bool:
    return len(atom.text) >= _LONG_NUMBER and atom.text.isdigit()


def _atoms_of(passage: Passage) -> tuple[Atom, ...]:
    return tuple(sequence("\n".join((passage.title, *passage.heading, passage.text, *alternates(passage)))))


def _codes(atoms: Sequence[Atom]) -> Iterator[tuple[int, int]]:
    """Where what is glued together around a number begins and ends."""
    first = 0
    while first < len(atoms):
        last = first + 1
        while last < len(atoms) and atoms[last].glued:
            last += 1
        if any(atom.is_number for atom in atoms[first:last]):
            yield first, last
        first = last


def _best(thing: Thing, held: Sequence[Atom]) -> _Match | None:
    found = [match for at in range(len(held)) if (match := _match(thing, held, at)) is not None]
    return max(found, key=_fullness, default=None)


def _fullness(match: _Match) -> tuple[bool, int]:
    return match.whole, match.words


def _match(thing: Thing, held: Sequence[Atom], at: int) -> _Match | None:
    core = thing.atoms[thing.first : thing.last]
    end = at + len(core)
    if held[at].text != core[0].text or [atom.text for atom in held[at:end]] != [atom.text for atom in core]:
        return None
    before = _run(reversed(thing.atoms[: thing.first]), reversed(held[:at]))
    behind = _run(thing.atoms[thing.last :], held[end:])
    if not before + behind and _swapped(thing, held, at, end):
        behind = 1
    start, stop = at - before, end + behind
    whole = not held[start].glued and not (stop < len(held) and held[stop].glued)
    inside = held[at].glued or any(atom.glued for atom in held[at + 1 : min(stop, end + 1)])
    return _Match(before, behind, whole, coded=whole and inside)


def _swapped(thing: Thing, held: Sequence[Atom], at: int, end: int) -> bool:
    """Whether a label stands on the other side: "503 error" for "error 503"."""
    asked = {_same(atom) for atom in (*thing.atoms[: thing.first][-1:], *thing.atoms[thing.last :][:1])}
    beside = {_same(atom) for atom in (*held[max(0, at - 1) : at], *held[end : end + 1])}
    return bool(asked & beside & labels())


def _same(atom: Atom) -> str:
    return _SAME.get(atom.text, atom.text)


def _run(asked: Iterator[Atom] | Sequence[Atom], held: Iterator[Atom] | Sequence[Atom]) -> int:
    """How many atoms are the same from the beginning on."""
    count = 0
    for one, other in zip(asked, held, strict=False):
        if _same(one) != _same(other):
            break
        count += 1
    return count
