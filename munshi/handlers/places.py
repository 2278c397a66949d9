"""Which branch a message is about: by PIN code, or by a place that it names, slips and all, in either script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rapidfuzz import fuzz, process

from munshi.handlers.rows import Branch
from munshi.handlers.words import FILLER
from munshi.knowledge.text import words

SORTING_DIGITS = 3
"""The first three digits of a PIN code name the sorting district of India Post."""

MAX_CHARS = 1_000
"""What goes on for longer has named its place by then."""

_SHORT = 4
_SHORT_SCORE = 88  # one letter too many or too few: "rohaa"
_SCORE = 80  # one in five or six: "vasi" for "vashi", "navi mumbi"
_LONGEST = 3

# What a question about branches is made of, besides the place.
_GENERIC = FILLER | frozenset(
    """
    address atm atms bank banks branch branches cash code codes counter deposit detail details district full
    head home ifsc list location locations locate machine machines main map micr nearby nearest office phone pin pincode
    place places reach road serve station town towns village your close closest here there way visit walk direction
    directions cdm contact telephone paas paase pas najdik nazdeek nazdik kareeb pata shakha shakhaen kahan kaha kidhar
    wala wali batao milega sabse aapki aapka apki hamare ghar mere mera idhar yahan yaha paisa paise jama
    शाखा शाखाएँ शाखाएं बैंक ब्रांच पता एटीएम कहाँ कहां किधर पास नज़दीक नजदीक सबसे आपकी आपका कौन सी कोड पिन फ़ोन फोन नंबर
    आईएफएससी मशीन नकद कैश यहाँ यहां घर मेरे करीब क़रीब
    """.split()
)


def at_pin(branches: Iterable[Branch], pin_code: str) -> tuple[Branch, ...]:
    """Those with exactly this PIN code."""
    return tuple(branch for branch in branches if branch.pin_code == pin_code)


def near_pin(branches: Sequence[Branch], pin_code: str) -> tuple[tuple[Branch, ...], int]:
    """Those whose PIN codes share most of its first digits, and how many; none below the sorting district's three."""
    shared = {branch.code: _shared(branch.pin_code, pin_code) for branch in branches}
    most = max(shared.values(), default=0)
    if most < SORTING_DIGITS:
        return (), 0
    return tuple(branch for branch in branches if shared[branch.code] == most), most


def named_in(branches: Sequence[Branch], text: str) -> tuple[Branch, ...]:
    """Those that a text names; a town or district stands for all in it, unless a branch is called so itself."""
    own = _places(branches, lambda branch: (branch.name, *branch.aliases))
    around = _places(branches, lambda branch: branch.areas)
    said = words(text[:MAX_CHARS])
    codes: dict[str, Branch] = {}
    for place in _found(said, {*own, *around}):
        for branch in own.get(place) or around[place]:
            codes.setdefault(branch.code, branch)
    return tuple(codes.values())


def names_unknown(text: str) -> bool:
    """Whether a text that names no branch holds more than what any question about branches is made of."""
    return any(word not in _GENERIC and not word.isdigit() for word in words(text[:MAX_CHARS]))


def _shared(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _places(branches: Iterable[Branch], called: Callable[[Branch], Iterable[str]]) -> Mapping[str, list[Branch]]:
    """Branches by each of their names, as `words` levels it."""
    places: dict[str, list[Branch]] = {}
    for branch in branches:
        for name in dict.fromkeys(" ".join(words(each)) for each in called(branch)):
            places.setdefault(name, []).append(branch)
    return places


def _found(said: Sequence[str], names: Iterable[str]) -> Iterator[str]:
    """The names that stand in a text, longer ones first; no word counts for two. What is spelt right goes first."""
    known, taken = sorted(names), set[int]()
    for exact in (True, False):
        for length in range(_LONGEST, 0, -1):
            for start in range(len(said) - length + 1):
                span = range(start, start + length)
                if taken.isdisjoint(span):
                    name = _meant(said[start : start + length], known, exact)
                    if name:
                        taken.update(span)
                        yield name


def _meant(said: Sequence[str], known: Sequence[str], exact: bool) -> str:
    """The name that a few words are, or are a slip of; empty where they are none, or two as well."""
    phrase = " ".join(said)
    if exact:
        return phrase if phrase in known else ""
    if any(word in _GENERIC for word in said) or len(phrase) < _SHORT:
        return ""
    close = process.extract(phrase, known, scorer=fuzz.ratio, score_cutoff=_SCORE, limit=2)
    close += process.extract("".join(said), [name.replace(" ", "") for name in known], score_cutoff=100, limit=1)
    ranked = sorted({known[index]: score for _, score, index in close}.items(), key=lambda pair: -pair[1])
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ""
    name, score = ranked[0]
    return name if len(name) > _SHORT or score >= _SHORT_SCORE else ""
