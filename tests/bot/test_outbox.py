"""What goes out: parts in their order, and what a provider's statuses make of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from munshi.bot.database import open_engine
from munshi.bot.message import Message
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_rows import Queued, mark_sent, next_part
from munshi.bot.store import Store
from munshi.bot.tables import outbox as rows
from munshi.bot.turns import claim, is_due, release
from munshi.handlers.base import Reply
from tests.arriving import arrive
from tests.bot.messenger import Messenger

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store, {"messenger": Messenger()})


def post(store: Store, outbox: Outbox, text: str, channel: str = "messenger", chat: str = "s1") -> None:
    arrive(store, [Message("hello", chat, "9198", channel)])
    with store.transaction() as db:
        line = store.say(db, chat, "bot", text)
        outbox.post(db, Queued(chat, channel, line), Reply(text), "en")


def parts(store: Store, chat: str = "s1") -> list[Any]:
    with store.reading() as db:
        return list(db.execute(select(rows).where(rows.c.session_id == chat).order_by(rows.c.id)).all())


def sent(store: Store, number: int = 1, chat: str = "s1") -> str:
    with store.transaction() as db:
        part = next_part(db, "shop", chat)
        assert part is not None
        mark_sent(db, part.id, f"id-{number}")
    return str(part.ref)


def test_a_reply_waits_as_the_parts_of_its_channel_and_in_nobodys_clear_words(store: Store, outbox: Outbox) -> None:
    post(store, outbox, "one\ntwo")
    waiting = parts(store)
    assert [row.status for row in waiting] == ["waiting", "waiting"]
    assert not any("one" in row.part or "9198" in row.address for row in waiting)
    assert len({row.ref for row in waiting}) == 2
    assert store.take_pending("s1") == []  # no window asks for it


def test_a_reply_to_a_window_waits_for_the_window(store: Store, outbox: Outbox) -> None:
    post(store, outbox, "one\ntwo", channel="chat")
    assert [line.text for line in store.take_pending("s1")] == ["one\ntwo"]


def test_a_status_is_found_by_our_name_or_by_theirs(store: Store, outbox: Outbox) -> None:
    post(store, outbox, "one\ntwo")
    first, second = sent(store, 1), sent(store, 2)
    assert first != second
    assert outbox.status("delivered", AT, ref=first)
    assert outbox.status("read", AT, provider_id="id-2")
    assert [row.status for row in parts(store)] == ["delivered", "read"]


def test_a_part_whose_id_was_never_learnt_counts_as_sent_by_its_status(store: Store, outbox: Outbox) -> None:
    post(store, outbox, "one")
    assert outbox.status("delivered", AT, ref=parts(store)[0].ref, provider_id="theirs")
    (part,) = parts(store)
    assert (part.status, part.provider_id) == ("delivered", "theirs")


RANKS = {"sent": 0, "failed": 1, "delivered": 2, "read": 3}
BECOMES = {"sent": "sent", "failed": "dead", "delivered": "delivered", "read": "read"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    engine = open_engine("", home=tmp_path_factory.mktemp("outbox"))
    yield Store(engine, "shop")
    engine.dispose()


@given(statuses=st.lists(st.sampled_from(list(RANKS)), min_size=1, max_size=8))
def test_a_status_never_goes_back_in_whatever_order_they_come(shared: Store, statuses: list[Any]) -> None:
    outbox, chat = Outbox(shared, {"messenger": Messenger()}), uuid.uuid4().hex
    post(shared, outbox, "one", chat=chat)
    ref = sent(shared, chat=chat)
    for status in statuses:
        outbox.status(status, AT, ref=ref)
    assert parts(shared, chat)[0].status == BECOMES[max(statuses, key=RANKS.__getitem__)]


def test_a_part_that_failed_afterwards_is_held_or_tried_again_as_its_kind_says(store: Store, outbox: Outbox) -> None:
    post(store, outbox, "one\ntwo")
    first, second = sent(store, 1), sent(store, 2)
    assert outbox.status("failed", AT, ref=first, provider_id="id-1", code="131047", kind="hold")
    assert outbox.status("failed", AT, ref=second, provider_id="id-2", code="500", kind="retry")
    assert [(row.status, row.code) for row in parts(store)] == [("held", "131047"), ("waiting", "500")]
    with store.transaction() as db:
        mark_sent(db, parts(store)[1].id, "id-3")
    assert not outbox.status("failed", AT, ref=second, provider_id="id-2", code="500", kind="retry")  # of the first try
    assert parts(store)[1].status == "sent"


@pytest.mark.parametrize(("status", "kind", "woken"), [("delivered", "dead", False), ("failed", "retry", True)])
def test_a_sender_is_woken_by_a_status_only_where_something_may_be_sent(
    store: Store, outbox: Outbox, status: Any, kind: Any, woken: bool
) -> None:
    post(store, outbox, "one")
    ref = sent(store)
    with store.transaction() as db:
        held = claim(db, "shop", "out")
        assert held is not None
        release(db, held, due=None, done=True)
    assert outbox.status(status, AT, ref=ref, kind=kind)
    with store.reading() as db:
        assert is_due(db, "shop", "out") is woken


def test_what_was_held_may_go_once_the_customer_writes(store: Store, outbox: Outbox) -> None:
    post(store, outbox, "one")
    outbox.status("failed", AT, ref=sent(store), code="131047", kind="hold")
    arrive(store, [Message("hello again", "s1", "9198", "messenger", "m2")])
    assert [row.status for row in parts(store)] == ["waiting"]


def test_a_status_about_nothing_changes_nothing(store: Store, outbox: Outbox) -> None:
    post(store, outbox, "one")
    assert not outbox.status("read", AT, provider_id="unknown")
    assert not outbox.status("read", AT, ref="x" * 500)
    assert not outbox.status("read", AT)
    assert [row.status for row in parts(store)] == ["waiting"]
