"""Dates, times and days of the week in a text, as figures. Days come before months, as India writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache

from munshi.knowledge import lexicon
from munshi.knowledge.figure_spans import Figure

_NUMERIC = re.compile(
    r"(?<![\w/.,-])(?:(?P<iso>\d{4})([-/])(?P<m>\d{1,2})\2(?P<d>\d{1,2})"
    r"|(?P<day>\d{1,2})([-/.])(?P<month>\d{1,2})\6(?P<year>\d{4}|\d{2}))(?![\w/-]|[.,]\d)"
)
_HALF_DAY = re.compile(r"(?<![\d:.,])(\d{1,2})(?:[:.](\d{2}))?\s*([ap])\.?\s?m\b\.?", re.IGNORECASE)
_CLOCK = re.compile(r"(?<![\d:.,])([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d)?(?![\d:])")
_NOON = 12
_MONTHS = "january february march april may june july august september october november december".split()
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()


def find_dates(text: str) -> Iterator[Figure]:
    """Dates in digits and with the month in words; without a year or without a day where the text has none."""
    for match in _NUMERIC.finditer(text):
        names = ("iso", "m", "d") if match["iso"] else ("year", "month", "day")
        value = _canonical(*(match[name] for name in names))
        if value:
            yield Figure("date", value, *match.span())
    for pattern in _worded():
        for match in pattern.finditer(text):
            month, year = _month_numbers()[match["month"].casefold()], match["year"] or ""
            value = _canonical(year, str(month), match["day"] or "")
            # "Only 5 may be left" names no day.
            if value and (year or match["month"] != "may"):
                yield Figure("date", value, *match.span())


def _canonical(year: str, month: str, day: str) -> str:
    """The date as `2027-03-31`, `2027-03` or `--03-31`; empty where the calendar has none."""
    full = int(year) + (2000 if len(year) == 2 else 0) if year else None
    numbers = (int(month), int(day) if day else 1)
    if numbers[0] > _NOON >= numbers[1]:
        numbers = (numbers[1], numbers[0])
    try:
        found = date(full or 2000, *numbers)
    except ValueError:
        return ""
    if not day:
        return f"{found:%Y-%m}" if year else ""
    return found.isoformat() if year else f"--{found:%m-%d}"


def find_times(text: str) -> Iterator[Figure]:
    """Times with am or pm, and those with a colon on the clock of 24 hours."""
    for match in _HALF_DAY.finditer(text):
        hour, minute = int(match[1]), int(match[2] or 0)
        if hour <= _NOON and minute < 60:
            hour = hour % _NOON + (_NOON if match[3].lower() == "p" else 0)
            yield Figure("time", str(hour * 60 + minute), *match.span())
    for match in _CLOCK.finditer(text):
        yield Figure("time", str(int(match[1]) * 60 + int(match[2])), *match.span())


def find_weekdays(text: str) -> Iterator[Figure]:
    """Days of the week by name; a short name only with a capital."""
    for match in _weekdays().finditer(text):
        name = match.group()
        number = _weekday_numbers()[name.casefold()]
        if len(name) > 4 or name[0].isupper() or not name.isascii():
            yield Figure("weekday", str(number), *match.span())


@cache
def _by_number(kinds: tuple[str, ...], names: tuple[str, ...], first: int) -> Mapping[str, int]:
    return {
        word: names.index(row["english"]) + first
        for row in lexicon.rows("dates")
        if row["kind"] in kinds
        for word in lexicon.spellings(row["words"])
    }


def _month_numbers() -> Mapping[str, int]:
    return _by_number(("month",), tuple(_MONTHS), 1)


def _weekday_numbers() -> Mapping[str, int]:
    return _by_number(("weekday", "short"), tuple(_DAYS), 0)


@cache
def _weekdays() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_longest_first(_weekday_numbers())})(?![\w\u0900-\u097f])", re.IGNORECASE)


@cache
def _worded() -> tuple[re.Pattern[str], ...]:
    """31st of March 2027; March 31, 2027 and March 2027."""
    month = rf"(?P<month>{_longest_first(_month_numbers())})(?![\w\u0900-\u097f])\.?"
    year = r"(?P<year>(?:1\d|20)\d\d)(?!\d)"
    forms = (
        rf"(?<![\w.,/-])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?[\s-]*{month}(?:,?[\s-]*{year})?",
        rf"(?<!\w){month}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:%]|[.,]\d)(?:,?\s+{year})?",
        rf"(?<!\w){month},?(?P<day>)\s+{year}",
    )
    return tuple(re.compile(form, re.IGNORECASE) for form in forms)


def _longest_first(words: Mapping[str, int]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
