"""Who was erased: so that the next import of the shop's own files does not bring them back.

What is kept is a salted hash of each number they were known by. It tells nothing by itself; whoever has the database
and guesses a number can see whether the guess was right.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

from sqlalchemy import Column, Connection, String, Table, delete, insert, select, update

from munshi.handlers.columns import code_key
from munshi.handlers.personal import NOT_PERSONAL, Subject
from munshi.handlers.phones import to_e164
from munshi.handlers.tables import metadata, record_files

erased = Table(
    "erased",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Column("salt", String(32), nullable=False),
    info=NOT_PERSONAL,
)

NAMES_CUSTOMERS = {
    "customers": ("key", "phone"),
    "accounts": ("customer_id",),
    "orders": ("phone",),
    "payees": ("customer_id",),
    "cards": ("customer_id",),
}
"""The columns of each records file that name a customer."""


def keep_out(db: Connection, business: str, subject: Subject) -> None:
    """Remember a customer as erased, inside the caller's transaction."""
    salt = next(iter(_marks(db, business)), token_hex(16))
    known = _marks(db, business).get(salt, frozenset())
    for name in sorted(subject.customers | subject.phones):
        mark = _mark(salt, name)
        if mark not in known:
            db.execute(insert(erased).values(business=business, mark=mark, salt=salt))


def let_in(db: Connection, business: str, name: str) -> bool:
    """Forget that a customer number or phone was erased: the next import takes it up again. False where it was not."""
    wanted = [_mark(salt, spelled) for salt in _marks(db, business) for spelled in _spellings(name)]
    gone = db.execute(delete(erased).where(erased.c.business == business, erased.c.mark.in_(wanted))).rowcount
    if gone:
        db.execute(update(record_files).where(record_files.c.business == business).values(digest=""))
    return bool(gone)


def without_erased(
    db: Connection, business: str, table: str, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The rows of a records file but for those of customers who were erased."""
    marks, columns = _marks(db, business), NAMES_CUSTOMERS.get(table, ())
    if not marks or not columns:
        return rows
    return [row for row in rows if not _is_erased(marks, (str(row[column] or "") for column in columns))]


def _is_erased(marks: Mapping[str, frozenset[str]], names: Iterable[str]) -> bool:
    spelled = [one for name in names if name for one in _spellings(name)]
    return any(_mark(salt, one) in known for salt, known in marks.items() for one in spelled)


def _marks(db: Connection, business: str) -> dict[str, frozenset[str]]:
    """The marks by their salt: two who erase at the same time for the first time may make two."""
    found: dict[str, set[str]] = {}
    for row in db.execute(select(erased.c.salt, erased.c.mark).where(erased.c.business == business)):
        found.setdefault(row.salt, set()).add(row.mark)
    return {salt: frozenset(marks) for salt, marks in sorted(found.items())}


def _spellings(name: str) -> set[str]:
    """A number as a customer number, and as a phone where it is one."""
    spelled = {code_key(name)}
    with suppress(ValueError):
        spelled.add(to_e164(name))
    return spelled - {""}


def _mark(salt: str, name: str) -> str:
    return hmac.new(salt.encode(), name.encode("utf-8", "replace"), "sha256").hexdigest()
