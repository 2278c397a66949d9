"""What was said in each chat, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from munshi.bot.arrivals import storable
from munshi.bot.tables import transcript
from munshi.handlers.personal import ERASED
from munshi.handlers.sealing import Sealer, sealer

Role = Literal["customer", "bot", "person"]

# Written once: to write a statement takes longer than to run it.
_OURS = transcript.c.business == bindparam("whose")
_THIS = (_OURS, transcript.c.session_id == bindparam("chat"))
_ADD = insert(transcript)
_WHOLE = select(transcript).where(*_THIS).order_by(transcript.c.id)
_LATEST = select(transcript).where(*_THIS).order_by(transcript.c.id.desc()).limit(bindparam("most"))
_LAST = select(func.max(transcript.c.id)).where(*_THIS)
_CHATS = (
    select(transcript.c.session_id).where(_OURS).group_by(transcript.c.session_id).order_by(func.min(transcript.c.id))
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript; `reply` is the bot's whole reply as JSON, None for what people wrote."""

    id: int
    role: Role
    text: str
    at: datetime
    reply: Mapping[str, Any] | None = None


def add_line(
    db: Connection,
    business: str,
    session_id: str,
    role: Role,
    text: str,
    reply: Mapping[str, Any] | None,
    sealing: Sealer,
) -> int:
    """Write one line; returns its id."""
    row = {
        "business": business,
        "session_id": session_id,
        "role": role,
        "text": sealing.seal(storable(text)),
        "reply": None if reply is None else sealing.seal_json(reply),
        "at": datetime.now(UTC),
    }
    key = db.execute(_ADD, row).inserted_primary_key
    return int(key[0]) if key else 0


def latest_lines(db: Connection, business: str, session_id: str, most: int) -> list[Line]:
    """The latest lines of a chat, oldest first."""
    rows = db.execute(_LATEST, {"whose": business, "chat": session_id, "most": most}).all()
    return opened(db, business, session_id, reversed(rows))


def last_line(db: Connection, business: str, session_id: str) -> int:
    """The id of a chat's last line, 0 where it has none."""
    return int(db.execute(_LAST, {"whose": business, "chat": session_id}).scalar() or 0)


def chats(db: Connection, business: str) -> list[str]:
    """The chats that something was said in; the one that began first comes first."""
    return list(db.execute(_CHATS, {"whose": business}).scalars())


def kept_lines(db: Connection, business: str, session_id: str) -> list[Line]:
    """A whole chat but for the lines that were erased."""
    rows = db.execute(_WHOLE, {"whose": business, "chat": session_id}).all()
    return [line for line in opened(db, business, session_id, rows) if line.text != ERASED]


def opened(db: Connection, business: str, session_id: str, rows: Iterable[Row[Any]]) -> list[Line]:
    """Rows of one chat, to be read."""
    sealing = sealer(db, business, session_id)
    return [Line(row.id, row.role, sealing.open(row.text), row.at, sealing.open_json(row.reply)) for row in rows]
