"""Whether a shop is open at a moment, in one line for the top of the window."""

from __future__ import annotations

from datetime import datetime, timedelta

from munshi.handlers.base import BusinessProfile, OpeningHours
from munshi.handlers.when import clock

_LOOK_AHEAD_DAYS = 14


def opening_line(profile: BusinessProfile, now: datetime) -> str:
    """`now` is an aware time in the business's zone; empty where the shop gives no hours."""
    today = _hours(profile, now)
    current = [span for span in today if span.opens <= now.time() < span.closes]
    if current:
        return f"Open now, until {clock(current[0].closes)}"
    if any(span.opens > now.time() for span in today):
        later = min(span.opens for span in today if span.opens > now.time())
        return f"Closed now. Opens today at {clock(later)}"
    for ahead in range(1, _LOOK_AHEAD_DAYS + 1):
        day = now + timedelta(days=ahead)
        if spans := _hours(profile, day):
            name = "tomorrow" if ahead == 1 else f"{day:%A}"
            return f"Closed now. Opens {name} at {clock(min(span.opens for span in spans))}"
    return ""


def _hours(profile: BusinessProfile, day: datetime) -> list[OpeningHours]:
    if any(holiday == day.date().isoformat() for holiday, _ in profile.holidays):
        return []
    return [span for span in profile.hours if span.weekday == day.weekday()]
