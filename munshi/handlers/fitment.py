"""Which vehicle (or other thing) a part fits: what a customer names against what the owner listed.

Nothing here knows a make or a model: the first word of what the owner listed is a make, what follows it a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import regex

from munshi.knowledge.text import stems, words

Suits = Literal["yes", "maybe", "no"]
"""`maybe`: the owner lists the part for everything, or for nothing in particular."""

_FUELS = frozenset(stems("petrol diesel cng lpg electric ev hybrid"))
# An entry with one of these names no vehicle in particular ("Universal 12 V", "All cars that take DOT 4").
_GENERIC = frozenset(stems("universal all any every most car bike scooter vehicle two-wheeler that"))
_YEARS = regex.compile(r"\b((?:19|20)\d\d)\s*(?:[-–—]|to)\s*((?:19|20)\d\d)\b")
_YEAR = regex.compile(r"(?:19[89]|20[0-4])\d")
_MODEL_DIGITS = 3
_SIZE = regex.compile(r"\d\.\d")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The vehicle that a customer names, in stems. An empty one suits every part."""

    makes: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    years: frozenset[int] = frozenset()
    fuels: frozenset[str] = frozenset()
    sizes: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The words that name the vehicle itself."""
        return self.makes | self.models

    @property
    def words(self) -> frozenset[str]:
        """Every word that belongs to the vehicle."""
        if not self.names:
            return frozenset()
        return self.names | self.fuels | self.sizes | {str(year) for year in self.years}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing a part is listed for, read."""

    words: frozenset[str]
    first: str
    years: tuple[tuple[int, int], ...]
    generic: bool


class Fitment:
    """What the vehicles in a catalogue are called. `names` are the products' own names in stems, `fits` their lists.

    A word that stands in more names than lists ("brake", "rear") is about goods and names no vehicle.
    """

    def __init__(self, names: Iterable[frozenset[str]], fits: Iterable[Sequence[Entry]]) -> None:
        in_names = Counter(stem for name in names for stem in name)
        specific = [[entry for entry in listed if not entry.generic] for listed in fits]
        in_fits = Counter(stem for listed in specific for stem in {word for entry in listed for word in entry.words})
        known = {stem for stem, count in in_fits.items() if count >= in_names[stem] and not _qualifies(stem)}
        self.makes = frozenset(entry.first for listed in specific for entry in listed if entry.first in known)
        self.models = frozenset(known) - self.makes
        self._makes_of: dict[str, set[str]] = {}
        for entry in (entry for listed in specific for entry in listed):
            for word in entry.words & self.models:
                self._makes_of.setdefault(word, set()).update(entry.words & self.makes)

    def wanted(self, found: Sequence[str]) -> Wanted:
        """The vehicle among the stems of a question, in their order."""
        said = frozenset(found)
        numbers = frozenset(word for before, word in pairwise(found) if self.is_model_number(before, word))
        return Wanted(
            makes=said & self.makes,
            models=said & self.models | numbers,
            years=frozenset(int(word) for word in said if _YEAR.fullmatch(word)) if said & self.words else frozenset(),
            fuels=said & _FUELS,
            sizes=frozenset(word for word in said if _SIZE.fullmatch(word)),
        )

    @property
    def words(self) -> frozenset[str]:
        """Every word that names a vehicle."""
        return self.makes | self.models

    def is_model_number(self, before: str, word: str) -> bool:
        """Whether a number belongs to the model before it, be it listed ("pulsar 150") or not ("pulsar 220")."""
        return before in self.models and len(word) == _MODEL_DIGITS and word.isdigit()

    def is_specific(self, fits: Sequence[Entry]) -> bool:
        """Whether a part is listed for certain vehicles only."""
        return bool(fits) and not any(map(self._is_generic, fits))

    def suits(self, fits: Sequence[Entry], own: frozenset[str], wanted: Wanted) -> Suits:
        """Whether a part listed for `fits` suits the vehicle. `own` are the words of its name and aliases."""
        if not wanted.names:
            return "yes"
        naming = [entry for entry in fits if not self._is_generic(entry) and self._names(entry, wanted)]
        if naming:
            return "yes" if any(_agrees(entry, wanted) for entry in naming) else "no"
        if wanted.names <= own:
            return "yes" if not fits or any(_in_years(entry, wanted) for entry in fits) else "no"
        return "no" if self.is_specific(fits) else "maybe"

    def _is_generic(self, entry: Entry) -> bool:
        return entry.generic or not entry.words & self.words

    def _names(self, entry: Entry, wanted: Wanted) -> bool:
        makes, models = entry.words & self.makes, entry.words & self.models
        if wanted.makes and makes and not wanted.makes & makes:
            return False
        if not wanted.models:
            return bool(wanted.makes & makes)
        if not models:  # listed for a make as a whole
            return any(makes & self._makes_of.get(model, set()) for model in wanted.models)
        # "Alto" is asked for and "Alto K10" listed, or the other way round.
        return wanted.models <= models or models <= wanted.models


def read_entry(text: str) -> Entry:
    """Read "Maruti Swift 1.2 petrol 2011-2023"."""
    years = tuple((int(first), int(last)) for first, last in _YEARS.findall(text))
    found = stems(_YEARS.sub(" ", text))
    return Entry(frozenset(found), found[0] if found else "", years, bool(_GENERIC & set(found)))


def _qualifies(stem: str) -> bool:
    """Whether a word narrows a vehicle down rather than naming one."""
    return stem in _FUELS or _SIZE.fullmatch(stem) is not None or len(words(stem)) != 1


def _agrees(entry: Entry, wanted: Wanted) -> bool:
    fuels = entry.words & _FUELS
    sizes = {word for word in entry.words if _SIZE.fullmatch(word)}
    return (
        _in_years(entry, wanted)
        and not (fuels and wanted.fuels and not fuels & wanted.fuels)
        and not (sizes and wanted.sizes and not sizes & wanted.sizes)
    )


def _in_years(entry: Entry, wanted: Wanted) -> bool:
    if not entry.years or not wanted.years:
        return True
    return any(first <= year <= last for first, last in entry.years for year in wanted.years)
