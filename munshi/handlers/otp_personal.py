"""What is kept of the one-time codes that were sent to a customer, or asked for in a chat by whoever it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, or_, select

from munshi.handlers.personal import Row, SealerOf, Subject

STRANGER = "nobody:"
"""What the id begins with under which codes are counted for someone who is no customer."""

WINDOW = timedelta(hours=1)
"""Within it the codes to one customer for one purpose are limited; older ones are of no more use."""

_SECRET = ("business", "code_id", "fingerprint", "digest")


def fingerprint(binding: Mapping[str, str]) -> str:
    """SHA-256 of what a code is good for, whatever the order it is told in."""
    told = json.dumps(dict(binding), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


class CodesSent:
    """Codes by the customer they were for, and by the chat that they were to identify someone in."""

    title = "one-time codes"

    def kept(self, db: Connection, table: Table, business: str, subject: Subject, sealer_of: SealerOf) -> Iterator[Row]:
        """When each was sent, used and tried, without anything of the code itself."""
        del sealer_of
        query = select(table).where(_about(table, business, subject)).order_by(table.c.sent_at)
        for row in db.execute(query).mappings():
            yield {name: value for name, value in row.items() if name not in _SECRET}

    def erase(self, db: Connection, table: Table, business: str, subject: Subject) -> int:
        """Delete them, and with them what is left of strangers whose codes nobody can use any more."""
        counts = table.metadata.tables["code_counts"]
        erased = db.execute(delete(table).where(_about(table, business, subject))).rowcount
        stranger = table.c.customer_id.startswith(STRANGER)
        useless = table.c.sent_at <= datetime.now(UTC) - WINDOW
        db.execute(delete(table).where(table.c.business == business, stranger, useless))
        left = select(table.c.customer_id).where(table.c.business == business, stranger)
        db.execute(
            delete(counts).where(
                counts.c.business == business,
                counts.c.customer_id.startswith(STRANGER),
                counts.c.customer_id.not_in(left),
            )
        )
        return erased


def _about(table: Table, business: str, subject: Subject) -> ColumnElement[bool]:
    asked_in = [fingerprint({"chat": chat}) for chat in sorted(subject.chats)]
    named = or_(table.c.customer_id.in_(subject.customers), table.c.fingerprint.in_(asked_in))
    return and_(table.c.business == business, named)
