"""What other processes write is rung for in this one, without Redis, on both databases."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine, event, text

from munshi.bot.bell import LocalBell, chat_bell
from munshi.bot.herald import Herald, heralding
from munshi.bot.store import Store


@pytest.fixture
def elsewhere(engine: Engine) -> Store:
    """Another process, whose bell nobody hears here."""
    return Store(engine, "shop")


def say(store: Store, *chats: str) -> None:
    with store.transaction() as db:
        for chat in chats:
            store.say(db, chat, "person", "Hello")


def test_each_new_line_is_rung_once_in_its_chat_and_what_was_there_is_not(engine: Engine, elsewhere: Store) -> None:
    bell = LocalBell()
    herald = Herald(Store(engine, "shop"), bell)
    say(elsewhere, "s1")
    herald.look()
    assert bell.heard(chat_bell("s1")) == 0
    say(elsewhere, "s1", "s2")
    say(Store(engine, "other"), "s3")
    herald.look()
    herald.look()
    assert [bell.heard(chat_bell(chat)) for chat in ("s1", "s2", "s3")] == [1, 1, 0]


def test_where_nothing_was_said_yet_the_first_line_is_rung(engine: Engine, elsewhere: Store) -> None:
    bell = LocalBell()
    herald = Herald(Store(engine, "shop"), bell)
    herald.look()
    say(elsewhere, "s1")
    herald.look()
    assert bell.heard(chat_bell("s1")) == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.services
def test_a_line_that_is_committed_after_a_later_one_is_rung(engine: Engine, elsewhere: Store) -> None:
    bell = LocalBell()
    herald = Herald(Store(engine, "shop"), bell)
    say(elsewhere, "s0")
    herald.look()
    with elsewhere.transaction() as db:
        elsewhere.say(db, "slow", "person", "Hello")
        say(elsewhere, "quick")
        herald.look()
    herald.look()
    assert [bell.heard(chat_bell(chat)) for chat in ("quick", "slow")] == [1, 1]


def test_it_outlives_a_database_that_is_away(engine: Engine, elsewhere: Store) -> None:
    bell, failed, rung = LocalBell(), threading.Event(), threading.Event()
    with elsewhere.transaction() as db:
        db.execute(text("ALTER TABLE transcript RENAME TO lost"))
    store = Store(engine, "shop")
    event.listen(engine, "handle_error", lambda _: failed.set())
    with bell.telling(chat_bell("s1"), rung.set), heralding(store, bell):
        assert failed.wait(30)
        with elsewhere.transaction() as db:
            db.execute(text("ALTER TABLE lost RENAME TO transcript"))
        while not rung.wait(0.2):
            say(elsewhere, "s1")
    assert not any(thread.name == "munshi-herald" for thread in threading.enumerate())
