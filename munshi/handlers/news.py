"""What a transaction changes that somebody may be waiting for: noted inside it, told once it is committed."""

from __future__ import annotations

from sqlalchemy import Connection

TICKETS = "tickets"
"""Told of what a person of the business should see: tickets, and what customers write where a person has the chat."""

_KEY = "munshi_news"


def note(db: Connection, name: str) -> None:
    """Have `name` told when the transaction is committed by who tells (`Store.transaction`)."""
    db.info.setdefault(_KEY, {})[name] = None


def take_noted(db: Connection) -> tuple[str, ...]:
    """What was noted since it was last asked, each once, in its order."""
    return tuple(db.info.pop(_KEY, ()))
