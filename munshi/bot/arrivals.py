"""How messages are kept when they come in, one from a window or many from a webhook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from munshi.bot.message import Message, bounded, details, from_details
from munshi.bot.tables import inbox
from munshi.bot.turns import wake
from munshi.handlers.sealing import Sealer, new_sealer
from munshi.handlers.tables import DIALECTS

# Written once, not for each message: the driver puts many rows into one statement by itself.
_KEEP = {
    name: dialect.insert(inbox).on_conflict_do_nothing().returning(inbox.c.message_id, inbox.c.session_id)
    for name, dialect in DIALECTS.items()
}
_WAITING = (
    select(inbox)
    .where(
        inbox.c.business == bindparam("whose"),
        inbox.c.session_id == bindparam("chat"),
        inbox.c.done_at.is_(None),
        inbox.c.queued.is_(True),
    )
    .order_by(inbox.c.timestamp, inbox.c.received_at, inbox.c.message_id)
    .limit(bindparam("most"))
)
_ADDRESS = (
    select(inbox.c.user_id)
    .where(inbox.c.business == bindparam("whose"), inbox.c.session_id == bindparam("chat"))
    .order_by(inbox.c.received_at.desc())
    .limit(1)
)


def storable(text: str) -> str:
    """A text as every database takes it: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def enqueue(db: Connection, business: str, messages: Iterable[Message], settle: timedelta = timedelta(0)) -> list[str]:
    """Keep messages for a worker and have their chats looked into; returns the ids that were not there before.

    They are looked into after `settle`, so that one that was overtaken on its way comes to stand before the other.
    Of messages with one timestamp in one chat, the order that they are given in is the order they are answered in.
    """
    given = {bounded(message.id): message for message in reversed(tuple(messages))}
    # In one order everywhere: two requests that bring the same messages never wait for each other in a circle.
    ordered = sorted(given.items(), key=lambda item: (item[1].session_id, item[0]))
    sealers = {chat: new_sealer(db, business, bounded(chat)) for chat in sorted({m.session_id for m in given.values()})}
    now = datetime.now(UTC)
    places = {id: now + timedelta(microseconds=place) for place, id in enumerate(reversed(given))}
    rows = [
        {**row_of(business, message, sealers[message.session_id], queued=True), "received_at": places[id]}
        for id, message in ordered
    ]
    kept = db.execute(_KEEP[db.dialect.name], rows).all() if rows else ()
    wake(db, business, "in", {row.session_id for row in kept}, at=now + settle)
    fresh = {row.message_id for row in kept}
    return [id for id in reversed(given) if id in fresh]


def row_of(business: str, message: Message, sealing: Sealer, *, queued: bool) -> dict[str, Any]:
    """A message as its row of the inbox."""
    return {
        "business": business,
        "message_id": bounded(message.id),
        "session_id": bounded(message.session_id),
        "user_id": bounded(message.user_id),
        "channel": message.channel,
        "text": sealing.seal(storable(message.text)),
        "attachments": sealing.seal_json(list(message.attachments)),
        "timestamp": message.timestamp,
        "received_at": datetime.now(UTC),
        "details": sealing.seal_json(found) if (found := details(message)) else None,
        "trace": message.trace[:32],
        "queued": queued,
    }


def message_of(row: Row[Any], sealing: Sealer) -> Message:
    """The message again."""
    return Message(
        id=row.message_id,
        session_id=row.session_id,
        user_id=row.user_id,
        channel=row.channel,
        text=sealing.open(row.text),
        attachments=tuple(sealing.open_json(row.attachments) or ()),
        timestamp=row.timestamp,
        trace=row.trace,
        **from_details(sealing.open_json(row.details)),
    )


def waiting(db: Connection, business: str, session_id: str, *, limit: int) -> Sequence[Row[Any]]:
    """The rows of a chat that a worker has to answer, in the order that the customer wrote them."""
    return db.execute(_WAITING, {"whose": business, "chat": session_id, "most": limit}).all()


def chat_of(db: Connection, business: str, message_id: str) -> str | None:
    """The chat of a message that came in before; None for a new one."""
    query = select(inbox.c.session_id).where(inbox.c.business == business, inbox.c.message_id == bounded(message_id))
    return db.execute(query).scalar()


def address_of(db: Connection, business: str, session_id: str) -> str:
    """Where replies in a chat go: the `user_id` of its latest message; empty where there is none."""
    return db.execute(_ADDRESS, {"whose": business, "chat": session_id}).scalar() or ""


@dataclass(frozen=True, slots=True)
class Written:
    """When a customer last wrote, by the channel's clock, and when that came in."""

    at: datetime
    received_at: datetime


def last_written(db: Connection, business: str, session_id: str) -> Written | None:
    """When the customer of a chat last wrote; None where nothing is kept of it."""
    query = (
        select(inbox.c.timestamp, inbox.c.received_at)
        .where(inbox.c.business == business, inbox.c.session_id == session_id)
        .order_by(inbox.c.timestamp.desc())
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    return None if row is None else Written(row.timestamp, row.received_at)
