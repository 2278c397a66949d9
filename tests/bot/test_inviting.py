"""Customers who may no longer be written to are asked to write, once; what waits goes out when they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from munshi.bot.channel import DeliveryError, Window
from munshi.bot.keeper import Keeper
from munshi.bot.message import Message
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_desk import OutboxDesk
from munshi.bot.outbox_held import OLDEST_ANSWER, OLDEST_PROMISE, OLDEST_WORD
from munshi.bot.outbox_rows import Author, Queued
from munshi.bot.sender import Sender
from munshi.bot.store import Store
from munshi.bot.tables import outbox as rows
from munshi.bot.tables import turns as turn_rows
from munshi.handlers.base import Reply
from munshi.handlers.sealing import destroy_key
from tests.arriving import arrive
from tests.bot.messenger import Messenger, refused

DAY = timedelta(days=1)
CLOSED = "131047"


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


@pytest.fixture
def messenger() -> Messenger:
    return Messenger(window=Window(DAY, CLOSED, {"text": "TEMPLATE"}))


def write(store: Store, text: str = "hello", *, ago: timedelta = timedelta(0), chat: str = "s1") -> None:
    arrive(store, [Message(text, chat, f"to-{chat}", "messenger", timestamp=datetime.now(UTC) - ago)])


def say(store: Store, messenger: Messenger, text: str, role: Author = "person", chat: str = "s1") -> None:
    with store.transaction() as db:
        line = store.say(db, chat, "person", text)
        queued = Queued(chat, "messenger", line, role)
        Outbox(store, {"messenger": messenger}).post(db, queued, Reply(text), "en")


def drain(store: Store, messenger: Messenger) -> list[str]:
    """Send all that can be sent, at whatever time; returns what was sent now."""
    before, sender = len(messenger.sent), Sender(store, {"messenger": messenger}, Keeper(store))
    for _ in range(50):
        with store.transaction() as db:
            db.execute(update(turn_rows).where(turn_rows.c.due_at.is_not(None)).values(due_at=datetime.now(UTC)))
        if not sender.send_some():
            return messenger.texts[before:]
    raise AssertionError("it never ends")


def statuses(store: Store) -> list[tuple[str, str, str | None]]:
    with store.reading() as db:
        return [(row.role, row.status, row.code) for row in db.execute(select(rows).order_by(rows.c.id))]


def age(store: Store, by: timedelta) -> None:
    """Let time go by for what is in the outbox."""
    with store.transaction() as db:
        for row in db.execute(select(rows)).all():
            db.execute(update(rows).where(rows.c.id == row.id).values(created_at=row.created_at - by))


def test_who_wrote_too_long_ago_is_asked_once_and_reads_it_all_in_order_once_they_write(
    store: Store, messenger: Messenger
) -> None:
    write(store, ago=2 * DAY)
    say(store, messenger, "one\ntwo")
    assert drain(store, messenger) == ["TEMPLATE"]  # and not what would be refused
    say(store, messenger, "three")
    assert drain(store, messenger) == []  # nor a second one
    assert statuses(store)[0] == ("person", "held", CLOSED)
    write(store, "yes?")
    assert drain(store, messenger) == ["one", "two", "three"]


def test_who_may_be_written_to_is_not_asked(store: Store, messenger: Messenger) -> None:
    write(store, ago=DAY - timedelta(minutes=5))
    say(store, messenger, "one")
    assert drain(store, messenger) == ["one"]


@pytest.mark.parametrize("afterwards", [False, True])
def test_a_refusal_leads_to_the_template_also_where_it_comes_as_a_status(
    store: Store, messenger: Messenger, afterwards: bool
) -> None:
    write(store)
    say(store, messenger, "one\ntwo")
    if afterwards:
        assert drain(store, messenger) == ["one", "two"]
        for ref in [ref for _, _, ref in messenger.sent]:
            Outbox(store, {}).status("failed", datetime.now(UTC), ref=ref, code=CLOSED, kind="hold")
    else:
        messenger.faults = [refused("hold", CLOSED)]
    assert drain(store, messenger) == ["TEMPLATE"]
    assert drain(store, messenger) == []
    write(store, "what is it")
    assert drain(store, messenger) == ["one", "two"]


def test_another_one_goes_out_only_after_the_customer_has_answered(store: Store, messenger: Messenger) -> None:
    write(store, ago=9 * DAY)
    say(store, messenger, "one")
    assert drain(store, messenger) == ["TEMPLATE"]
    age(store, 5 * DAY)
    say(store, messenger, "two")
    assert drain(store, messenger) == []
    write(store, "thanks", ago=2 * DAY)  # which a channel that was away brings only now
    assert drain(store, messenger) == ["one", "two"]  # it is the provider's to refuse
    say(store, messenger, "three")
    assert drain(store, messenger) == ["TEMPLATE"]


def test_what_came_in_while_a_part_was_being_refused_lets_it_go_once(store: Store, messenger: Messenger) -> None:
    write(store, ago=2 * DAY)
    messenger.window = Window(DAY, CLOSED, None)

    class MeanwhileError(DeliveryError):
        def __init__(self) -> None:
            super().__init__("hold", CLOSED, "too late")
            write(store, "I am here")

    send, tries = messenger.send, []

    def first_time(address: str, part: Any, ref: str) -> str:
        tries.append(ref)
        if len(tries) == 1:
            raise MeanwhileError
        return send(address, part, ref)

    messenger.send = first_time  # type: ignore[method-assign]
    say(store, messenger, "one")
    assert drain(store, messenger) == ["one"]
    messenger.faults = [refused("hold", CLOSED)] * 9
    say(store, messenger, "two")
    assert drain(store, messenger) == []
    assert len(tries) == 3


def test_a_template_that_is_refused_leaves_all_held_until_the_owner_or_a_new_word(
    store: Store, messenger: Messenger
) -> None:
    write(store, ago=2 * DAY)
    say(store, messenger, "one")
    messenger.faults = [refused("dead", "132001"), refused("dead", "132001")]
    assert drain(store, messenger) == []
    assert statuses(store) == [("person", "held", CLOSED), ("template", "dead", "132001")]
    assert drain(store, messenger) == []
    say(store, messenger, "two")
    assert drain(store, messenger) == []
    assert [role for role, _, _ in statuses(store)] == ["person", "template", "person", "template"]
    desk = OutboxDesk(store)
    held = next(parcel for parcel in desk.parcels() if parcel.status == "held")
    assert held.template is not None
    assert held.template.status == "dead"
    desk.retry(held.template.id)
    assert drain(store, messenger) == ["TEMPLATE"]


@pytest.mark.parametrize(("unsure", "tries"), [(True, 1), (False, 2)])
def test_a_template_that_may_have_been_taken_is_not_sent_again(
    store: Store, messenger: Messenger, unsure: bool, tries: int
) -> None:
    write(store, ago=2 * DAY)
    say(store, messenger, "one")
    messenger.faults = [DeliveryError("retry", "timeout", "no answer", unsure=unsure)]
    assert len(drain(store, messenger)) == tries - 1
    assert statuses(store)[1][1] == ("dead" if unsure else "sent")
    if unsure:  # it was taken after all
        ref = next(ref for ref in refs(store, "template"))
        Outbox(store, {}).status("delivered", datetime.now(UTC), ref=ref)
        say(store, messenger, "two")
        assert drain(store, messenger) == []


def refs(store: Store, role: str) -> list[str]:
    with store.reading() as db:
        return list(db.execute(select(rows.c.ref).where(rows.c.role == role)).scalars())


def test_a_template_whose_sender_died_is_not_sent_again(
    store: Store, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, ago=2 * DAY)
    say(store, messenger, "one")
    with monkeypatch.context() as patched:

        def dies(*_given: Any) -> str:
            raise SystemExit

        patched.setattr(messenger, "send", dies)
        with pytest.raises(SystemExit):
            drain(store, messenger)
    assert drain(store, messenger) == []
    assert statuses(store)[1] == ("template", "dead", "unsure")


def test_a_template_that_nothing_waits_for_any_more_is_not_sent(store: Store, messenger: Messenger) -> None:
    write(store, ago=2 * DAY)
    say(store, messenger, "one")
    messenger.faults = [refused("retry", "503")]
    sender = Sender(store, {"messenger": messenger}, Keeper(store))
    assert sender.send_some()
    assert statuses(store)[1] == ("template", "waiting", "503")
    write(store, "hello again")
    assert drain(store, messenger) == ["one"]
    assert statuses(store)[1] == ("template", "dropped", "needless")


def test_an_erased_chat_is_not_written_to(store: Store, messenger: Messenger) -> None:
    write(store, ago=2 * DAY)
    say(store, messenger, "secret")
    with store.transaction() as db:
        destroy_key(db, "shop", "s1")
    assert drain(store, messenger) == []


def test_the_bots_words_are_not_announced_where_a_person_has_the_chat(store: Store, messenger: Messenger) -> None:
    write(store, ago=2 * DAY)
    with store.transaction() as db:
        store.save_state(db, store.session(db, "s1", channel="messenger"), {})
        store.hold(db, "s1", "Asha")
    say(store, messenger, "the bot's", role="bot")
    assert drain(store, messenger) == []
    assert statuses(store) == [("bot", "dropped", "held")]


@pytest.mark.parametrize(
    ("role", "old", "asked", "sent"),
    [
        ("bot", OLDEST_ANSWER - timedelta(hours=1), False, True),
        ("bot", OLDEST_ANSWER + timedelta(hours=1), False, False),
        ("person", OLDEST_WORD - timedelta(hours=1), False, True),
        ("person", OLDEST_WORD + timedelta(hours=1), False, False),
        ("bot", OLDEST_PROMISE - timedelta(hours=1), True, True),
        ("person", OLDEST_PROMISE - timedelta(hours=1), True, True),
        ("person", OLDEST_PROMISE + timedelta(hours=1), True, False),
    ],
)
def test_what_is_old_by_the_time_the_customer_writes_is_not_sent_unless_it_was_announced(
    store: Store, messenger: Messenger, role: Author, old: timedelta, asked: bool, sent: bool
) -> None:
    messenger.window = Window(DAY, CLOSED, {"text": "TEMPLATE"} if asked else None)
    write(store, ago=2 * DAY)
    messenger.faults = [] if asked else [refused("hold", CLOSED)]
    say(store, messenger, "one\ntwo", role=role)
    assert drain(store, messenger) == (["TEMPLATE"] if asked else [])
    age(store, old)
    write(store, "I am back")
    assert drain(store, messenger) == (["one", "two"] if sent else [])
    if not sent:
        assert {code for role_, _, code in statuses(store) if role_ != "template"} == {"stale"}


def test_a_message_that_is_brought_again_lets_nothing_go(store: Store, messenger: Messenger) -> None:
    message = Message("hello", "s1", "to-s1", "messenger", timestamp=datetime.now(UTC) - 2 * DAY)
    arrive(store, [message])
    say(store, messenger, "one")
    drain(store, messenger)
    arrive(store, [message])
    assert statuses(store)[0] == ("person", "held", CLOSED)


def test_a_part_that_was_let_go_has_its_own_day_of_tries(store: Store, messenger: Messenger) -> None:
    write(store, ago=4 * DAY)
    say(store, messenger, "one")
    drain(store, messenger)
    age(store, 3 * DAY)
    messenger.faults = [refused("retry", "503")]
    write(store, "hello")
    assert drain(store, messenger) == ["one"]


def test_the_owner_has_a_held_part_tried_whatever_is_known(store: Store, messenger: Messenger) -> None:
    write(store, ago=2 * DAY)
    say(store, messenger, "one")
    drain(store, messenger)
    OutboxDesk(store).retry(1)
    assert drain(store, messenger) == ["one"]
