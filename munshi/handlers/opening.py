"""When the shop is open: spans of a day, and the next time it opens or closes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from munshi.handlers.base import BusinessProfile, Phrases
from munshi.handlers.when import clock, day

_LOOK_AHEAD_DAYS = 60

Span = tuple[time, time]
"""Opens, closes."""


@dataclass(frozen=True, slots=True)
class OpenState:
    """How it stands at a moment: open until `closes`, or closed until `opens`; neither where no hours are known."""

    closes: time | None = None
    opens: datetime | None = None


def spans(profile: BusinessProfile, on: date) -> tuple[Span, ...]:
    """The opening hours of a day, earliest first; none on a holiday."""
    if holiday(profile, on):
        return ()
    return tuple(sorted((h.opens, h.closes) for h in profile.hours if h.weekday == on.weekday()))


def holiday(profile: BusinessProfile, on: date) -> str:
    """What the shop is closed for on a day; empty on others."""
    return next((name for iso, name in profile.holidays if iso == on.isoformat()), "")


def state(profile: BusinessProfile, now: datetime) -> OpenState:
    """Whether it is open at `now`, an aware time."""
    now = now.astimezone(profile.timezone)
    for opens, closes in spans(profile, now.date()):
        if opens <= now.time() < closes:
            return OpenState(closes=closes)
    return OpenState(opens=_next_opening(profile, now))


def _next_opening(profile: BusinessProfile, now: datetime) -> datetime | None:
    for ahead in range(_LOOK_AHEAD_DAYS):
        on = now.date() + timedelta(days=ahead)
        for opens, _ in spans(profile, on):
            moment = datetime.combine(on, opens, profile.timezone)
            if moment > now:
                return moment
    return None


def opens_in_words(phrases: Phrases, language: str, opens: datetime, now: datetime) -> str:
    """Write "today at 4 pm", "tomorrow at 10 am", "Monday at 10 am" or "26 Jan 2027 at 10 am"."""
    ahead = (opens.date() - now.astimezone(opens.tzinfo).date()).days
    at = clock(opens.time())
    if ahead == 0:
        return phrases("opens_today", language, time=at)
    if ahead == 1:
        return phrases("opens_tomorrow", language, time=at)
    name = phrases(f"weekday_{opens.weekday()}", language) if ahead < 7 else day(opens.date())
    return phrases("opens_on", language, day=name, time=at)


def closed_note(phrases: Phrases, language: str, profile: BusinessProfile, now: datetime) -> str:
    """When the shop opens, for whoever is to wait for a person; empty while it is open, or where no hours are known."""
    opens = state(profile, now).opens
    if opens is None:
        return ""
    return phrases("person_unavailable_hours", language, opens=opens_in_words(phrases, language, opens, now))


def span_in_words(found: tuple[Span, ...]) -> str:
    """10 am – 1 pm, 4 pm – 8 pm."""
    return ", ".join(f"{clock(opens)} – {clock(closes)}" for opens, closes in found)
