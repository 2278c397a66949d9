"""The rows of the outbox: lines that a window asks for, and parts that a sender sends over a channel's API.

A part is `waiting` until it was taken by the provider (`sent`, then `delivered`, `read`), `held` until the customer
writes again, `dead` where it was given up, `dropped` where a person did not want it sent.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from munshi.bot.channel import DeliveryStatus, Part
from munshi.bot.tables import outbox, transcript
from munshi.bot.turns import wake
from munshi.handlers.sealing import new_sealer

logger = logging.getLogger(__name__)

Status = Literal["waiting", "sent", "delivered", "read", "held", "dead", "dropped"]
Author = Literal["bot", "person", "template"]
TEMPLATE: Author = "template"
"""What asks a customer to write again is nobody's words; it goes before all that waits for that."""

_UNSENT: tuple[Status, ...] = ("waiting", "held", "dead")
# What a status may replace: it is told again, late and in any order, and never takes back a later one.
_REPLACES: dict[DeliveryStatus, tuple[Status, ...]] = {
    "sent": ("waiting",),
    "failed": ("waiting", "sent"),
    "delivered": (*_UNSENT, "sent"),
    "read": (*_UNSENT, "sent", "delivered"),
}

# Written once: to write a statement takes longer than to run it, and each part goes through several of them.
_THIS = outbox.c.id == bindparam("which")
_TRIED = update(outbox).where(_THIS).values(tries=outbox.c.tries + 1)
_WAITING = update(outbox).where(_THIS, outbox.c.status == "waiting")
_NEXT = (
    select(outbox)
    .where(
        outbox.c.business == bindparam("whose"),
        outbox.c.session_id == bindparam("chat"),
        outbox.c.status.in_(("waiting", "held")),
        outbox.c.part.is_not(None),
    )
    .order_by(outbox.c.role != TEMPLATE, outbox.c.id)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Queued:
    """What is put into the outbox: which line of which chat (None: a word that is in no transcript), by whom."""

    session_id: str
    channel: str
    line_id: int | None
    role: Author = "bot"


def push_line(db: Connection, business: str, queued: Queued) -> None:
    """Queue a line for a window, which asks for it."""
    db.execute(insert(outbox), _row(business, queued))


def push_parts(db: Connection, business: str, queued: Queued, address: str, parts: Sequence[Part]) -> None:
    """Queue the parts of a line for a sender, in their order."""
    sealing = new_sealer(db, business, queued.session_id)
    for part in parts:
        sealed = {"address": sealing.seal(address), "part": sealing.seal_json(dict(part))}
        ref = uuid.uuid4().hex
        db.execute(insert(outbox), {**_row(business, queued), "ref": ref, **sealed})
        logger.info("Queued a part", extra={"ref": ref, "channel": queued.channel})
    if parts:
        wake(db, business, "out", (queued.session_id,))


def pending_lines(business: str, session_id: str) -> Any:
    """The lines that a chat's window has not shown yet, each with its row of the outbox as `queued`."""
    return (
        select(outbox.c.id.label("queued"), transcript)
        .join(transcript, transcript.c.id == outbox.c.line_id)
        .where(*_of(business, session_id), outbox.c.status == "waiting", outbox.c.part.is_(None))
        .order_by(outbox.c.id)
    )


def mark_shown(db: Connection, ids: Collection[int]) -> None:
    """Count lines as shown."""
    now = datetime.now(UTC)
    db.execute(update(outbox).where(outbox.c.id.in_(ids)).values(status="sent", sent_at=now, changed_at=now))


def unsent_lines(db: Connection, business: str, session_id: str) -> Sequence[Any]:
    """The lines of a chat of which a part was not sent: `line_id`, `status`, `detail`."""
    query = select(outbox.c.line_id, outbox.c.status, outbox.c.detail).where(
        *_of(business, session_id), outbox.c.line_id.is_not(None), outbox.c.status.in_((*_UNSENT, "dropped"))
    )
    return db.execute(query.order_by(outbox.c.id)).all()


def next_part(db: Connection, business: str, session_id: str) -> Row[Any] | None:
    """The first part of a chat that is not dealt with, waiting or held: a template before all others."""
    return db.execute(_NEXT, {"whose": business, "chat": session_id}).one_or_none()


def mark(db: Connection, id: int, status: Status, *, code: str | None = None, detail: str | None = None) -> None:
    """Deal with a part that waits; one whose status came meanwhile keeps that."""
    changed = {"status": status, "code": code, "detail": detail, "changed_at": datetime.now(UTC)}
    db.execute(_WAITING, {"which": id, **changed})


def drop(db: Connection, id: int, code: str, detail: str) -> None:
    """See to it that a part is not sent which waits or is held."""
    changed = {"status": "dropped", "code": code, "detail": detail, "changed_at": datetime.now(UTC)}
    db.execute(update(outbox).where(outbox.c.id == id, outbox.c.status.in_(("waiting", "held"))).values(changed))


def mark_sent(db: Connection, id: int, provider_id: str) -> None:
    """The provider has taken a part."""
    now = datetime.now(UTC)
    db.execute(_TRIED, {"which": id, "provider_id": provider_id[:200], "sent_at": now})
    mark(db, id, "sent")


def mark_tried(db: Connection, id: int, status: Status, code: str, detail: str) -> None:
    """The provider has not taken a part: it is as `status` says from here on, `waiting` for another try."""
    db.execute(_TRIED, {"which": id, "provider_id": None})
    mark(db, id, status, code=code[:60], detail=detail[:500])


def take_status(
    db: Connection,
    business: str,
    status: DeliveryStatus,
    values: Mapping[str, Any],
    *,
    ref: str,
    provider_id: str,
) -> str | None:
    """Write `values` into the part that a provider's status is about; its chat, None where the status is no news.

    The part is the one named `ref`, or else the one that the provider calls `provider_id`.
    """
    about = {"whose": business, "ours": ref, "theirs": provider_id}
    chat: str | None = db.execute(_told(status, bool(ref), bool(provider_id)), {**about, **values}).scalar()
    return chat


@cache
def _told(status: DeliveryStatus, by_ref: bool, by_id: bool) -> Any:
    ours, theirs = outbox.c.ref == bindparam("ours"), outbox.c.provider_id == bindparam("theirs")
    mine: tuple[Any, ...] = (
        outbox.c.business == bindparam("whose"),
        outbox.c.part.is_not(None),
        ours if by_ref else theirs,
        outbox.c.status.in_(_REPLACES[status]),
    )
    if by_ref and by_id:  # a part that was sent again is not what an earlier sending of it says
        mine = (*mine, outbox.c.provider_id.is_(None) | theirs)
    return update(outbox).where(*mine).returning(outbox.c.session_id)


def _row(business: str, queued: Queued) -> dict[str, Any]:
    return {
        "business": business,
        "session_id": queued.session_id,
        "channel": queued.channel,
        "line_id": queued.line_id,
        "role": queued.role,
        "status": "waiting",
        "tries": 0,
        "created_at": datetime.now(UTC),
    }


def _of(business: str, session_id: str) -> tuple[Any, ...]:
    return (outbox.c.business == business, outbox.c.session_id == session_id)
