"""Whose turn it is: a row for each chat and lane, which one worker holds at a time, for as long as its lease runs.

A lane is a direction: "in" for messages to be answered, "out" for parts to be sent. A row is due when there is
something to do; taking it moves that time to the end of the lease, so that a worker that dies gives everything back by
itself. What it held is known by its process's name, with which the tokens begin, so that whoever sees it dead need not
wait for that. Two workers in one chat are thereby rare, not impossible: that an effect is had once is kept by the
transactions (`Store.finish`, `Store.save_state`, `once`), not by the lease.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Select, bindparam, func, select, update

from munshi.bot.tables import turns
from munshi.handlers.news import note
from munshi.handlers.tables import DIALECTS

Lane = Literal["in", "out"]

# Statements that are run several times for each message are written once: to write one takes longer than to run it.
_LANE = (turns.c.business == bindparam("whose"), turns.c.lane == bindparam("which"))
_NEXT = select(turns.c.session_id).where(*_LANE, turns.c.due_at <= bindparam("now")).order_by(turns.c.due_at).limit(1)
_THIS = (*_LANE, turns.c.session_id == bindparam("chat"))
_LOCKED = select(turns.c.token).where(*_THIS).with_for_update()
_MINE = update(turns).where(*_THIS, turns.c.token == bindparam("taken"))


def _waking(adding: Any) -> Any:
    """One row, or as many as are given; one that is there keeps the time at which it is due."""
    return adding.on_conflict_do_update(
        index_elements=[turns.c.business, turns.c.lane, turns.c.session_id],
        set_={"due_at": func.coalesce(turns.c.due_at, adding.excluded.due_at)},
    )


_WAKE = {name: _waking(dialect.insert(turns)) for name, dialect in DIALECTS.items()}


def _claiming(chosen: Select[Any]) -> Any:
    return (
        update(turns)
        .where(*_LANE, turns.c.session_id == chosen.scalar_subquery())
        .values(token=bindparam("taken"), due_at=bindparam("until"), tries=turns.c.tries + 1)
        .returning(turns.c.session_id, turns.c.tries)
    )


_CLAIMS = {False: _claiming(_NEXT), True: _claiming(_NEXT.with_for_update(skip_locked=True))}
"""By whether rows that others hold can be passed over."""

LEASE = timedelta(seconds=20)
"""How long a chat waits for a worker whose end nobody saw: one of another computer, or one that is stuck."""

_TOKEN_CHARS = 32


@dataclass(frozen=True, slots=True)
class Claim:
    """A chat in hand. `tries` counts the claims since something in it was last brought to an end, this one too."""

    business: str
    lane: Lane
    session_id: str
    token: str
    tries: int


def wake(db: Connection, business: str, lane: Lane, session_ids: Iterable[str], *, at: datetime | None = None) -> None:
    """Have chats looked into from `at` on (now); one that is due, in hand or waiting for a next try stays as it is."""
    due = at or datetime.now(UTC)
    rows = [
        {"business": business, "lane": lane, "session_id": session_id, "due_at": due, "tries": 0}
        for session_id in sorted(
            set(session_ids)
        )  # in one order everywhere: two that wake the same never block each other
    ]
    if not rows:
        return
    note(db, lane)
    db.execute(_WAKE[db.dialect.name], rows)


def hurry(db: Connection, business: str, lane: Lane, session_id: str) -> None:
    """Have a chat looked into now, also where its next try would be later."""
    wake(db, business, lane, (session_id,))
    free = (*_row(business, lane, session_id), turns.c.token.is_(None))
    db.execute(update(turns).where(*free).values(due_at=datetime.now(UTC)))


def is_due(db: Connection, business: str, lane: Lane) -> bool:
    """Whether a claim would find something; it takes no lock."""
    looked_for = {"whose": business, "which": lane, "now": datetime.now(UTC)}
    return db.execute(_NEXT, looked_for).first() is not None


def claim(db: Connection, business: str, lane: Lane, *, holder: str = "", lease: timedelta = LEASE) -> Claim | None:
    """Take the chat that has been due longest; None where none is. No two workers get the same.

    `holder` is the name of the process that takes it, twelve characters at most.
    """
    now = datetime.now(UTC)
    token = f"{holder}{uuid.uuid4().hex}"[:_TOKEN_CHARS]
    given = {"whose": business, "which": lane, "now": now, "taken": token, "until": now + lease}
    row = db.execute(_CLAIMS[db.dialect.name == "postgresql"], given).first()
    return None if row is None else Claim(business, lane, row.session_id, token, row.tries)


def renew(db: Connection, held: Claim, *, lease: timedelta = LEASE) -> bool:
    """Hold on to a chat; False where it was given to another meanwhile."""
    return db.execute(_MINE, {**_named(held), "due_at": datetime.now(UTC) + lease}).rowcount == 1


def lock(db: Connection, held: Claim) -> bool:
    """Keep everybody out of the row until this transaction ends; False where it was given to another meanwhile.

    What is looked up after it is as it will be when the chat is released: whoever adds work touches the row afterwards.
    """
    return db.execute(_LOCKED, _named(held)).scalar() == held.token


def release(db: Connection, held: Claim, *, due: datetime | None, done: bool) -> None:
    """Give a chat back: due again at `due`, or (None) when something is added. `done` counts its tries from nothing."""
    begun_anew = {"tries": 0} if done else {}
    db.execute(_MINE, {**_named(held), "token": None, "due_at": due, **begun_anew})


def held_by(db: Connection, business: str, holder: str) -> list[Claim]:
    """What a process has in hand, in both lanes, on leases that still run."""
    query = select(turns.c.lane, turns.c.session_id, turns.c.token, turns.c.tries).where(
        turns.c.business == business,
        turns.c.lane.in_(get_args(Lane)),
        turns.c.due_at > datetime.now(UTC),
        turns.c.token.startswith(holder, autoescape=True),
    )
    return [Claim(business, row.lane, row.session_id, row.token, row.tries) for row in db.execute(query)]


def give_back(db: Connection, held: Claim, *, due: datetime) -> None:
    """Give a chat back as if it had not been taken."""
    untaken = _MINE.values(tries=func.coalesce(turns.c.tries, 1) - 1)
    db.execute(untaken, {**_named(held), "token": None, "due_at": due})


def in_hand(db: Connection, business: str, lane: Lane, session_id: str) -> bool:
    """Whether a worker holds the chat, on a lease that still runs."""
    held = (turns.c.token.is_not(None), turns.c.due_at > datetime.now(UTC))
    return db.execute(select(turns.c.token).where(*_row(business, lane, session_id), *held)).first() is not None


def _row(business: str, lane: Lane, session_id: Any) -> tuple[Any, ...]:
    return (turns.c.business == business, turns.c.lane == lane, turns.c.session_id == session_id)


def _named(held: Claim) -> dict[str, Any]:
    return {"whose": held.business, "which": held.lane, "chat": held.session_id, "taken": held.token}
