from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine

from munshi.handlers.tickets import (
    Ticket,
    TicketError,
    claim_ticket,
    close_ticket,
    list_tickets,
    open_handover,
    open_ticket,
    show_ticket,
)


@pytest.fixture
def db(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def handover(db: Connection, *, session_id: str = "chat-1", reason: str = "asked", business: str = "shop") -> Ticket:
    return open_ticket(
        db,
        business=business,
        session_id=session_id,
        customer_id=None,
        channel="chat",
        kind="handover",
        reason=reason,
        summary=f"said: {reason}",
    )


def form(db: Connection, **values: str) -> Ticket:
    return open_ticket(
        db, business="shop", session_id="chat-1", customer_id="c1", channel="chat", kind="form", form=values
    )


def test_a_ticket_is_kept_as_it_was_left(db: Connection) -> None:
    ticket = form(db, name="रमेश 🙏", quantity="50")
    assert show_ticket(db, "shop", ticket.reference) == ticket
    assert (ticket.status, ticket.form, ticket.customer_id) == ("open", {"name": "रमेश 🙏", "quantity": "50"}, "c1")
    assert datetime.now(UTC) - ticket.created_at < timedelta(minutes=1)


def test_a_reference_is_found_however_it_is_typed_but_only_in_its_business(db: Connection) -> None:
    ticket = form(db)
    assert show_ticket(db, "shop", f" {ticket.reference.lower()} ") == ticket
    for business, reference in (("bank", ticket.reference), ("shop", "T99999"), ("shop", "")):
        with pytest.raises(TicketError, match="no ticket"):
            show_ticket(db, business, reference)


def test_a_chat_has_one_open_handover_that_grows(db: Connection) -> None:
    first = handover(db, reason="wants a person")
    again = handover(db, reason="is angry")
    repeated = handover(db, reason="is angry")
    assert first.reference == again.reference == repeated.reference
    assert repeated.reason.splitlines() == ["wants a person", "is angry"]
    assert repeated.summary == "said: is angry"
    assert handover(db, session_id="chat-2").reference != first.reference
    assert handover(db, business="bank").reference != first.reference
    assert open_handover(db, "shop", "chat-1") == repeated


def test_a_claimed_handover_still_counts_and_a_closed_one_does_not(db: Connection) -> None:
    first = handover(db)
    claim_ticket(db, "shop", first.reference, "Asha")
    assert handover(db, reason="more").reference == first.reference
    close_ticket(db, "shop", first.reference)
    assert open_handover(db, "shop", "chat-1") is None
    assert handover(db).reference != first.reference


def test_forms_of_one_chat_are_tickets_of_their_own(db: Connection) -> None:
    assert form(db).reference != form(db).reference


def test_a_ticket_is_in_one_persons_hands(db: Connection) -> None:
    reference = handover(db).reference
    assert claim_ticket(db, "shop", reference, "Asha").claimed_by == "Asha"
    assert claim_ticket(db, "shop", reference, "Asha").claimed_by == "Asha"
    with pytest.raises(TicketError, match="with Asha"):
        claim_ticket(db, "shop", reference, "Ravi")
    assert close_ticket(db, "shop", reference).status == "closed"
    assert close_ticket(db, "shop", reference).status == "closed"
    with pytest.raises(TicketError, match="closed"):
        claim_ticket(db, "shop", reference, "Ravi")


def test_lists_are_newest_first_and_can_be_narrowed(db: Connection) -> None:
    old, new = handover(db), form(db)
    close_ticket(db, "shop", old.reference)
    assert [ticket.id for ticket in list_tickets(db, "shop")] == [new.id, old.id]
    assert [ticket.id for ticket in list_tickets(db, "shop", limit=1)] == [new.id]
    assert [ticket.id for ticket in list_tickets(db, "shop", status="closed")] == [old.id]
    assert [ticket.id for ticket in list_tickets(db, "shop", kind="form")] == [new.id]
    assert list_tickets(db, "bank") == []


@pytest.mark.parametrize(
    "text", ["a\0b", "half \ud83d of a pair", "x" * 200_000, "'; DROP TABLE tickets; --", "\u202eabc"]
)
def test_whatever_a_customer_wrote_can_be_kept(db: Connection, text: str) -> None:
    ticket = handover(db, reason=text)
    assert len(show_ticket(db, "shop", ticket.reference).reason) <= len(text)
    form(db, note=text)


def test_a_ticket_goes_with_its_transaction(engine: Engine) -> None:
    with engine.connect() as connection:
        handover(connection)  # and never committed
    with engine.begin() as connection:
        assert list_tickets(connection, "shop") == []
