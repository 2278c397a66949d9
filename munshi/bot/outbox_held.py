"""What is held until the customer writes: released then, in its order, where it is still of use; and the templates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, or_, select, update

from munshi.bot.outbox_rows import TEMPLATE, Status
from munshi.bot.tables import outbox
from munshi.bot.turns import wake

OLDEST_ANSWER = timedelta(days=1)
"""The bot's words are not released later: prices, stock and orders have moved on, and the customer asks anew."""

OLDEST_WORD = timedelta(days=7)
"""Nor is what a person wrote."""

OLDEST_PROMISE = timedelta(days=30)
"""Where a template said that there is an answer, it is given so long after."""

_TAKEN: tuple[Status, ...] = ("sent", "delivered", "read")
_UNSENT: tuple[Status, ...] = ("waiting", "held")
_HELD = select(outbox.c.session_id).where(
    outbox.c.business == bindparam("whose"),
    outbox.c.part.is_not(None),
    outbox.c.session_id.in_(bindparam("chats", expanding=True)),
    outbox.c.status == "held",
)
_STALE = {"status": "dropped", "code": "stale", "detail": "it was held too long to be of use when the customer wrote"}


def reopen(db: Connection, business: str, session_ids: Collection[str]) -> None:
    """The customers of these chats have written: what was held back for that may be sent, and is not where it is old.

    What waits behind a held part goes with it: nobody gets half of an old answer.
    """
    chats = set(db.execute(_HELD, {"whose": business, "chats": list(session_ids)}).scalars())
    if not chats:
        return
    now = datetime.now(UTC)
    ours = (outbox.c.business == business, outbox.c.part.is_not(None), outbox.c.session_id.in_(chats))
    mine = (*ours, outbox.c.status.in_(_UNSENT))
    db.execute(update(outbox).where(*mine, _is_stale(now)).values({**_STALE, "released_at": now, "changed_at": now}))
    db.execute(update(outbox).where(*mine).values(status="waiting", released_at=now, changed_at=now))
    wake(db, business, "out", chats)


def let_go(db: Connection, id: int) -> None:
    """Have a held part tried again."""
    now = datetime.now(UTC)
    released = {"status": "waiting", "released_at": now, "changed_at": now}
    db.execute(update(outbox).where(outbox.c.id == id, outbox.c.status == "held").values(released))


def is_unread(db: Connection, business: str, session_id: str, received_at: datetime) -> bool:
    """Whether the bot's words were still held back when the message came that was received at this time."""
    late = (outbox.c.role == "bot", outbox.c.released_at >= received_at)
    return db.execute(select(outbox.c.id).where(*_of(business, session_id), *late).limit(1)).first() is not None


def is_there(db: Connection, business: str, session_id: str, *statuses: Status, after: int = 0) -> bool:
    """Whether a chat has parts in these states, templates not counted, queued later than the one of id `after`."""
    wanted = (outbox.c.status.in_(statuses), outbox.c.role != TEMPLATE, outbox.c.part.is_not(None), outbox.c.id > after)
    return db.execute(select(outbox.c.id).where(*_of(business, session_id), *wanted).limit(1)).first() is not None


def latest_template(db: Connection, business: str, session_id: str) -> Row[Any] | None:
    """The last template that was queued in a chat."""
    query = select(outbox).where(*_of(business, session_id), outbox.c.role == TEMPLATE)
    return db.execute(query.order_by(outbox.c.id.desc()).limit(1)).one_or_none()


def _is_stale(now: datetime) -> Any:
    template = outbox.alias()
    promised = exists().where(
        template.c.business == outbox.c.business,
        template.c.session_id == outbox.c.session_id,
        template.c.role == TEMPLATE,
        template.c.status.in_(_TAKEN),
        template.c.created_at > now - OLDEST_PROMISE,
    )
    answer = and_(outbox.c.role == "bot", outbox.c.created_at < now - OLDEST_ANSWER)
    word = and_(outbox.c.role == "person", outbox.c.created_at < now - OLDEST_WORD)
    return or_(outbox.c.created_at < now - OLDEST_PROMISE, and_(or_(answer, word), ~promised))


def _of(business: str, session_id: str) -> tuple[Any, ...]:
    return (outbox.c.business == business, outbox.c.session_id == session_id)
