"""An effect happens once: what was confirmed is done under a key, and the key gives the first result ever after."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from munshi.bot.audit_chain import canonical
from munshi.bot.state import from_json, to_json
from munshi.bot.tables import effects
from munshi.handlers.base import Reply
from munshi.handlers.sealing import new_sealer, sealer


class ConflictError(Exception):
    """The key was used for another request: nothing was done."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was confirmed: which operation of which chat, in which form (`form` names it), with which values."""

    session_id: str
    operation: str
    form: str
    values: Mapping[str, str]

    @property
    def key(self) -> str:
        """The idempotency key: SHA-256, in hexadecimal, of chat, operation and form, without the values."""
        return _digest({"form": self.form, "operation": self.operation, "session": self.session_id})

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the values: under one key only the same may come again."""
        return _digest(dict(self.values))


def once(db: Connection, business: str, request: Request, do: Callable[[], Reply]) -> Reply:
    """The result of a request: done now, inside the caller's transaction, or what came of it the first time.

    Two at the same time: the database lets the second wait until the first is committed. Raises ConflictError where
    the key was used with other values.
    """
    mine = (effects.c.business == business, effects.c.key == request.key)
    first = db.execute(_claim(db, business, request)).first() is not None
    sealing = new_sealer(db, business, request.session_id)
    if first:
        reply = do()
        db.execute(update(effects).where(*mine).values(reply=sealing.seal_json(to_json(reply))))
        return reply
    row = db.execute(select(effects.c.request, effects.c.reply).where(*mine)).one()
    if row.request != request.fingerprint:
        raise ConflictError(f"{request.operation}: this key was used for another request")
    return from_json(Reply, sealer(db, business, request.session_id).open_json(row.reply))


def _claim(db: Connection, business: str, request: Request) -> Any:
    """Take the key, which comes back where nobody has it."""
    values = {
        "business": business,
        "key": request.key,
        "session_id": request.session_id,
        "operation": request.operation,
        "request": request.fingerprint,
        "reply": "",
        "at": datetime.now(UTC),
    }
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    return dialect.insert(effects).values(values).on_conflict_do_nothing().returning(effects.c.key)


def _digest(values: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical(values).encode()).hexdigest()
