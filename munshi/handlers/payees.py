"""Payees: whom a customer may send money to by chat. They are added by a person, never in a chat.

A payee's place is an account, at this bank or elsewhere. From the moment it is known, or changed, it is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, RowMapping, String, Table, Text, insert, select, update

from munshi.handlers.customers import ACTIVE, CLOSED
from munshi.handlers.ledger import open_own
from munshi.handlers.personal import Rows, of_customers
from munshi.handlers.tables import UtcDateTime, metadata

payees = Table(
    "payees",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("payee_id", String(120), primary_key=True),  # as `code_key` spells it
    Column("customer_id", String(120), nullable=False, index=True),  # whose payee it is
    Column("name", Text, nullable=False),
    Column("nicknames", JSON, nullable=False),
    Column("number", String(120), nullable=False),  # the account, as it is written
    Column("ifsc", String(11), nullable=False),  # empty: an account of this bank
    Column("added_at", UtcDateTime(), nullable=False),
    Column("status", String(20), nullable=False),
    info=of_customers(Rows("payees", customer="customer_id")),
)

OUTGOING = "own:outgoing"
"""The bank's own account, through which money goes to other banks. No code of a file is spelt so."""


@dataclass(frozen=True, slots=True)
class Payee:
    """Someone a customer sends money to. `nicknames` are what the customer calls them ("landlord", "maa").

    `ifsc` is that of the other bank's branch, empty where the account is this bank's own. `added_at` is when the
    account was named: limits for new payees count from there.
    """

    payee_id: str
    customer_id: str
    name: str
    nicknames: tuple[str, ...]
    number: str
    ifsc: str
    added_at: datetime


def payees_of(db: Connection, business: str, customer_id: str) -> tuple[Payee, ...]:
    """A customer's payees, by name."""
    mine = (payees.c.business == business, payees.c.customer_id == customer_id, payees.c.status == ACTIVE)
    query = select(payees).where(*mine).order_by(payees.c.name, payees.c.payee_id)
    return tuple(_payee(row) for row in db.execute(query).mappings())


def take_up_payees(db: Connection, business: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Bring the payees to what their file says; one that is not in it any more is closed.

    A payee without a time in the file counts from now on, and so does one whose account, branch or customer has
    changed, whatever the file says: it is another place that the money goes to.
    """
    if rows:
        open_own(db, business, OUTGOING)
    now = datetime.now(UTC)
    known = {row["payee_id"]: row for row in db.execute(select(payees).where(payees.c.business == business)).mappings()}
    for row in rows:
        values = {name: row[name] for name in ("customer_id", "name", "number", "ifsc")}
        values |= {"nicknames": list(row["nicknames"]), "status": ACTIVE}
        was = known.pop(row["key"], None)
        if was is None:
            added_at = min(row["added_at"] or now, now)
            db.execute(insert(payees).values(business=business, payee_id=row["key"], added_at=added_at, **values))
            continue
        same = was["status"] == ACTIVE and all(was[name] == values[name] for name in ("customer_id", "number", "ifsc"))
        mine = (payees.c.business == business, payees.c.payee_id == row["key"])
        db.execute(update(payees).where(*mine).values(values if same else {**values, "added_at": now}))
    for gone in sorted(known):
        mine = (payees.c.business == business, payees.c.payee_id == gone)
        db.execute(update(payees).where(*mine).values(status=CLOSED))


def _payee(row: RowMapping) -> Payee:
    values = {name: value for name, value in row.items() if name not in ("business", "status")}
    return Payee(**{**values, "nicknames": tuple(values["nicknames"])})
