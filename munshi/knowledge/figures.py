"""The figures of a text by what they are worth: `5 lakh`, `₹5,00,000` and `paanch lakh rupaye` are one and the same.

A figure is a number with its unit, a range of two, a date, a time, a day of the week, a code, or a run of digits such
as a phone number. Every digit of a text belongs to one: what can be read in no other way stands as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from munshi.knowledge.figure_days import find_dates, find_times, find_weekdays
from munshi.knowledge.figure_numbers import find_codes, find_digits, find_numbers, squeezed
from munshi.knowledge.figure_spans import Figure, Taken
from munshi.knowledge.normalise import clean
from munshi.knowledge.text import is_devanagari, words
from munshi.knowledge.tokens import tokenise

Ends = Literal["low", "high", ""]

_JOINING = re.compile(r"\s*(?:-|to|till|until|through|se|से)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:and|aur|or|और|&)\s*", re.IGNORECASE)
_OPENING = re.compile(r"\b(?:between|from)\s+(?:rs\.?|₹|\$)?\s*$", re.IGNORECASE)
_ITEM = re.compile(r"(?:(?<=\n)|^)\s*\(?\d{1,2}[.)](?=\s)")
_LEFT = re.compile(r"[^\W_]*\d[^\W_]*")
_HINDI = frozenset("hai hain ka ki ke ko mein se aur nahi nahin aap din tak liye hoga hogi milega lagega".split())
_AT_LEAST = re.compile(
    r"(?:at least|minimum|from|above|over|kam se kam|न्यूनतम|कम से कम)\W*(?:rs\.?|₹|\$)?\s*$", re.IGNORECASE
)
_WEEK = 7
_REACH = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures of one text, and what else a figure may be found as: its words and digits run together."""

    figures: tuple[Figure, ...]
    ends: tuple[tuple[Figure, Ends], ...]
    runs: frozenset[str]

    def holds(self, figure: Figure) -> bool:
        """Whether a figure of the same worth stands in this text; a range only where both its ends stand so."""
        if any(figure.equals(own) for own in self.figures):
            return True
        if figure.kind == "code":
            return figure.value in self.runs
        if (
            figure.before
            and figure.kind == "number"
            and not figure.unit
            and self._is_code(figure.before + figure.value)
        ):
            return True
        return any(figure.equals(own) and (side != "low" or figure.least) for own, side in self.ends)

    def _is_code(self, value: str) -> bool:
        return any(own.kind == "code" and own.value == value for own in self.figures)


@lru_cache(maxsize=1024)
def read(text: str) -> Reading:
    """Read a text: each figure once, in the order in which they stand."""
    cleaned = plain(text)
    found = [replace(each, text=cleaned[each.start : each.end]) for each in _all(cleaned)]
    ranges = [each for each in found if each.kind == "range"]
    return Reading(tuple(found), tuple(_ends(ranges)), squeezed(cleaned))


def plain(text: str) -> str:
    """The text that the places of its figures are counted in: its normal form, line by line."""
    return "\n".join(clean(line, limit=None).text for line in text.splitlines())


def _all(text: str) -> list[Figure]:
    taken = Taken(text)
    for match in _ITEM.finditer(text):
        taken.block(match.start(), match.end())
    for finder in (find_dates, find_times, find_digits, find_codes, find_weekdays):
        taken.add(finder(text))
    taken.add(find_numbers(tokenise(text), taken, hindi=is_hindi(text)))
    taken.add(
        Figure("raw", match.group().casefold(), match.start(), match.end())
        for match in _LEFT.finditer(text)
        if any(char.isdigit() for char in match.group())
    )
    return _joined(text, taken.figures())


def is_hindi(text: str) -> bool:
    """Whether a text is Hindi, in Devanagari or in Latin letters."""
    return is_devanagari(text) or not _HINDI.isdisjoint(words(text))


def _joined(text: str, figures: Sequence[Figure]) -> list[Figure]:
    """The figures with each pair that makes a range as one."""
    joined: list[Figure] = []
    for figure in figures:
        figure = replace(figure, least=_AT_LEAST.search(_ahead(text, figure)) is not None)
        last = joined[-1] if joined else None
        pair = _range(text, last, figure) if last is not None else None
        if pair is not None:
            joined[-1] = pair
        else:
            joined.append(figure)
    return joined


def _ahead(text: str, figure: Figure) -> str:
    return text[max(0, figure.start - _REACH) : figure.start]


def _range(text: str, low: Figure, high: Figure) -> Figure | None:
    between = text[low.end : high.start]
    joins = _JOINING.fullmatch(between) or (
        _BETWEEN.fullmatch(between) and _OPENING.search(_ahead(text, low)) is not None
    )
    agree = low.kind == high.kind and (not low.unit or not high.unit or low.unit == high.unit)
    if not joins or not agree or low.kind in ("code", "raw", "digits", "range"):
        return None
    unit = high.unit or low.unit
    return Figure("range", f"{low.value}..{high.value}", low.start, high.end, unit, of=low.kind)


def _ends(ranges: Iterable[Figure]) -> Iterable[tuple[Figure, Ends]]:
    """The two ends of a range as figures of their own: "in 3 days" is not what "3 to 5 days" says, "at most 5" is."""
    for each in ranges:
        low, _, high = each.value.partition("..")
        sides: tuple[Ends, Ends] = ("low", "high") if each.of == "number" and not _is_year(low) else ("", "")
        for value, side in zip((low, high), sides, strict=True):
            yield Figure(each.of, value, each.start, each.end, each.unit), side
        if each.of == "weekday":
            yield from ((Figure("weekday", str(day), each.start, each.end), "") for day in _days(int(low), int(high)))


def _days(first: int, last: int) -> list[int]:
    return [(first + step) % _WEEK for step in range((last - first) % _WEEK + 1)]


def _is_year(value: str) -> bool:
    return value.isdigit() and 1000 <= int(value) < 2200
