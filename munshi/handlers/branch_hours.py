"""When a branch is open: the business's days and holidays, with the branch's own hours where it has some."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from munshi.handlers.base import BusinessProfile, OpeningHours
from munshi.handlers.opening import Span
from munshi.handlers.rows import Branch


def hours_of(branch: Branch) -> Span | None:
    """The branch's own hours of a working day; None where the business's hold."""
    if not branch.hours:
        return None
    opens, _, closes = branch.hours.partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


def at_branch(profile: BusinessProfile, branch: Branch) -> BusinessProfile:
    """The business as it is at a branch, for whatever asks when it is open."""
    own = hours_of(branch)
    if own is None:
        return profile
    days = sorted({each.weekday for each in profile.hours})
    return replace(profile, hours=tuple(OpeningHours(day, *own) for day in days))
