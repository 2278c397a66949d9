"""Cards: whose they are, blocked in one statement, and never opened again by a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, String, Table, insert, select, update

from munshi.handlers.customers import ACTIVE, CLOSED
from munshi.handlers.personal import Rows, of_customers
from munshi.handlers.tables import UtcDateTime, metadata

cards = Table(
    "cards",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("card_id", String(120), primary_key=True),  # as `code_key` spells it
    Column("customer_id", String(120), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("last_four", String(4), nullable=False),
    Column("status", String(20), nullable=False),
    Column("blocked_at", UtcDateTime()),
    Column("reason", String(20), nullable=False),
    Column("replacement", String(20), nullable=False),  # the ticket under which a new one was asked for
    info=of_customers(Rows("cards", customer="customer_id")),
)

BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Card:
    """A card by its last four digits: no more of its number is ever known here.

    `blocked_at` is when it was blocked, None where the file had it so; `reason` is what for; `replacement` is the
    ticket of the new card that was asked for, empty where none was.
    """

    card_id: str
    customer_id: str
    kind: str
    last_four: str
    status: str
    blocked_at: datetime | None
    reason: str
    replacement: str


def cards_of(db: Connection, business: str, customer_id: str) -> tuple[Card, ...]:
    """A customer's cards that are not closed, by id."""
    mine = (cards.c.business == business, cards.c.customer_id == customer_id, cards.c.status != CLOSED)
    return tuple(map(_card, db.execute(select(cards).where(*mine).order_by(cards.c.card_id)).mappings()))


def block(
    db: Connection, business: str, customer_id: str, card_ids: Sequence[str], *, reason: str, at: datetime
) -> frozenset[str]:
    """Block these of a customer's cards inside the caller's transaction; gives those that were active until now."""
    done = [
        card_id
        for card_id in sorted(card_ids)
        if db.execute(
            update(cards)
            .where(*_one(business, customer_id, card_id), cards.c.status == ACTIVE)
            .values(status=BLOCKED, blocked_at=at, reason=reason)
        ).rowcount
    ]
    return frozenset(done)


def claim_replacement(db: Connection, business: str, customer_id: str, card_id: str) -> bool:
    """Whether the blocked card may be replaced, and nobody has asked for that before: from here on somebody has."""
    mine = (*_one(business, customer_id, card_id), cards.c.status == BLOCKED, cards.c.replacement == "")
    return db.execute(update(cards).where(*mine).values(replacement="-")).rowcount == 1


def set_replacement(db: Connection, business: str, customer_id: str, card_id: str, reference: str) -> None:
    """Note the ticket under which a new card was asked for."""
    db.execute(update(cards).where(*_one(business, customer_id, card_id)).values(replacement=reference))


def take_up_cards(db: Connection, business: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Bring the cards to what their file says, inside the caller's transaction.

    A card that is blocked stays so whatever the file says; one that is gone from the file is closed.
    """
    mine = cards.c.business == business
    known = {row.card_id: row.status for row in db.execute(select(cards.c.card_id, cards.c.status).where(mine))}
    for row in rows:
        card_id, values = row["key"], {name: row[name] for name in ("customer_id", "kind", "last_four", "status")}
        if card_id not in known:
            new = {**values, "blocked_at": None, "reason": "", "replacement": ""}
            db.execute(insert(cards).values(business=business, card_id=card_id, **new))
            continue
        if known[card_id] == BLOCKED and values["status"] == ACTIVE:
            del values["status"]
        db.execute(update(cards).where(mine, cards.c.card_id == card_id).values(values))
    for gone in sorted(known.keys() - {row["key"] for row in rows}):
        db.execute(update(cards).where(mine, cards.c.card_id == gone).values(status=CLOSED))


def _one(business: str, customer_id: str, card_id: str) -> tuple[Any, ...]:
    return (cards.c.business == business, cards.c.customer_id == customer_id, cards.c.card_id == card_id)


def _card(row: RowMapping) -> Card:
    return Card(**{name: value for name, value in row.items() if name != "business"})
