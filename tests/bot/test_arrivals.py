"""Messages of a channel: kept once, all or none, in the order they were written."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from munshi.bot.arrivals import message_of, waiting
from munshi.bot.message import MAX_ID_CHARS, Message, bounded
from munshi.bot.store import Store
from munshi.bot.turns import Claim, claim
from munshi.handlers.sealing import sealer
from tests.arriving import arrive

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


def message(id: str, text: str = "hello", chat: str = "s1", at: datetime = NOW, **more: Any) -> Message:
    return Message(text, chat, "919800000000", "messenger", id, at, **more)


def kept(store: Store, chat: str = "s1") -> list[Message]:
    with store.reading() as db:
        sealing = sealer(db, "shop", chat)
        return [message_of(row, sealing) for row in waiting(db, "shop", chat, limit=100)]


def due(store: Store) -> list[str]:
    """The chats that workers would take, each once."""
    with store.transaction() as db:
        claims = iter(lambda: claim(db, "shop", "in"), None)
        return [held.session_id for held in claims if isinstance(held, Claim)]


def test_many_messages_are_kept_at_once_as_they_came(store: Store) -> None:
    given_ = [message("a", "नमस्ते", extra={"forwarded": True}), message("b", chat="s2"), message("c", trace="t" * 32)]
    assert arrive(store, given_) == ["a", "b", "c"]
    assert kept(store) == [given_[0], given_[2]]
    assert kept(store)[1].trace == "t" * 32
    assert sorted(due(store)) == ["s1", "s2"]
    assert store.unanswered() == []  # that is for those whose sender waited


def test_a_message_that_comes_again_is_kept_once(store: Store) -> None:
    assert arrive(store, [message("a", "first"), message("a", "again")]) == ["a"]
    assert arrive(store, [message("a", "days later"), message("b")]) == ["b"]
    assert [one.text for one in kept(store)] == ["first", "hello"]


def test_one_that_was_answered_does_not_call_a_worker_again(store: Store) -> None:
    arrive(store, [message("a")])
    assert due(store) == ["s1"]
    with store.transaction() as db:
        store.finish(db, message("a"), {})
    arrive(store, [message("a")])
    assert due(store) == []


def test_messages_are_answered_in_the_order_they_were_written(store: Store) -> None:
    later = NOW + timedelta(seconds=1)
    arrive(store, [message("third", at=later), message("first"), message("second")])
    arrive(store, [message("zeroth", at=NOW - timedelta(seconds=5))])
    assert [one.id for one in kept(store)] == ["zeroth", "first", "second", "third"]


def test_ids_and_words_that_no_column_takes_are_kept_all_the_same(store: Store) -> None:
    long = "x" * 5_000
    strange = [message(long, chat=long), message("nul\0", "nul\0 and half \ud83d"), message("good")]
    assert len(arrive(store, strange)) == 3
    assert arrive(store, strange) == []
    assert [one.id for one in kept(store)][1] == "good"
    assert len(kept(store, bounded(long))) == 1


@given(st.text(max_size=400))
def test_an_id_is_bounded_to_itself_or_to_its_fingerprint(id: str) -> None:
    kept_id = bounded(id)
    assert len(kept_id) <= MAX_ID_CHARS
    assert bounded(kept_id) == kept_id


def test_requests_that_bring_the_same_messages_at_once_keep_each_once(store: Store) -> None:
    fresh: list[str] = []

    def bring(turn: int) -> None:
        ids = [f"{number}" for number in range(40)]
        given_ = [message(id, chat=f"s{int(id) % 7}") for id in (ids if turn % 2 else reversed(ids))]
        fresh.extend(arrive(store, given_))

    threads = [threading.Thread(target=bring, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fresh) == sorted(str(number) for number in range(40))
