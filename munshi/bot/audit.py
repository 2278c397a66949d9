"""The audit: what was done and why, as a chain in which every record holds the hash of the one before.

A record is written inside the transaction of what it tells of: there is no effect without its record, and no record
of what was rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from munshi.bot.audit_chain import Record, canonical, genesis, link
from munshi.bot.tables import audit, audit_heads

_PAGE = 5000

# Written once: to write a statement takes longer than to run it.
_MINE = audit_heads.c.business == bindparam("whose")
_HEAD = select(audit_heads.c.seq, audit_heads.c.hash).where(_MINE)
_LOCKED_HEAD = _HEAD.with_for_update()
_MOVE_HEAD = update(audit_heads).where(_MINE)


class Audit:
    """The audit of one business. Appending is safe with many workers: the head's row is taken first."""

    def __init__(self, business: str, versions: Callable[[], Mapping[str, str]] = dict) -> None:
        """`versions` names the parts that are at work: the program, the model, the papers."""
        self.business = business
        self._versions = versions

    def append(self, db: Connection, kind: str, data: Mapping[str, Any], *, at: datetime | None = None) -> Record:
        """Write a record inside the caller's transaction; call it last, others wait for the end of the transaction.

        `data` holds what JSON can, and nothing in a customer's own words: a record cannot be forgotten. Raises
        NotCanonicalError on anything that JSON does not know.
        """
        versions = dict(self._versions())
        seq, previous = self._take_head(db)
        when = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
        body = canonical({"at": when, "data": dict(data), "kind": kind, "seq": seq + 1, "versions": versions})
        made = Record(seq + 1, previous, link(previous, body), body)
        db.execute(insert(audit), {"business": self.business, **_row(made)})
        db.execute(_MOVE_HEAD, {"whose": self.business, "seq": made.seq, "hash": made.hash})
        return made

    def _take_head(self, db: Connection) -> tuple[int, str]:
        """The end of the chain, locked until the transaction ends; at the very first record it is made."""
        row = db.execute(_LOCKED_HEAD, {"whose": self.business}).one_or_none()
        if row is None:
            with suppress(IntegrityError), db.begin_nested():  # where another worker has just made it, theirs is taken
                db.execute(insert(audit_heads).values(business=self.business, seq=0, hash=genesis(self.business)))
            row = db.execute(_LOCKED_HEAD, {"whose": self.business}).one()
        return row.seq, row.hash

    def head(self, db: Connection) -> tuple[int, str]:
        """How many records there are, and the hash of the last, by what the audit itself remembers."""
        row = db.execute(_HEAD, {"whose": self.business}).one_or_none()
        return (0, genesis(self.business)) if row is None else (row.seq, row.hash)

    def records(self, db: Connection, *, after: int = 0) -> Iterator[Record]:
        """The records from `after` on, in the order of their numbers, a page of some thousand at a time."""
        while True:
            query = (
                select(audit.c.seq, audit.c.previous, audit.c.hash, audit.c.body)
                .where(audit.c.business == self.business, audit.c.seq > after)
                .order_by(audit.c.seq)
                .limit(_PAGE)
            )
            rows = db.execute(query).all()
            for row in rows:
                yield Record(*row)
            if len(rows) < _PAGE:
                return
            after = rows[-1].seq


def _row(record: Record) -> dict[str, Any]:
    return {"seq": record.seq, "previous": record.previous, "hash": record.hash, "body": record.body}
