"""When the shop is open and where it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from munshi.handlers.base import BusinessProfile, Reply, Slot, Turn
from munshi.handlers.faq import from_papers
from munshi.handlers.opening import holiday, opens_in_words, span_in_words, spans, state
from munshi.handlers.options import one_of
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.when import clock, day

_HOLIDAY_NOTICE_DAYS = 7


class HoursLocation:
    """The option `aspect` is `hours` or `location`."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots: tuple[Slot, ...] = ()
        self._services = services
        self._phrases = services.phrases
        self._aspect = one_of(config, "aspect", ("hours", "location"))

    def answer(self, turn: Turn) -> Reply:
        """Hours: those of the days that were asked about, else now and the week. Location: address, phone, map.

        What the papers know of a place ("is there parking") goes before the address.
        """
        data = {"open": state(turn.business, turn.now).closes is not None}
        if self._aspect == "hours":
            return Reply("\n".join(self._hours(turn)), data=data)
        known = from_papers(self._services, turn.query or turn.text, turn.language)
        if turn.business.address.partition(",")[0] in known.text:
            known = Reply("")
        text = "\n\n".join(filter(None, (known.text, "\n".join(self._location(turn)))))
        return Reply(text, citations=known.citations, data=data)

    def _location(self, turn: Turn) -> Iterator[str]:
        shop, language = turn.business, turn.language
        yield self._phrases("location_address", language, address=shop.address)
        if shop.phone:
            yield self._phrases("location_phone", language, phone=shop.phone)
        if shop.maps_url:
            yield self._phrases("location_map", language, maps_url=shop.maps_url)
        yield from self._now(turn)

    def _hours(self, turn: Turn) -> Iterator[str]:
        if not turn.business.hours:
            yield self._phrases("hours_unknown", turn.language)
            return
        asked = _days_asked(turn)
        if asked:
            yield from (self._on(turn, on) for on in asked)
            return
        yield from self._now(turn)
        yield self._phrases("hours_week", turn.language)
        yield from self._week(turn)
        yield from (self._on(turn, on) for on in _holidays_ahead(turn))

    def _now(self, turn: Turn) -> Iterator[str]:
        stands = state(turn.business, turn.now)
        if stands.closes is not None:
            yield self._phrases("hours_open_now", turn.language, closes=clock(stands.closes))
        elif stands.opens is not None:
            opens = opens_in_words(self._phrases, turn.language, stands.opens, turn.now)
            yield self._phrases("hours_closed_now", turn.language, opens=opens)
        elif turn.business.hours:
            yield self._phrases("hours_closed_for_now", turn.language)

    def _on(self, turn: Turn, on: date) -> str:
        found = spans(turn.business, on)
        name = f"{self._phrases(f'weekday_{on.weekday()}', turn.language)}, {day(on)}"
        hours = span_in_words(found) or self._phrases("hours_none", turn.language)
        if reason := holiday(turn.business, on):
            hours = self._phrases("hours_holiday", turn.language, holiday=reason)
        return self._phrases("hours_on_day", turn.language, day=name, hours=hours)

    def _week(self, turn: Turn) -> Iterator[str]:
        """Days one after another with the same hours share a line."""
        week = ((weekday, _usual(turn.business, weekday)) for weekday in range(7))
        for hours, group in groupby(week, key=lambda entry: entry[1]):
            weekdays = [weekday for weekday, _ in group]
            ends = dict.fromkeys((weekdays[0], weekdays[-1]))
            days = " – ".join(self._phrases(f"weekday_{weekday}", turn.language) for weekday in ends)
            hours = hours or self._phrases("hours_none", turn.language)
            yield self._phrases("hours_line", turn.language, days=days, hours=hours)


def _usual(profile: BusinessProfile, weekday: int) -> str:
    return span_in_words(tuple(sorted((h.opens, h.closes) for h in profile.hours if h.weekday == weekday)))


def _days_asked(turn: Turn) -> list[date]:
    named = dict.fromkeys(entity.value for entity in turn.entities if entity.kind == "date")
    return sorted(date.fromisoformat(value) for value in named)


def _holidays_ahead(turn: Turn) -> list[date]:
    today = turn.now.astimezone(turn.business.timezone).date()
    soon = (today + timedelta(days=ahead) for ahead in range(_HOLIDAY_NOTICE_DAYS))
    return [on for on in soon if holiday(turn.business, on)]
