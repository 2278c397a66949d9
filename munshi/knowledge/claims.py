"""What a passage says in figures: its sentences, what each is about, and the sums, rates and spans of time in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import regex

from munshi.knowledge.base import Passage
from munshi.knowledge.codes import labels, sequence
from munshi.knowledge.text import content_stems, level, sentences, stems
from munshi.knowledge.views import alternates

Figure = tuple[str, Decimal]
"""A kind ("sum", "%" or the stem of a unit of time) and a value."""

_SCALES = {"lakh": 100_000, "lakhs": 100_000, "lac": 100_000, "crore": 10_000_000, "crores": 10_000_000, "लाख": 100_000}
_UNITS = {
    unit: kind
    for kind, units in {
        "sum": "rs inr rupee rupees rupaye रुपये रुपए /-",
        "%": "% percent प्रतिशत",
        "minute": "minute minutes min मिनट",
        "hour": "hour hours घंटे",
        "day": "day days दिन",
        "week": "week weeks हफ्ते",
        "month": "month months महीने",
        "year": "year years साल वर्ष",
        "km": "km kilometre kilometres kms",
    }.items()
    for unit in units.split()
}
_FIGURE = regex.compile(
    r"(?P<sign>₹|\$|€|£|\brs\.?|\binr)?\s*(?<![\p{L}\p{N}.\-/:]|\d[ -])"
    r"(?P<number>\d{1,12}(?:\.\d+)?)(?![\p{L}\p{N}]|[-/.: ]\d)"
    rf"(?:\s*(?P<scale>{'|'.join(_SCALES)})\b)?(?:\s*(?P<unit>{'|'.join(map(regex.escape, _UNITS))})(?!\p{{L}}))?"
)
_DIGIT = regex.compile(r"\d")
_PLAIN_FROM, _YEARS = 100, range(1900, 2101)
_LONGEST_PLAIN, _LONGEST_LABEL = 6, 20
_FEW_WORDS = 3
# Words that change nothing of what a figure is about.
_GENERIC = (
    "keep maintain hold have require need must charge apply pay cost costs amount value rupee rs inr only currently "
    "now also always new update updated customer you your holder start begin is are be will per "
    "least day month year percent from since"
).split()


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence with figures. `about` are its content words; `context` those of the title and headings above it.

    `names` are the numbers and codes in those: "Plan 199" is another thing than "Plan 299". Years are none: a paper may
    be of one.
    """

    passage: Passage
    sentence: str
    about: frozenset[str]
    context: frozenset[str]
    figures: frozenset[Figure]
    names: frozenset[str] = frozenset()

    @property
    def words(self) -> frozenset[str]:
        """All that tells what it is about."""
        return self.about | self.context


def claims(passage: Passage) -> Iterator[Claim]:
    """What a passage says in figures, a table's row as one sentence."""
    is_row = "row" in passage.metadata
    told = [passage.text] if is_row else [one for one in sentences(passage.text) if _DIGIT.search(one)]
    figures = [(sentence, found) for sentence in told if (found := frozenset(figures_in(sentence)))]
    if not figures:
        return
    title = _words(passage.title)
    context = title | _words(" ".join((*passage.heading, *alternates(passage))))
    for sentence, found in figures:
        own = _words(sentence)
        # "₹3,000." and a row are about what stands above them.
        about = own | title if is_row or len(own) < _FEW_WORDS else own
        yield Claim(passage, sentence, about, context, found, _names(passage))


def figures_in(text: str) -> Iterator[Figure]:
    """The sums, rates and spans of time in a text; years, codes and phone numbers are none."""
    text = level(text)
    for found in _FIGURE.finditer(text):
        value = Decimal(found["number"]) * _SCALES.get(found["scale"] or "", 1)
        kind = _UNITS.get(found["unit"] or "", "")
        if found["sign"] or found["scale"] or kind == "sum":
            yield "sum", value
        elif kind:
            yield kind, value
        elif (
            not _is_labelled(text, found.start())
            and value >= _PLAIN_FROM
            and value not in _YEARS
            and len(found["number"]) <= _LONGEST_PLAIN
        ):
            yield "sum", value


def _names(passage: Passage) -> frozenset[str]:
    atoms = sequence(" ".join((passage.title, *passage.heading)))
    return frozenset(atom.text for atom in atoms if atom.is_number and atom.text not in map(str, _YEARS))


def _is_labelled(text: str, start: int) -> bool:
    before = text[max(0, start - _LONGEST_LABEL) : start].split()
    return bool(before) and not labels().isdisjoint(stems(before[-1]))


def _words(text: str) -> frozenset[str]:
    return frozenset(stem for stem in content_stems(text) if not any(c.isdigit() for c in stem)) - generic()


@cache
def generic() -> frozenset[str]:
    """Stems that change nothing of what a figure is about."""
    return frozenset(stems(" ".join(_GENERIC)))
