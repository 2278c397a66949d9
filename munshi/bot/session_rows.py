"""What is kept of each chat: its dialogue's state, whose chat it is, and who holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from munshi.bot.tables import sessions
from munshi.handlers.sealing import Sealer, sealer

# Written once: to write a statement takes longer than to run it, and each message runs several of them.
_THIS = (sessions.c.business == bindparam("whose"), sessions.c.session_id == bindparam("chat"))
_READ = select(sessions).where(*_THIS)
_HOLDER = select(sessions.c.held_by).where(*_THIS)
_KEEP = update(sessions).where(*_THIS, sessions.c.version == bindparam("seen"))
_MAKE = insert(sessions)


class StaleSessionError(Exception):
    """The chat has gone on since this turn began, or the message was answered: it must be thought over again."""


@dataclass(frozen=True, slots=True)
class Session:
    """What is kept of one chat. `held_by` names the person who holds it; `state` is the dialogue's own.

    `version` counts the times that the state was kept or the chat changed hands.
    """

    session_id: str
    channel: str
    customer_id: str | None
    held_by: str | None
    state: Mapping[str, Any]
    version: int = 0


def read_session(db: Connection, business: str, session_id: str, *, channel: str) -> Session:
    """What is kept of a chat; a new chat starts empty."""
    row = db.execute(_READ, {"whose": business, "chat": session_id}).one_or_none()
    if row is None:
        return Session(session_id, channel, None, None, {})
    state = sealer(db, business, session_id).open_json(row.state) or {}
    return Session(row.session_id, row.channel, row.customer_id, row.held_by, state, row.version)


def holder(db: Connection, business: str, session_id: str) -> str | None:
    """The person who holds a chat; None where the bot does."""
    name: str | None = db.execute(_HOLDER, {"whose": business, "chat": session_id}).scalar()
    return name


def save_state(db: Connection, business: str, session: Session, state: Mapping[str, Any], sealing: Sealer) -> None:
    """Keep the dialogue's state (see `Store.save_state`). Raises StaleSessionError."""
    now, sealed = datetime.now(UTC), sealing.seal_json(state)
    changed: dict[str, Any] = {"state": sealed, "version": session.version + 1, "updated_at": now}
    if session.customer_id is not None:
        changed["customer_id"] = session.customer_id
    which = {"whose": business, "chat": session.session_id, "seen": session.version}
    if db.execute(_KEEP, {**which, **changed}).rowcount == 0:
        if session.version:  # another turn was quicker, or the chat was erased
            raise StaleSessionError(session.session_id)
        _first_state(db, business, session, {**changed, "version": 1})


def _first_state(db: Connection, business: str, session: Session, values: Mapping[str, Any]) -> None:
    made = {
        **values,
        "business": business,
        "session_id": session.session_id,
        "channel": session.channel,
        "customer_id": session.customer_id,
        "held_by": session.held_by,
    }
    try:
        with db.begin_nested():
            db.execute(_MAKE, made)
    except IntegrityError as error:
        raise StaleSessionError(session.session_id) from error


def hold(db: Connection, business: str, session_id: str, person: str | None) -> None:
    """Give a chat to a person, or (None) back to the bot."""
    given = {"held_by": person, "version": sessions.c.version + 1, "updated_at": datetime.now(UTC)}
    db.execute(update(sessions).where(*_THIS).values(given), {"whose": business, "chat": session_id})
