"""Days as customers name them: aaj, kal, next Monday, 5 Nov, 05/11/2026 (day first), 3 din baad, somvar.

Found here are the words that name a day, brought from Hindi, Hinglish and SMS into English (lexicon/dates.csv); the
English is read, and the calendar reckoned, by dateparser. It never sees text that no day was found in: it would read
one into nearly anything, and it is slow.

"Kal" is yesterday as well as tomorrow, "parso" likewise: the verb tells, and where it does not the day to come is taken
and the other reading is reported. A date without a year is the nearest one, or the nearest in the tense of the verb.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import accumulate
from typing import Literal

from munshi.bot.hindi import Tense, find_hindi
from munshi.bot.spans import Ambiguity, Span
from munshi.knowledge import lexicon
from munshi.knowledge.numbers import unit_at
from munshi.knowledge.tokens import Token

_Days = tuple[date | None, date | None]
"""The day read, and the second way to read it."""

_WEEK = timedelta(days=7)
_MONTH = timedelta(days=31)
_YEARS = range(1950, 2100)
_YEAR = r"(?:19[5-9]\d|20\d\d)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_VERB_REACH = 12
_NUMERIC = re.compile(
    rf"(?<![\w/.,-])(?:(?P<full>{_YEAR}([/-])(?:0?[1-9]|1[0-2])\2{_DAY}|{_DAY}([/.-]){_DAY}\3{_YEAR}"
    rf"|{_DAY}([/-]){_DAY}\4\d\d)|(?P<dotted>{_DAY}\.{_DAY}\.\d\d)|(?P<yearless>{_DAY}[/-]{_DAY}))(?![\w/-]|[.,]\d)"
)


@dataclass(frozen=True, slots=True)
class DateReading:
    """A day found; `other` is the second way to read it."""

    span: Span
    other: date | None = None


def find_dates(text: str, tokens: Sequence[Token], today: date, *, hindi: bool) -> list[DateReading]:
    """The days named in a clean text, seen from `today`. `hindi` tells that verbs come last and "is" means this."""
    return [*_numeric(text, tokens, today, hindi), *_worded(tokens, today, hindi)]


def ambiguities(readings: Sequence[DateReading]) -> list[Ambiguity]:
    """The readings that could be another day, over the clean text."""
    return [
        Ambiguity("date", "", each.span.start, each.span.end, (each.span.value, each.other.isoformat()))
        for each in readings
        if each.other is not None
    ]


def _numeric(text: str, tokens: Sequence[Token], today: date, hindi: bool) -> Iterator[DateReading]:
    for match in _NUMERIC.finditer(text):
        start, end = match.span()
        if match["full"] is None and not _says_date(tokens, start, end):
            continue
        nearest = match["yearless"] is not None
        day = _nearest(match[0], today, _tense(tokens, start, hindi)) if nearest else _parse(match[0], today)
        if day is not None:
            yield DateReading(Span("date", day.isoformat(), start, end))


def _says_date(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether a neighbour makes 5/11 a date, not a fraction or a version: "on 5/11", "5/11 ko"; not "on 1/2 inch"."""
    first, last = bisect_left(tokens, start, key=_start), bisect_left(tokens, end, key=_start)
    near = (*tokens[max(0, first - 1) : first], *tokens[last : last + 1])
    return unit_at(tokens, last) is None and any(token.low in _words("near") for token in near)


def _worded(tokens: Sequence[Token], today: date, hindi: bool) -> Iterator[DateReading]:
    """The days said in words: the message is put into English token by token, and phrases are found in that."""
    if not any(token.low in _anchors() for token in tokens):
        return
    words = [_english(tokens, index, hindi) for index in range(len(tokens))]
    starts = list(accumulate((len(word) + 1 for word in words), initial=0))
    for match in _phrases().finditer(" ".join(words)):
        form = match.lastgroup or ""
        first, last = bisect_left(starts, match.start(form)), bisect_left(starts, match.end(form))
        day, other = _READERS[form](match, today, _tense(tokens, tokens[first].start, hindi))
        if day is not None:
            yield DateReading(Span("date", day.isoformat(), tokens[first].start, tokens[last - 1].end), other)


def _fixed(match: re.Match[str], today: date, tense: Tense) -> _Days:
    """The day after tomorrow, in 3 days, two weeks ago; not "it came after 3 days"."""
    if match["within"] and tense == "past":
        return None, None
    # dateparser 1.5 takes "two weeks from today" for two weeks ago.
    return _parse(match["fixed"].replace("from today", "from now"), today), None


def _either(match: re.Match[str], today: date, tense: Tense) -> _Days:
    """Kal and parso."""
    ahead, past = (_parse(phrase, today) for phrase in match["either"].replace("-", " ").split("|"))
    if tense == "past":
        return past, None
    return ahead, None if tense == "future" else past


def _weekday(match: re.Match[str], today: date, tense: Tense) -> _Days:
    """The next day of that name; "next Friday" on a Monday may be this week's or the following week's."""
    name, which = match["name"].removeprefix("~"), match["which"]
    if which in ("last", "this"):
        return _parse(f"{which} {name}", today), None
    if which != "next":
        return _parse(name, today, "past" if tense == "past" and which is None else "future"), None
    soon = _parse(name, today, "future")
    # dateparser knows only the first Friday to come, even where that is this week's.
    if soon is None or soon.isocalendar()[:2] != today.isocalendar()[:2]:
        return soon, None
    return soon + _WEEK, soon


def _date(match: re.Match[str], today: date, tense: Tense) -> _Days:
    """5th of November, Nov 5, 2026."""
    words = re.findall(r"\d+|[a-z]{3,}", match["date"])
    has_year = len(words) > len(("5", "nov"))
    phrase = " ".join(words)
    return (_parse(phrase, today) if has_year else _nearest(phrase, today, tense)), None


def _day_of_month(match: re.Match[str], today: date, tense: Tense) -> _Days:
    """15 tarikh: the 15th to come, or that has been. dateparser takes this month's, gone by or not."""
    step = timedelta(days=-1 if tense == "past" else 1)
    days = (today + step * count for count in range(2 * 31))
    return next((day for day in days if day.day == int(match["number"])), None), None


_READERS: Mapping[str, Callable[[re.Match[str], date, Tense], _Days]] = {
    "fixed": _fixed,
    "either": _either,
    "weekday": _weekday,
    "date": _date,
    "dayofmonth": _day_of_month,
}


def _nearest(phrase: str, today: date, tense: Tense) -> date | None:
    """The day of that name nearest to today, on the side that the tense says."""
    past, ahead = _parse(phrase, today, "past"), _parse(phrase, today, "future")
    if past is None or ahead is None or tense == "past":
        return past
    # "Will my order of 5 Nov come" speaks of a day that has just been.
    is_past = today - past <= _MONTH if tense == "future" else today - past < ahead - today
    return past if is_past else ahead


@lru_cache(maxsize=1024)
def _parse(
    phrase: str, today: date, prefer: Literal["past", "current_period", "future"] = "current_period"
) -> date | None:
    """What dateparser makes of an English phrase. None where it, or the calendar, knows no such day."""
    import dateparser  # takes some tenths of a second, and most messages name no day

    found = dateparser.parse(
        phrase,
        languages=["en"],
        settings={
            "DATE_ORDER": "DMY",
            "PARSERS": ["relative-time", "absolute-time"],
            "PREFER_DATES_FROM": prefer,
            "RELATIVE_BASE": datetime.combine(today, time()),
            "RETURN_AS_TIMEZONE_AWARE": False,
        },
    )
    return found.date() if found is not None and found.year in _YEARS else None


def _english(tokens: Sequence[Token], index: int, hindi: bool) -> str:
    """A token as the phrases are written, in one word; a counting word counts before a unit: "do din", not "do it"."""
    low = tokens[index].low
    if low in _counts() and index + 1 < len(tokens) and tokens[index + 1].low in _words("unit"):
        return _counts()[low]
    if hindi and low in _words("hindi"):
        return _words("hindi")[low]
    return _vocabulary().get(low, low)


@cache
def _words(*kinds: str) -> Mapping[str, str]:
    """English by spelling, for the words of these kinds in lexicon/dates.csv."""
    rows = [row for row in lexicon.rows("dates") if row["kind"] in kinds]
    return {word: row["english"] for row in rows for word in lexicon.spellings(row["words"])}


@cache
def _anchors() -> frozenset[str]:
    """The words one of which stands in whatever names a day in words."""
    return frozenset(_words("day", "either", "weekday", "short", "month", "unit", "dayofmonth"))


@cache
def _vocabulary() -> Mapping[str, str]:
    """English by spelling. "Sun", "mon" and their like, words of their own, stay apart from the full names by a ~."""
    plain = ("day", "either", "weekday", "month", "which", "filler", "unit", "shift", "ordinal", "dayofmonth")
    return {**_words(*plain), **{word: f"~{name}" for word, name in _words("short").items()}}


@cache
def _counts() -> Mapping[str, str]:
    """Whole numbers by counting word; "a" stays as it is."""
    return {
        word: row["value"]
        for row in lexicon.rows("numbers")
        if row["value"].isdigit() and row["sure"] != "scale"
        for word in lexicon.spellings(row["words"])
    }


@cache
def _phrases() -> re.Pattern[str]:
    """The forms in which a day is named, over English words and marks with one space between."""
    forms = {
        "fixed": "day after tomorrow|day before yesterday|today|tomorrow|yesterday|" + _distance(),
        "either": _one_of("either"),
        "weekday": r"(?:(?P<which>next|last|this|coming) (?:wale )?)?" + rf"(?P<name>{_weekday_name()})",
        "date": _day_and_month(),
        "dayofmonth": rf"(?P<number>{_DAY})(?: th)? tarikh",
    }
    return re.compile(rf"(?<!\S)(?:{'|'.join(f'(?P<{form}>{pattern})' for form, pattern in forms.items())})(?!\S)")


def _distance() -> str:
    # "In a day" and "in four years" say how often or how long, not when.
    count, units = r"0*[1-9]\d{0,2}", _one_of("unit")
    ahead = rf"(?P<within>in|after) {count} (?:{units})(?<!year)(?: from now)?"
    return rf"{ahead}|(?:{count}|an?) (?:{units}) (?:later|ago|from (?:now|today))"


def _weekday_name() -> str:
    """A full name anywhere; a short one where a neighbour says that it is no other word: "on sun", "sat ko"."""
    full = _one_of("weekday")
    before = "|".join(rf"(?<=\b{word} )" for word in "on by till until before next last this coming wale".split())
    return rf"{full}|(?:{before})~(?:{full})|~(?:{full})(?= (?:ko|tak|को|तक)(?!\S))"


def _day_and_month() -> str:
    # "Only 5 may be left" names no day, nor is the 20 of "on 5 nov 20 pads" a year.
    month = rf"(?:{_one_of('month')})(?!(?<=\bmay) (?:be|not|have|i|we|you|also|need|take|come)(?!\S))"
    end = rf"(?= (?:[.,;!?)]|{'|'.join(_words('near'))})(?!\S)|$)"
    number = rf"{_DAY}(?: th)?"
    year = rf"(?: (?:[,'] )?{_YEAR}(?!\S)| (?:' )?\d\d{end})?"
    return rf"{number} - {month}(?: - (?:{_YEAR}|\d\d))?|(?:{number}(?: of)? {month}|{month} {number}){year}"


def _one_of(kind: str) -> str:
    return "|".join(map(re.escape, dict.fromkeys(_words(kind).values())))


def _tense(tokens: Sequence[Token], start: int, hindi: bool) -> Tense:
    """The tense of the verb nearest to the day named at `start`: behind it in Hindi, before it in English."""
    at = bisect_left(tokens, start, key=_start)
    if at and tokens[at - 1].low in _words("until"):
        return "future"
    before, after = reversed(tokens[max(0, at - _VERB_REACH) : at]), tokens[at : at + _VERB_REACH]
    near = [*after, *before] if hindi else [*before, *after]
    return next(filter(None, map(_tense_of, near)), "")


def _start(token: Token) -> int:
    return token.start


def _tense_of(token: Token) -> Tense:
    if not token.is_word:
        return ""
    if token.low in _words("past"):
        return "past"
    if token.low in _words("future"):
        return "future"
    entry = find_hindi(token)
    return entry.tense if entry is not None else ""
