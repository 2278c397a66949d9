from __future__ import annotations

import pytest
from sqlalchemy import Engine

from munshi.bot.inbox import Inbox
from munshi.bot.store import Store
from munshi.handlers.tickets import Ticket, TicketError, open_ticket


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


@pytest.fixture
def ticket(store: Store) -> Ticket:
    with store.transaction() as db:
        session = store.session(db, "s1", channel="chat")
        store.save_state(db, session, {})
        store.say(db, "s1", "customer", "I want a person")
        return open_ticket(
            db, business="shop", session_id="s1", customer_id=None, channel="chat", kind="handover", reason="asked"
        )


def held_by(store: Store) -> str | None:
    with store.reading() as db:
        return store.session(db, "s1", channel="chat").held_by


def test_a_reply_takes_the_chat_over_and_reaches_the_customer(store: Store, ticket: Ticket) -> None:
    inbox = Inbox(store)
    inbox.reply(ticket.reference, "Asha", "Hello, Asha here")
    assert held_by(store) == "Asha"
    assert [(line.role, line.text) for line in store.take_pending("s1")] == [("person", "Hello, Asha here")]
    _, lines = inbox.show(ticket.reference)
    assert [line.role for line in lines] == ["customer", "person"]


def test_a_released_chat_is_the_bots_again_and_its_ticket_closed(store: Store, ticket: Ticket) -> None:
    inbox = Inbox(store)
    inbox.claim(ticket.reference, "Asha")
    inbox.release(ticket.reference)
    assert held_by(store) is None
    assert inbox.tickets() == []
    assert [found.status for found in inbox.tickets(closed=True)] == ["closed"]


def test_nobody_takes_a_chat_from_another(store: Store, ticket: Ticket) -> None:
    inbox = Inbox(store)
    inbox.claim(ticket.reference, "Asha")
    with pytest.raises(TicketError):
        inbox.reply(ticket.reference, "Ravi", "me too")
    assert held_by(store) == "Asha"
    assert store.take_pending("s1") == []


@pytest.mark.parametrize("shape", ["{}", "T{}", "t{}", " {} "])
def test_a_ticket_is_found_by_its_number_alone(store: Store, ticket: Ticket, shape: str) -> None:
    found, _ = Inbox(store).show(shape.format(ticket.id))
    assert found == ticket


@pytest.mark.parametrize("reference", ["", "T99999", "nonsense", "١", "9" * 400])
def test_an_unknown_ticket_is_told(store: Store, reference: str) -> None:
    with pytest.raises(TicketError, match="munshi inbox"):
        Inbox(store).show(reference)


def test_an_empty_reply_is_not_sent(store: Store, ticket: Ticket) -> None:
    with pytest.raises(TicketError):
        Inbox(store).reply(ticket.reference, "Asha", "  \n")
    assert held_by(store) is None
