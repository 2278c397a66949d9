"""What a person who waits at the inbox is told, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice

import pytest
from sqlalchemy import Engine, text

from munshi.bot.bell import LocalBell
from munshi.bot.inbox import Inbox
from munshi.bot.inbox_watch import InboxWatch
from munshi.bot.store import Store
from munshi.handlers.tickets import Ticket, TicketError, TicketKind, open_ticket


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


def opened(store: Store, chat: str, kind: TicketKind = "handover") -> Ticket:
    with store.transaction() as db:
        store.save_state(db, store.session(db, chat, channel="chat"), {})
        store.say(db, chat, "customer", "I want a person")
        store.say(db, chat, "bot", "Somebody will write to you")
        return open_ticket(db, business="shop", session_id=chat, customer_id=None, channel="chat", kind=kind)


def write(store: Store, chat: str, *texts: str) -> None:
    with store.transaction() as db:
        for text_ in texts:
            store.say(db, chat, "customer", text_)


def told(watch: InboxWatch) -> list[tuple[str, str, str]]:
    return [(new.event, new.ticket.reference, new.line.text if new.line else "") for new in watch.look()]


def test_new_tickets_are_told_once_and_those_that_were_there_are_not(store: Store) -> None:
    opened(store, "s1")
    watch = InboxWatch(store, LocalBell())
    assert told(watch) == []
    new = opened(store, "s2")
    assert told(watch) == [("ticket", new.reference, "")]
    assert told(watch) == []


def test_customers_are_heard_while_a_person_has_them_and_only_then(store: Store) -> None:
    mine, other = opened(store, "s1"), opened(store, "s2")
    form = opened(store, "s1", "form")
    inbox, watch = Inbox(store), InboxWatch(store, LocalBell())
    inbox.claim(mine.reference, "Asha")
    inbox.claim(form.reference, "Asha")
    write(store, "s1", "are you there", "hello?")
    write(store, "s2", "what are your timings")
    expected = [("message", mine.reference, "are you there"), ("message", mine.reference, "hello?")]
    assert told(watch) == expected  # once, although the chat has two tickets in hand
    inbox.reply(mine.reference, "Asha", "I am")
    assert told(watch) == []
    inbox.release(mine.reference)
    assert told(watch) == [("closed", mine.reference, "")]
    write(store, "s2", "again")
    assert told(watch) == []
    assert other.status == "open"


def test_one_ticket_begins_with_what_waits_for_an_answer_and_ends_when_it_is_closed(store: Store) -> None:
    mine, other = opened(store, "s1"), opened(store, "s2")
    inbox = Inbox(store)
    inbox.reply(mine.reference, "Asha", "Asha here")
    write(store, "s1", "my car is", "a Swift")
    write(store, "s2", "not for you")
    coming = inbox.watch(f" {mine.id} ")
    assert [new.line and new.line.text for new in islice(coming, 2)] == ["my car is", "a Swift"]
    write(store, "s1", "2018")
    inbox.release(mine.reference)
    assert [(new.event, new.line and new.line.text) for new in coming] == [("message", "2018"), ("closed", None)]
    assert other.reference != mine.reference


@pytest.mark.parametrize("reference", ["", "T99999", "nonsense", "\x1b[31m", "9" * 400])
def test_a_ticket_that_is_none_is_told_at_once(store: Store, reference: str) -> None:
    with pytest.raises(TicketError, match="munshi inbox"):
        Inbox(store).watch(reference)


def test_a_database_that_is_away_is_waited_for(store: Store) -> None:
    mine = opened(store, "s1")
    coming: Iterator[object] = Inbox(store).watch()
    with store.transaction() as db:
        db.execute(text("ALTER TABLE tickets RENAME TO lost"))
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(next(iter(coming))), daemon=True)
    thread.start()
    thread.join(1.5)
    assert thread.is_alive()
    with store.transaction() as db:
        db.execute(text("ALTER TABLE lost RENAME TO tickets"))
    opened(store, "s2")
    thread.join(30)
    assert len(found) == 1
    assert mine.status == "open"
