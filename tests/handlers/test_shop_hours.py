from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.apology import Apology
from munshi.bot.wording import Phrasebook
from munshi.handlers.base import BusinessProfile, Entity, Language, Reply, Turn
from munshi.handlers.hours_location import HoursLocation
from munshi.handlers.opening import opens_in_words, span_in_words, spans, state
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.talk_to_person import TalkToPerson
from munshi.handlers.when import clock, day

MONDAY = date(2026, 11, 23)
FOUNDERS_DAY = date(2026, 11, 25)  # a Wednesday


@pytest.fixture
def at(shop: BusinessProfile) -> Callable[..., datetime]:
    return lambda on, hour, minute=0: datetime.combine(on, time(hour, minute), shop.timezone)


@pytest.mark.parametrize(
    ("hour", "minute", "closes"),
    [(10, 0, time(13)), (12, 59, time(13)), (14, 0, time(20, 30)), (20, 29, time(20, 30))],
)
def test_open_until(shop: BusinessProfile, at: Callable[..., datetime], hour: int, minute: int, closes: time) -> None:
    assert state(shop, at(MONDAY, hour, minute)).closes == closes


@pytest.mark.parametrize(
    ("days", "hour", "opens_days", "opens_hour"),
    [
        (0, 9, 0, 10),
        (0, 13, 0, 14),  # closing time is closed
        (0, 21, 1, 10),
        (1, 21, 3, 10),  # over the holiday
        (2, 11, 3, 10),  # on the holiday
        (5, 15, 7, 10),  # from Saturday over Sunday
    ],
)
def test_closed_until(
    shop: BusinessProfile, at: Callable[..., datetime], days: int, hour: int, opens_days: int, opens_hour: int
) -> None:
    moment = at(MONDAY + timedelta(days=days), hour)
    assert state(shop, moment).opens == at(MONDAY + timedelta(days=opens_days), opens_hour)
    assert state(shop, moment.astimezone(UTC)) == state(shop, moment)


def test_a_shop_that_never_opens(shop: BusinessProfile, at: Callable[..., datetime]) -> None:
    stands = state(replace(shop, hours=()), at(MONDAY, 11))
    assert (stands.closes, stands.opens) == (None, None)


@given(minutes=st.integers(0, 60 * 24 * 400))
def test_either_open_or_opening_later(shop: BusinessProfile, minutes: int) -> None:
    moment = datetime(2026, 11, 1, tzinfo=shop.timezone) + timedelta(minutes=minutes)
    stands = state(shop, moment)
    assert (stands.closes is None) != (stands.opens is None)
    if stands.opens is not None:
        assert stands.opens > moment
        assert state(shop, stands.opens).closes is not None


@pytest.mark.parametrize(
    ("days", "hour", "told"),
    [
        (0, 14, "today at 2 pm"),
        (1, 10, "tomorrow at 10 am"),
        (4, 10, "Friday at 10 am"),
        (7, 10, "30 Nov 2026 at 10 am"),
    ],
)
def test_the_next_opening_in_words(at: Callable[..., datetime], days: int, hour: int, told: str) -> None:
    opens = at(MONDAY + timedelta(days=days), hour)
    assert opens_in_words(Phrasebook(), "en", opens, at(MONDAY, 13)) == told


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (time(0), "12 am"),
        (time(0, 5), "12:05 am"),
        (time(12), "12 pm"),
        (time(20, 30), "8:30 pm"),
        (time(23, 59), "11:59 pm"),
    ],
)
def test_times_as_they_are_read(value: time, shown: str) -> None:
    assert clock(value) == shown


def test_days_and_spans_as_they_are_read(shop: BusinessProfile) -> None:
    assert day(date(2026, 11, 4)) == "4 Nov 2026"
    assert span_in_words(spans(shop, MONDAY)) == "10 am – 1 pm, 2 pm – 8:30 pm"
    assert spans(shop, FOUNDERS_DAY) == ()


# -- the handlers that tell it -----------------------------------------------------------------------------------------

Ask = Callable[..., Reply]


@pytest.fixture
def ask(services: Services, turn: Callable[..., Turn]) -> Ask:
    def reply(aspect: str, **changes: object) -> Reply:
        return HoursLocation(services, HandlerConfig("it", options={"aspect": aspect})).answer(turn("?", **changes))

    return reply


def on(day_: str) -> Entity:
    return Entity("date", day_, day_, 0, len(day_))


def test_the_hours_of_now_and_of_the_week(ask: Ask, at: Callable[..., datetime]) -> None:
    reply = ask("hours")
    for told in (
        "until 1 pm",
        "Monday – Friday: 10 am – 1 pm, 2 pm – 8:30 pm",
        "Saturday: 10 am – 2 pm",
        "Sunday: closed",
    ):
        assert told in reply.text
    assert "Founder's Day" in reply.text  # within the week
    assert reply.data == {"open": True}
    closed = ask("hours", now=at(MONDAY, 22))
    assert "tomorrow at 10 am" in closed.text
    assert closed.data == {"open": False}


def test_the_hours_of_the_days_that_were_asked_about(ask: Ask) -> None:
    reply = ask("hours", entities=(on("2027-01-26"), on("2026-11-28"), on("2026-11-28")))
    assert reply.text.splitlines() == [
        "Saturday, 28 Nov 2026: 10 am – 2 pm.",
        "Tuesday, 26 Jan 2027: closed for Republic Day.",
    ]


def test_a_shop_without_hours_says_so(ask: Ask, shop: BusinessProfile) -> None:
    bare = replace(shop, hours=(), phone="", maps_url="")
    assert ask("hours", business=bare).text
    assert bare.address in ask("location", business=bare).text


@pytest.mark.parametrize("language", ["en", "hi", "hinglish"])
def test_the_place(ask: Ask, shop: BusinessProfile, language: str) -> None:
    text = ask("location", language=language).text
    for told in (shop.address, shop.phone, shop.maps_url, "1 pm"):
        assert told in text


def test_a_person_is_called_and_the_hours_told_when_closed(
    services: Services, turn: Callable[..., Turn], at: Callable[..., datetime]
) -> None:
    handler = TalkToPerson(services, HandlerConfig("it"))
    reply = handler.answer(turn("  give me the owner  "))
    assert (reply.handover, "10 am" in reply.text) == ("give me the owner", False)
    assert "tomorrow at 10 am" in handler.answer(turn("call me", now=at(MONDAY, 22))).text


@pytest.mark.parametrize("language", ["en", "hi", "hinglish"])
def test_an_apology_tells_when_the_person_is_there(
    shop: BusinessProfile, at: Callable[..., datetime], language: Language
) -> None:
    def told(moment: datetime) -> str:
        return Apology(Phrasebook(), shop, lambda: moment)(language)

    by_day, by_night = told(at(MONDAY, 11)), told(at(MONDAY, 22))
    assert by_night.startswith(by_day)
    assert clock(time(10)) in by_night.removeprefix(by_day)


def test_the_reason_for_a_person_is_the_packs_or_the_customers(services: Services, turn: Callable[..., Turn]) -> None:
    own = TalkToPerson(services, HandlerConfig("it", options={"reason": "complaint", "note": {"en": "Keep the box."}}))
    reply = own.answer(turn("third time!", language="hi"))
    assert reply.handover == "complaint"
    assert reply.text.endswith("Keep the box.")
    plain = TalkToPerson(services, HandlerConfig("it"))
    assert len(plain.answer(turn("help " * 5000)).handover or "") <= 300
    assert plain.answer(turn("")).handover
