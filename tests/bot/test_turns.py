"""Whose turn it is: one worker in a chat, nothing due forgotten, whatever dies."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from munshi.bot import turns
from munshi.bot.store import Store
from munshi.bot.turns import Claim

PAST = timedelta(seconds=-1)


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


def wake(store: Store, *chats: str) -> None:
    with store.transaction() as db:
        turns.wake(db, "shop", "in", chats)


def take(store: Store, lease: timedelta = turns.LEASE) -> Claim | None:
    with store.transaction() as db:
        return turns.claim(db, "shop", "in", lease=lease)


def must_take(store: Store, lease: timedelta = turns.LEASE) -> Claim:
    held = take(store, lease)
    assert held is not None
    return held


def release(store: Store, held: Claim, due: datetime | None = None, *, done: bool = True) -> None:
    with store.transaction() as db:
        turns.release(db, held, due=due, done=done)


def test_a_chat_is_given_to_one_worker(store: Store) -> None:
    wake(store, "s1", "s1")
    assert must_take(store).session_id == "s1"
    assert take(store) is None
    wake(store, "s1")  # something more, while it is in hand
    assert take(store) is None


def test_a_chat_that_was_given_back_is_looked_into_when_something_is_added(store: Store) -> None:
    wake(store, "s1")
    release(store, must_take(store))
    assert take(store) is None
    wake(store, "s1")
    assert must_take(store).tries == 1


def test_what_a_dead_worker_held_is_taken_up_after_its_lease(store: Store) -> None:
    wake(store, "s1")
    dead = must_take(store, lease=PAST)
    held = must_take(store)
    assert (held.session_id, held.tries) == ("s1", 2)
    release(store, dead)  # it was only slow: what is another's now it can neither give back nor hold on to
    with store.transaction() as db:
        assert not turns.renew(db, dead)
        assert not turns.lock(db, dead)
        assert turns.lock(db, held)
        assert turns.renew(db, held)
        assert turns.in_hand(db, "shop", "in", "s1")


def test_a_chat_waits_for_its_next_try_unless_it_is_hurried(store: Store) -> None:
    wake(store, "s1")
    release(store, must_take(store), datetime.now(UTC) + timedelta(hours=1), done=False)
    wake(store, "s1")
    assert take(store) is None
    with store.transaction() as db:
        turns.hurry(db, "shop", "in", "s1")
    assert must_take(store).tries == 2


def test_what_was_given_back_untried_has_not_been_tried(store: Store) -> None:
    wake(store, "s1")
    for _ in range(3):
        held = must_take(store)
        with store.transaction() as db:
            turns.give_back(db, held, due=datetime.now(UTC))
    assert must_take(store).tries == 1


def test_the_lanes_and_the_businesses_do_not_meet(store: Store) -> None:
    wake(store, "s1")
    with store.transaction() as db:
        assert turns.claim(db, "shop", "out") is None
        assert turns.claim(db, "bank", "in") is None
        assert turns.is_due(db, "shop", "in")
        assert not turns.is_due(db, "shop", "out")


def test_workers_at_once_share_the_chats_and_never_one(store: Store) -> None:
    wake(store, *(f"s{number}" for number in range(40)))
    taken: list[str] = []

    def work() -> None:
        while (held := take(store)) is not None:
            taken.append(held.session_id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"s{number}" for number in range(40))
