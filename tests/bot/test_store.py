from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from munshi.bot.bell import chat_bell
from munshi.bot.database import StoreError, open_engine
from munshi.bot.message import Media, Message
from munshi.bot.session_rows import Session, StaleSessionError
from munshi.bot.store import Store


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


def message(text: str = "hello", id: str = "m1", session_id: str = "s1") -> Message:
    return Message(text, session_id, id=id, timestamp=datetime(2026, 11, 20, 9, 30, tzinfo=UTC))


def test_an_accepted_message_waits_until_it_is_finished(store: Store) -> None:
    store.accept(message("नमस्ते 🙏"))
    assert store.unanswered() == [message("नमस्ते 🙏")]
    assert store.response("m1") is None
    with store.transaction() as db:
        store.finish(db, message(), {"reply": "namaste"})
    assert store.unanswered() == []
    assert store.response("m1") == {"reply": "namaste"}


def test_the_same_message_id_is_the_same_message(store: Store) -> None:
    store.accept(message("first"))
    store.accept(message("second"))
    assert [left.text for left in store.unanswered()] == ["first"]


def test_what_a_message_is_beside_its_text_is_kept(store: Store) -> None:
    media = (Media("123", "audio/ogg", voice=True),)
    voice = replace(message("", "m2"), kind="audio", media=media, reply_to="wamid.1", extra={"new": [1, "\ud800"]})
    store.accept(message())
    store.accept(voice)
    first, second = store.unanswered()
    assert first == message()
    assert second == replace(voice, extra={"new": [1, "?"]})


def test_two_businesses_in_one_database_do_not_meet(store: Store) -> None:
    other = Store(store.engine, "bank")
    store.accept(message())
    other.accept(message("for the bank"))
    assert [left.text for left in other.unanswered()] == ["for the bank"]
    with store.transaction() as db:
        store.say(db, "s1", "customer", "hello")
    assert other.transcript("s1") == []


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def half_a_turn() -> None:
        with store.transaction() as db:
            store.say(db, "s1", "customer", "hello")
            store.save_state(db, store.session(db, "s1", channel="chat"), {"language": "hi"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_a_turn()
    assert store.transcript("s1") == []
    with store.reading() as db:
        assert store.session(db, "s1", channel="chat").state == {}


def test_state_is_kept_and_a_hold_survives_it(store: Store) -> None:
    with store.transaction() as db:
        session = store.session(db, "s1", channel="chat")
        store.save_state(db, session, {"language": "hi"})
        store.hold(db, "s1", "Asha")
        store.save_state(db, store.session(db, "s1", channel="chat"), {"language": "en"})
    with store.reading() as db:
        kept = store.session(db, "s1", channel="chat")
    assert (kept.held_by, kept.state) == ("Asha", {"language": "en"})


def say_and_save(store: Store, read: Session) -> None:
    with store.transaction() as db:
        store.say(db, "s1", "bot", "said twice")
        store.save_state(db, read, {"language": "hinglish"})


def test_two_turns_never_go_on_from_the_same_state(store: Store) -> None:
    for state in ({"language": "hi"}, {"language": "en"}):
        with store.reading() as db:
            read = store.session(db, "s1", channel="chat")
        with store.transaction() as db:
            store.save_state(db, read, state)
        with pytest.raises(StaleSessionError):
            say_and_save(store, read)
    with store.reading() as db:
        assert store.session(db, "s1", channel="chat").state == {"language": "en"}
    assert store.transcript("s1") == []


def test_the_transcript_is_in_order_with_aware_times(store: Store) -> None:
    with store.transaction() as db:
        for number in range(5):
            store.say(db, "s1", "customer", f"line {number}")
    lines = store.transcript("s1", limit=3)
    assert [line.text for line in lines] == ["line 2", "line 3", "line 4"]
    assert all(line.at.tzinfo is not None for line in lines)


def test_a_pending_line_is_taken_once(store: Store) -> None:
    with store.transaction() as db:
        line = store.say(db, "s1", "person", "I am here")
        store.push(db, "s1", "chat", line)
    assert [line.text for line in store.take_pending("s1")] == ["I am here"]
    assert store.take_pending("s1") == []
    assert store.take_pending("other") == []


def test_many_threads_write_without_losing_a_line(store: Store) -> None:
    def write(name: int) -> None:
        for number in range(10):
            store.accept(message(id=f"{name}-{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.unanswered()) == 80


def test_a_writer_that_fails_lets_the_next_one_write(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as db:
            store.say(db, "s1", "customer", "hello")
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            fail()
    with store.transaction() as db:
        store.say(db, "s1", "customer", "hello")
        with store.reading() as other:  # reading waits for no writer
            assert store.session(other, "s1", channel="chat").version == 0
    assert len(store.transcript("s1")) == 1


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////no/such/folder/x.db", "postgresql+nodriver://x", "oracle://x"])
def test_a_database_that_cannot_be_opened_is_named_with_the_remedy(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="MUNSHI_DATABASE_URL"):
        Store(open_engine(url, home=tmp_path), "shop")


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError, match="MUNSHI_HOME"):
        open_engine("", home=tmp_path / "home")


def test_a_turn_that_was_under_way_when_a_person_took_over_keeps_nothing(store: Store) -> None:
    with store.transaction() as db:
        store.save_state(db, store.session(db, "s1", channel="chat"), {"language": "hi"})
    with store.reading() as db:
        read = store.session(db, "s1", channel="chat")
    with store.transaction() as db:
        store.hold(db, "s1", "Asha")
    with pytest.raises(StaleSessionError):
        say_and_save(store, read)
    assert store.transcript("s1") == []


def test_what_was_committed_is_rung_and_nothing_else(engine: Engine) -> None:
    rung: list[str] = []
    store = Store(engine, "shop", ring=rung.append)
    broken = ExitStack()
    store.say(broken.enter_context(store.transaction()), "s1", "bot", "never said")
    broken.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    with store.transaction() as db:
        store.say(db, "s2", "customer", "hello")
        store.say(db, "s2", "bot", "hello")
        assert rung == []
    assert rung == [chat_bell("s2")]
