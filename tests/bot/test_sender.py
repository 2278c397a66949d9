"""What waits in the outbox is sent: in order for each chat, again where that may help, and never where it must not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from munshi.bot.channel import Part
from munshi.bot.inbox import Inbox
from munshi.bot.keeper import Keeper
from munshi.bot.message import Message
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_rows import Queued
from munshi.bot.sender import DEATHS, GIVE_UP, Sender
from munshi.bot.store import Store
from munshi.bot.tables import outbox as rows
from munshi.bot.tables import turns as turn_rows
from munshi.handlers.base import Reply
from munshi.handlers.sealing import destroy_key
from munshi.handlers.tickets import open_ticket
from tests.arriving import arrive
from tests.bot.messenger import Messenger, refused


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


@pytest.fixture
def messenger() -> Messenger:
    return Messenger()


@pytest.fixture
def sender(store: Store, messenger: Messenger) -> Sender:
    return Sender(store, {"messenger": messenger}, Keeper(store))


@pytest.fixture
def outbox(store: Store, messenger: Messenger) -> Outbox:
    return Outbox(store, {"messenger": messenger})


def post(store: Store, outbox: Outbox, text: str, chat: str = "s1") -> None:
    arrive(store, [Message("hello", chat, f"to-{chat}", "messenger")])
    with store.transaction() as db:
        line = store.say(db, chat, "bot", text)
        outbox.post(db, Queued(chat, "messenger", line), Reply(text), "en")


def statuses(store: Store) -> list[tuple[str, str | None]]:
    with store.reading() as db:
        return [(row.status, row.code) for row in db.execute(select(rows).order_by(rows.c.id))]


def due_in(store: Store) -> timedelta | None:
    with store.reading() as db:
        due = db.execute(select(turn_rows.c.due_at).where(turn_rows.c.lane == "out")).scalar_one()
    return None if due is None else due - datetime.now(UTC)


def drain(store: Store, sender: Sender) -> None:
    for _ in range(100):
        with store.transaction() as db:
            db.execute(update(turn_rows).where(turn_rows.c.due_at.is_not(None)).values(due_at=datetime.now(UTC)))
        if not sender.send_some():
            return
    raise AssertionError("it never ends")


def test_parts_are_sent_in_order_to_whom_they_are_for(
    store: Store, outbox: Outbox, sender: Sender, messenger: Messenger
) -> None:
    post(store, outbox, "one\ntwo")
    post(store, outbox, "three")
    post(store, outbox, "other", chat="s2")
    drain(store, sender)
    assert [(to, text) for to, text, _ in messenger.sent if to == "to-s1"] == [
        ("to-s1", "one"),
        ("to-s1", "two"),
        ("to-s1", "three"),
    ]
    assert ("to-s2", "other") in [(to, text) for to, text, _ in messenger.sent]
    assert statuses(store) == [("sent", None)] * 4
    assert not sender.send_some()


def test_what_was_not_taken_is_tried_again_later_and_what_is_behind_it_waits(
    store: Store, outbox: Outbox, sender: Sender, messenger: Messenger
) -> None:
    messenger.faults = [refused("retry", "500"), refused("retry", "429", after=90), OSError("down")]
    post(store, outbox, "one\ntwo")
    sender.send_some()
    assert statuses(store) == [("waiting", "500"), ("waiting", None)]
    wait = due_in(store)
    assert wait is not None
    assert timedelta(0) < wait < timedelta(seconds=5)
    assert not sender.send_some()  # not yet
    drain_once(store, sender)
    wait = due_in(store)
    assert wait is not None
    assert wait > timedelta(seconds=80)  # as the provider asked
    drain(store, sender)
    assert messenger.texts == ["one", "two"]


def drain_once(store: Store, sender: Sender) -> None:
    with store.transaction() as db:
        db.execute(update(turn_rows).values(due_at=datetime.now(UTC)))
    sender.send_some()


def test_what_is_held_waits_for_the_customer_and_so_does_what_is_behind_it(
    store: Store, outbox: Outbox, sender: Sender, messenger: Messenger
) -> None:
    messenger.faults = [refused("hold", "131047")]
    post(store, outbox, "one\ntwo")
    drain(store, sender)
    assert statuses(store) == [("held", "131047"), ("waiting", None)]
    assert due_in(store) is None  # never a blind retry
    arrive(store, [Message("are you there", "s1", "to-s1", "messenger")])
    drain(store, sender)
    assert messenger.texts == ["one", "two"]


def test_what_is_dead_stands_in_nobodys_way(store: Store, outbox: Outbox, sender: Sender, messenger: Messenger) -> None:
    messenger.faults = [refused("dead", "131026")]
    post(store, outbox, "one\ntwo")
    drain(store, sender)
    assert statuses(store) == [("dead", "131026"), ("sent", None)]
    assert messenger.texts == ["two"]


def test_what_could_not_be_sent_for_a_day_is_dead(
    store: Store, outbox: Outbox, sender: Sender, messenger: Messenger
) -> None:
    messenger.faults = [refused("retry", "500")] * 1000
    post(store, outbox, "one")
    with store.transaction() as db:
        db.execute(update(rows).values(created_at=datetime.now(UTC) - GIVE_UP - timedelta(minutes=1)))
    drain(store, sender)
    assert statuses(store) == [("dead", "500")]


def test_a_part_that_its_senders_die_of_is_dead(
    store: Store, outbox: Outbox, sender: Sender, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_given: Any) -> str:
        raise SystemExit

    monkeypatch.setattr(messenger, "send", dies)
    post(store, outbox, "deadly")
    for _ in range(DEATHS):
        with pytest.raises(SystemExit):
            drain_once(store, sender)
    drain(store, sender)
    assert statuses(store) == [("dead", "deaths")]


def test_a_status_that_came_before_our_own_word_is_kept(
    store: Store, outbox: Outbox, sender: Sender, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told_at_once(_address: str, _part: Any, ref: str) -> str:
        outbox.status("delivered", datetime.now(UTC), ref=ref, provider_id="theirs")
        return "theirs"

    monkeypatch.setattr(messenger, "send", told_at_once)
    post(store, outbox, "one")
    drain(store, sender)
    assert statuses(store) == [("delivered", None)]


def test_what_was_erased_is_not_sent(store: Store, outbox: Outbox, sender: Sender, messenger: Messenger) -> None:
    post(store, outbox, "secret")
    with store.transaction() as db:
        destroy_key(db, "shop", "s1")
    drain(store, sender)
    assert messenger.sent == []
    assert statuses(store) == [("dead", "erased")]


def test_a_channel_that_is_not_set_up_here_loses_nothing(store: Store, outbox: Outbox, messenger: Messenger) -> None:
    post(store, outbox, "one")
    drain_once(store, Sender(store, {}, Keeper(store)))
    assert statuses(store) == [("waiting", "no_channel")]
    drain(store, Sender(store, {"messenger": messenger}, Keeper(store)))
    assert messenger.texts == ["one"]


def test_only_the_bots_own_words_are_dropped_where_a_person_has_the_chat(
    store: Store, outbox: Outbox, sender: Sender, messenger: Messenger
) -> None:
    post(store, outbox, "the bot's\nmore of the bot's")
    with store.transaction() as db:
        store.save_state(db, store.session(db, "s1", channel="messenger"), {})
        ticket = open_ticket(
            db, business="shop", session_id="s1", customer_id=None, channel="messenger", kind="handover"
        )
    Inbox(store, outbox).reply(ticket.reference, "Asha", "Asha's")
    drain(store, sender)
    assert messenger.texts == ["Asha's"]
    assert [status for status, _ in statuses(store)] == ["dropped", "dropped", "sent"]


def test_a_chat_is_kept_in_hand_while_a_slow_provider_takes_a_part(
    store: Store, messenger: Messenger, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("munshi.bot.keeper._RENEW", 0)
    post(store, outbox, "slow")
    keeper, seen = Keeper(store), []
    take = messenger.send

    def slowly(address: str, part: Part, ref: str) -> str:
        with store.transaction() as db:  # its lease would run out now
            db.execute(update(turn_rows).where(turn_rows.c.lane == "out").values(due_at=datetime.now(UTC)))
        keeper.look()
        seen.append(Keeper(store).take("out"))
        return take(address, part, ref)

    monkeypatch.setattr(messenger, "send", slowly)
    assert Sender(store, {"messenger": messenger}, keeper).send_some()
    assert (seen, messenger.texts) == ([None], ["slow"])
