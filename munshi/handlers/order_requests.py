"""What was asked for about an order, once each: a second cancellation of one order is the first one again."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Column, Connection, String, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from munshi.handlers.columns import code_key
from munshi.handlers.personal import NOT_PERSONAL
from munshi.handlers.tables import metadata

order_requests = Table(
    "order_requests",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),  # of the order
    Column("kind", String(40), primary_key=True),
    Column("reference", String(20), nullable=False),  # of the ticket
    info=NOT_PERSONAL,
)


def ask_once(db: Connection, business: str, number: str, kind: str, leave: Callable[[], str]) -> tuple[str, bool]:
    """The reference of the ticket that `leave` makes, or of the first one, and whether it is new.

    Inside the caller's transaction; of two at once the second waits for the first.
    """
    mine = {"business": business, "key": code_key(number), "kind": kind}
    this = [order_requests.c[name] == value for name, value in mine.items()]
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    claim = dialect.insert(order_requests).values(**mine, reference="").on_conflict_do_nothing()
    if db.execute(claim.returning(order_requests.c.key)).first() is None:
        return str(db.execute(select(order_requests.c.reference).where(*this)).scalar_one()), False
    reference = leave()
    db.execute(update(order_requests).where(*this).values(reference=reference))
    return reference, True
