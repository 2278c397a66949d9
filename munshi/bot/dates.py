"""Days as customers name them: aaj, kal, next Monday, 5 Nov, 05/11/2026 (day first), 3 din baad, somvar.

"Kal" is yesterday as well as tomorrow, "parso" likewise: the verb tells, and where it does not the day to come is taken
and the other reading is reported. A date without a year is the nearest one, or the nearest in the tense of the verb.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from munshi.bot import lexicon
from munshi.bot.hindi import Tense, find_hindi
from munshi.bot.spans import Ambiguity, Span
from munshi.bot.tokens import Token

WEEK = 7
_YEARS = range(1950, 2100)
_MOST_DAYS = 3660
_VERB_REACH = 12
_SHORT_NAME = 4  # "sun", "mon", "wed": words of their own
_NUMERIC = re.compile(
    r"(?<![\w/.,-])(?:(?P<iso>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
    r"|(?P<day>\d{1,2})(?P<mark>[/.-])(?P<month>\d{1,2})(?:(?P=mark)(?P<year>\d{4}|\d{2}))?)(?![\w/-]|[.,]\d)"
)


@dataclass(frozen=True, slots=True)
class DateWord:
    """What a word says of a day; see lexicon/dates.csv for the kinds."""

    kind: str
    value: int


@dataclass(frozen=True, slots=True)
class DateReading:
    """A day found; `other` is the second way to read it."""

    span: Span
    other: date | None = None


@cache
def _date_words() -> Mapping[str, tuple[DateWord, ...]]:
    found: dict[str, tuple[DateWord, ...]] = {}
    for row in lexicon.rows("dates"):
        for word in lexicon.spellings(row["words"]):
            found[word] = (*found.get(word, ()), DateWord(row["kind"], int(row["value"])))
    return found


def find_dates(text: str, tokens: Sequence[Token], today: date, *, hindi: bool) -> list[DateReading]:
    """The days named in a clean text, seen from `today`. `hindi` tells that verbs come last and "is" means this."""
    return [*_numeric(text, tokens, today, hindi), *_Reader(tokens, today, hindi).read()]


def ambiguities(readings: Sequence[DateReading]) -> list[Ambiguity]:
    """The readings that could be another day, over the clean text."""
    return [
        Ambiguity("date", "", each.span.start, each.span.end, (each.span.value, each.other.isoformat()))
        for each in readings
        if each.other is not None
    ]


def _numeric(text: str, tokens: Sequence[Token], today: date, hindi: bool) -> list[DateReading]:
    readings = []
    for match in _NUMERIC.finditer(text):
        if match["iso"]:
            day = _date(match["iso"], match["m"], match["d"])
        elif match["year"]:
            day = _date(_century(match["year"]), match["month"], match["day"])
            day = day or _date(_century(match["year"]), match["day"], match["month"])
        elif match["mark"] != "." and _says_date(tokens, match.start(), match.end()):
            day = _nearest(int(match["month"]), int(match["day"]), today, _tense(tokens, match.start(), hindi))
        else:
            day = None
        if day is not None:
            readings.append(DateReading(Span("date", day.isoformat(), match.start(), match.end())))
    return readings


def _says_date(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether a neighbour makes 5/11 a date, not a fraction: "on 5/11", "5/11 ko"."""
    first, last = bisect_left(tokens, start, key=_start), bisect_left(tokens, end, key=_start)
    return any(_is(token, "near") for token in (*tokens[max(0, first - 1) : first], *tokens[last : last + 1]))


class _Reader:
    """Reads days said in words, from left to right."""

    def __init__(self, tokens: Sequence[Token], today: date, hindi: bool) -> None:
        self._tokens = tokens
        self._today = today
        self._hindi = hindi

    def read(self) -> list[DateReading]:
        readings = []
        index = 0
        while index < len(self._tokens):
            found = self._at(index)
            if found is not None:
                reading, index = found
                readings.append(reading)
            else:
                index += 1
        return readings

    def _at(self, index: int) -> tuple[DateReading, int] | None:
        token = self._tokens[index]
        if token.kind == "number":
            return self._month_day(index) or self._day_of_month(index) or self._distance(index)
        if not _date_words().get(token.low):
            return None
        return self._named(index) or self._weekday(index) or self._month_first(index) or self._distance(index)

    def _named(self, index: int) -> tuple[DateReading, int] | None:
        """Today, kal, the day after tomorrow."""
        day, either = self._word(index, "day"), self._word(index, "either")
        lows = [token.low for token in self._tokens[index : index + 3]]
        if lows[:2] in (["day", "after"], ["day", "before"]) and self._word(index + 2, "day"):
            forward = lows[1] == "after"
            return self._reading(index, index + 3, self._today + timedelta(days=2 if forward else -2))
        if day is not None:
            return self._reading(index, index + 1, self._today + timedelta(days=day.value))
        if either is None:
            return None
        ahead, past = (self._today + timedelta(days=sign * either.value) for sign in (1, -1))
        tense = self._tense(index)
        if tense == "past":
            return self._reading(index, index + 1, past)
        return self._reading(index, index + 1, ahead, None if tense == "future" else past)

    def _weekday(self, index: int) -> tuple[DateReading, int] | None:
        which = None if self._tokens[index].low == "is" and not self._hindi else self._word(index, "which")
        at = index + 1 if which is not None else index
        weekday = self._word(at, "weekday")
        if weekday is None:
            return None
        before = self._tokens[index - 1] if index else None
        short = len(self._tokens[at].low) <= _SHORT_NAME and self._tokens[at].kind == "latin"
        if short and which is None and not (before is not None and _is(before, "near")):
            return None
        day, other = self._which_weekday(weekday.value, which, index)
        return self._reading(index, at + 1, day, other)

    def _which_weekday(self, weekday: int, which: DateWord | None, index: int) -> tuple[date, date | None]:
        """The next day of that name; "next Friday" on a Monday may be this week's or the following week's."""
        ahead = (weekday - self._today.weekday()) % WEEK
        last = self._today - timedelta(days=-ahead % WEEK or WEEK)
        if which is None:
            past = self._tense(index) == "past"
            return (last if past else self._today + timedelta(days=ahead or WEEK)), None
        if which.value < 0:
            return last, None
        soon = self._today + timedelta(days=ahead)
        if which.value == 0:
            return soon, None
        following = self._today + timedelta(days=WEEK - self._today.weekday() + weekday)
        return following, (soon if soon != following and ahead else None)

    def _month_day(self, index: int) -> tuple[DateReading, int] | None:
        """5 Nov, 5th of November 2026."""
        at = index + 1
        if self._word(at, "ordinal") and self._tokens[at].glued:
            at += 1
        if at < len(self._tokens) and self._tokens[at].low == "of":
            at += 1
        month = self._word(at, "month")
        return self._with_year(index, at + 1, month, self._tokens[index]) if month else None

    def _month_first(self, index: int) -> tuple[DateReading, int] | None:
        """Nov 5, November 5th, 2026."""
        month = self._word(index, "month")
        at = index + 1
        if month is None or at >= len(self._tokens) or self._tokens[at].kind != "number":
            return None
        number, end = self._tokens[at], at + 1
        if self._word(end, "ordinal") and self._tokens[end].glued:
            end += 1
        return self._with_year(index, end, month, number)

    def _with_year(self, first: int, last: int, month: DateWord, number: Token) -> tuple[DateReading, int] | None:
        at = last + 1 if last < len(self._tokens) and self._tokens[last].text in (",", "'") else last
        year = self._tokens[at] if at < len(self._tokens) else None
        if year is not None and year.text.isdigit() and len(year.text) == 4 and int(year.text) in _YEARS:
            day, last = _date(year.text, str(month.value), number.text), at + 1
        elif number.text.isdigit() and len(number.text) <= 2:
            day = _nearest(month.value, int(number.text), self._today, self._tense(first))
        else:
            day = None
        return self._reading(first, last, day) if day else None

    def _day_of_month(self, index: int) -> tuple[DateReading, int] | None:
        """15 tarikh: the 15th to come, or that has been."""
        number = self._tokens[index]
        if not self._word(index + 1, "dayofmonth") or not number.text.isdigit() or len(number.text) > 2:
            return None
        past = self._tense(index) == "past"
        step = timedelta(days=-1 if past else 1)
        day = self._today
        for _ in range(2 * 31):
            if day.day == int(number.text):
                return self._reading(index, index + 2, day)
            day += step
        return None

    def _distance(self, index: int) -> tuple[DateReading, int] | None:
        """In 3 days, 3 din baad, 2 weeks ago."""
        ahead = self._word(index, "ahead")
        at = index + 1 if ahead is not None else index
        if at >= len(self._tokens) or not self._tokens[at].text.isdigit() or len(self._tokens[at].text) > 4:
            return None
        unit, shift = self._word(at + 1, "span"), self._word(at + 2, "shift")
        sign = shift.value if shift is not None else ahead.value if ahead is not None else 0
        days = int(self._tokens[at].text) * (unit.value if unit is not None else 0)
        if not sign or not 0 < days <= _MOST_DAYS:
            return None
        end = at + (3 if shift is not None else 2)
        return self._reading(index, end, self._today + timedelta(days=sign * days))

    def _tense(self, index: int) -> Tense:
        return _tense(self._tokens, self._tokens[index].start, self._hindi)

    def _word(self, index: int, kind: str) -> DateWord | None:
        if not 0 <= index < len(self._tokens):
            return None
        return next((word for word in _date_words().get(self._tokens[index].low, ()) if word.kind == kind), None)

    def _reading(self, first: int, last: int, day: date, other: date | None = None) -> tuple[DateReading, int]:
        span = Span("date", day.isoformat(), self._tokens[first].start, self._tokens[last - 1].end)
        return DateReading(span, other), last


def _is(token: Token, kind: str) -> bool:
    return any(word.kind == kind for word in _date_words().get(token.low, ()))


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day)) if int(year) in _YEARS else None
    except ValueError:
        return None


def _century(year: str) -> str:
    return year if len(year) == 4 else f"20{year}"


def _nearest(month: int, day: int, today: date, tense: Tense) -> date | None:
    """The day of that name nearest to today, on the side that the tense says."""
    years = (today.year - 1, today.year, today.year + 1)
    days = [each for each in (_date(str(year), str(month), str(day)) for year in years) if each is not None]
    if tense == "past":
        days = [each for each in days if each <= today]
    elif tense == "future":
        # "Will my order of 5 Nov come" speaks of a day that has just been.
        days = [each for each in days if today - each <= timedelta(days=31)]
    return min(days, key=lambda each: abs((each - today).days), default=None)


def _tense(tokens: Sequence[Token], start: int, hindi: bool) -> Tense:
    """The tense of the verb nearest to the day named at `start`: behind it in Hindi, before it in English."""
    at = bisect_left(tokens, start, key=_start)
    if at and _is(tokens[at - 1], "until"):
        return "future"
    before, after = reversed(tokens[max(0, at - _VERB_REACH) : at]), tokens[at : at + _VERB_REACH]
    near = [*after, *before] if hindi else [*before, *after]
    return next(filter(None, map(_tense_of, near)), "")


def _start(token: Token) -> int:
    return token.start


def _tense_of(token: Token) -> Tense:
    if not token.is_word:
        return ""
    for word in _date_words().get(token.low, ()):
        if word.kind == "past":
            return "past"
        if word.kind == "future":
            return "future"
    entry = find_hindi(token)
    return entry.tense if entry is not None else ""
