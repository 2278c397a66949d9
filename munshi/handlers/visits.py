"""Visits to a branch: times within its opening hours, of which each takes so many visitors and never one more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Column, Connection, Integer, String, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from munshi.handlers.base import BusinessProfile
from munshi.handlers.branch_hours import at_branch
from munshi.handlers.opening import spans
from munshi.handlers.personal import NOT_PERSONAL
from munshi.handlers.rows import Branch
from munshi.handlers.tables import UtcDateTime, metadata

visit_times = Table(
    "visit_times",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("branch", String(120), primary_key=True),  # its code
    Column("starts_at", UtcDateTime(), primary_key=True),
    Column("taken", Integer, nullable=False),
    info=NOT_PERSONAL,  # who comes stands in the ticket
)

NOTICE = timedelta(hours=1)
"""A visit begins no sooner than that."""


@dataclass(frozen=True, slots=True)
class Times:
    """How visits are parted: so many `minutes` each, `capacity` at a time, up to `days` ahead."""

    minutes: int
    capacity: int
    days: int


def offered(profile: BusinessProfile, branch: Branch, times: Times, now: datetime) -> Iterator[datetime]:
    """Every time at a branch, booked or not, earliest first: within its hours, on no holiday, none too soon."""
    there, today = at_branch(profile, branch), now.astimezone(profile.timezone).date()
    for ahead in range(times.days + 1):
        for start in _of_day(there, today + timedelta(days=ahead), times.minutes):
            if start >= now + NOTICE:
                yield start


def free(
    db: Connection, business: str, profile: BusinessProfile, branch: Branch, times: Times, now: datetime
) -> list[datetime]:
    """The times at a branch that can still be booked."""
    full = select(visit_times.c.starts_at).where(
        visit_times.c.business == business,
        visit_times.c.branch == branch.code,
        visit_times.c.taken >= times.capacity,
    )
    taken = set(db.execute(full).scalars())
    return [start for start in offered(profile, branch, times, now) if start not in taken]


def book(db: Connection, business: str, branch: str, starts_at: datetime, capacity: int) -> bool:
    """Take a place at a time inside the caller's transaction; False where none is left, and nothing was changed."""
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    row = {"business": business, "branch": branch, "starts_at": starts_at}
    db.execute(dialect.insert(visit_times).values(**row, taken=0).on_conflict_do_nothing())
    mine = [visit_times.c[name] == value for name, value in row.items()]
    # The statement that counts is the one that checks: two who come at once cannot both have the last place.
    place = update(visit_times).where(*mine, visit_times.c.taken < capacity).values(taken=visit_times.c.taken + 1)
    return db.execute(place).rowcount == 1


def _of_day(profile: BusinessProfile, on: date, minutes: int) -> Iterator[datetime]:
    length = timedelta(minutes=minutes)
    for opens, closes in spans(profile, on):
        start = datetime.combine(on, opens, profile.timezone)
        while start + length <= datetime.combine(on, closes, profile.timezone):
            yield start
            start += length
