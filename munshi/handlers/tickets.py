"""Tickets: what waits for a person. A handover asks for one, a finished form is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, Select, insert, select, update

from munshi.handlers.base import HandlerError
from munshi.handlers.news import TICKETS, note
from munshi.handlers.sealing import Sealer, new_sealer, sealer, sealers
from munshi.handlers.tables import tickets

TicketKind = Literal["handover", "form"]
TicketStatus = Literal["open", "claimed", "closed"]

MAX_TEXT_CHARS = 20_000
"""A longer reason or summary keeps its end, which is the latest that was said."""


class TicketError(HandlerError):
    """There is no such ticket, or it is in other hands."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One thing a person has to look at. `reference` is what the customer is told; `form` holds slot values by name."""

    id: int
    reference: str
    business: str
    session_id: str
    customer_id: str | None
    channel: str
    kind: TicketKind
    reason: str
    summary: str
    form: Mapping[str, str]
    status: TicketStatus
    claimed_by: str | None
    created_at: datetime
    updated_at: datetime


def open_ticket(  # noqa: PLR0913 (what a ticket is made of)
    db: Connection,
    *,
    business: str,
    session_id: str,
    customer_id: str | None,
    channel: str,
    kind: TicketKind,
    reason: str = "",
    summary: str = "",
    form: Mapping[str, str] | None = None,
) -> Ticket:
    """Leave a ticket, inside the caller's transaction.

    A chat has at most one handover that is not closed: a second request adds its reason to the first and brings its
    summary up to date.
    """
    note(db, TICKETS)
    waiting = open_handover(db, business, session_id) if kind == "handover" else None
    if waiting is not None:
        return _add_to(db, waiting, reason, summary)
    sealing = new_sealer(db, business, session_id)
    sealed = {
        "reason": sealing.seal(_storable(reason)),
        "summary": sealing.seal(_storable(summary)),
        "form": sealing.seal_json({name: _storable(value) for name, value in (form or {}).items()}),
    }
    named = {"business": business, "session_id": session_id, "customer_id": customer_id, "channel": channel}
    return _ticket(_new_row(db, {**named, **sealed, "kind": kind}), sealing)


def _new_row(db: Connection, values: Mapping[str, Any]) -> RowMapping:
    now = datetime.now(UTC)
    handover_of = _handover_key(values["business"], values["session_id"]) if values["kind"] == "handover" else None
    opened = {"status": "open", "handover_of": handover_of, "created_at": now, "updated_at": now}
    key = db.execute(insert(tickets).values({**values, **opened})).inserted_primary_key
    assert key is not None  # an insert of one row gives its key
    db.execute(update(tickets).where(tickets.c.id == key[0]).values(reference=f"T{key[0]:05d}"))
    return db.execute(select(tickets).where(tickets.c.id == key[0])).mappings().one()


def open_handover(db: Connection, business: str, session_id: str) -> Ticket | None:
    """The handover of a chat that is not closed, if there is one."""
    query = select(tickets).where(tickets.c.handover_of == _handover_key(business, session_id))
    row = db.execute(query).mappings().one_or_none()
    return None if row is None else _ticket(row, sealer(db, business, session_id))


def list_tickets(
    db: Connection,
    business: str,
    *,
    status: TicketStatus | None = None,
    kind: TicketKind | None = None,
    limit: int = 100,
) -> list[Ticket]:
    """The latest tickets, newest first."""
    query: Select[Any] = select(tickets).where(tickets.c.business == business)
    if status is not None:
        query = query.where(tickets.c.status == status)
    if kind is not None:
        query = query.where(tickets.c.kind == kind)
    rows = db.execute(query.order_by(tickets.c.id.desc()).limit(limit)).mappings().all()
    opened = sealers(db, business, (row["session_id"] for row in rows))
    return [_ticket(row, opened[row["session_id"]]) for row in rows]


def show_ticket(db: Connection, business: str, reference: str) -> Ticket:
    """One ticket by its reference. Raises TicketError where there is none."""
    query = select(tickets).where(tickets.c.business == business, tickets.c.reference == reference.strip().upper())
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise TicketError(f"There is no ticket '{reference}'. `munshi inbox` lists them.")
    return _ticket(row, sealer(db, business, row["session_id"]))


def claim_ticket(db: Connection, business: str, reference: str, person: str) -> Ticket:
    """Take a ticket in hand; taking one's own again changes nothing. Raises TicketError where another has it."""
    note(db, TICKETS)
    ticket = show_ticket(db, business, reference)
    # One statement decides between two who claim at once.
    claimed = db.execute(
        update(tickets)
        .where(tickets.c.id == ticket.id, tickets.c.status == "open")
        .values(status="claimed", claimed_by=person, updated_at=datetime.now(UTC))
    )
    ticket = show_ticket(db, business, reference)
    if claimed.rowcount == 0 and ticket.claimed_by != person:
        held = "closed" if ticket.status == "closed" else f"with {ticket.claimed_by}"
        raise TicketError(f"Ticket {ticket.reference} is {held} already. Choose another from `munshi inbox`.")
    return ticket


def close_ticket(db: Connection, business: str, reference: str) -> Ticket:
    """Finish a ticket; closing a closed one changes nothing. Raises TicketError where there is none."""
    note(db, TICKETS)
    ticket = show_ticket(db, business, reference)
    db.execute(
        update(tickets)
        .where(tickets.c.id == ticket.id, tickets.c.status != "closed")
        .values(status="closed", handover_of=None, updated_at=datetime.now(UTC))
    )
    return show_ticket(db, business, reference)


def _add_to(db: Connection, ticket: Ticket, reason: str, summary: str) -> Ticket:
    reasons = ticket.reason.splitlines()
    if reason.strip() and reason.strip() not in reasons:
        reasons.append(reason.strip())
    sealing = new_sealer(db, ticket.business, ticket.session_id)
    db.execute(
        update(tickets)
        .where(tickets.c.id == ticket.id)
        .values(
            reason=sealing.seal(_storable("\n".join(reasons))),
            summary=sealing.seal(_storable(summary or ticket.summary)),
            updated_at=datetime.now(UTC),
        )
    )
    return show_ticket(db, ticket.business, ticket.reference)


def _handover_key(business: str, session_id: str) -> str:
    return f"{business}\n{session_id}"


def _storable(text: str) -> str:
    """A text as every database takes it: no NUL, no half of a surrogate pair, of bounded length."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[-MAX_TEXT_CHARS:]


def _ticket(row: RowMapping, sealing: Sealer) -> Ticket:
    opened = {
        "reason": sealing.open(row["reason"]),
        "summary": sealing.open(row["summary"]),
        "form": sealing.open_json(row["form"]) or {},
    }
    return Ticket(**{name: value for name, value in {**row, **opened}.items() if name != "handover_of"})
