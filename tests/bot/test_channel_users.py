"""Whose chat a message belongs to, whatever becomes of numbers and ids."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from munshi.bot.channel_users import ChannelUsers
from munshi.bot.incoming import Delivery, Incoming, Said, Sender
from munshi.bot.receiving import Receiver
from munshi.bot.store import Store
from munshi.handlers.customers import bind, identified, take_up_customers

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
ASHA = Sender("IN.1", "919000000001", "@asha", "Asha", "key-1")
CUSTOMER = {"key": "C1", "name": "Asha", "phone": "+919000000001", "email": "", "status": "active", "extra": {}}


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


@pytest.fixture
def users() -> ChannelUsers:
    return ChannelUsers("shop", "whatsapp")


def chat(store: Store, users: ChannelUsers, sender: Sender) -> str:
    with store.transaction() as db:
        return users.chat_of(db, sender)


def log_in(store: Store, session_id: str) -> None:
    with store.transaction() as db:
        take_up_customers(db, "shop", [CUSTOMER])
        bind(db, "shop", session_id, "C1", NOW + timedelta(hours=1))


def logged_in(store: Store, session_id: str) -> bool:
    with store.reading() as db:
        return identified(db, "shop", session_id, NOW) is not None


def test_a_person_keeps_their_chat_and_the_chats_id_says_nothing_of_them(store: Store, users: ChannelUsers) -> None:
    first = chat(store, users, ASHA)
    assert first.startswith("whatsapp-")
    assert ASHA.phone not in first
    assert chat(store, users, Sender("IN.1")) == first
    assert chat(store, users, Sender(phone=ASHA.phone)) == first
    assert chat(store, users, Sender("IN.2", "919000000002")) != first
    assert chat(store, ChannelUsers("other", "whatsapp"), ASHA) != first
    with store.reading() as db:
        assert users.known(db, "IN.1") == users.known(db, ASHA.phone) == ASHA
        assert users.known(db, "IN.9") is None


def test_a_person_known_by_phone_is_the_same_once_they_have_an_id(store: Store, users: ChannelUsers) -> None:
    first = chat(store, users, Sender(phone=ASHA.phone))
    assert chat(store, users, ASHA) == first
    assert chat(store, users, Sender("IN.1")) == first


def test_a_phone_that_was_given_to_another_does_not_bring_their_chat_along(store: Store, users: ChannelUsers) -> None:
    first = chat(store, users, ASHA)
    other = chat(store, users, Sender("IN.2", ASHA.phone))
    assert other != first
    assert chat(store, users, Sender(phone=ASHA.phone)) == other
    assert chat(store, users, Sender("IN.1")) == first


def test_names_are_kept_sealed(store: Store, users: ChannelUsers) -> None:
    chat(store, users, ASHA)
    with store.reading() as db:
        (kept,) = db.execute(text("SELECT profile FROM channel_users")).scalars().all()
    assert "Asha" not in kept


def test_a_changed_number_takes_the_chat_along_and_ends_the_login(store: Store, users: ChannelUsers) -> None:
    first, new = chat(store, users, ASHA), Sender("IN.2", "919000000002")
    early = chat(store, users, new)  # a message under the new number came before the word of it
    assert early != first
    log_in(store, first)
    with store.transaction() as db:
        assert users.move(db, ASHA, new) == first
    assert chat(store, users, new) == first
    assert not logged_in(store, first)


def test_a_change_that_is_told_twice_changes_nothing_the_second_time(store: Store, users: ChannelUsers) -> None:
    first, new = chat(store, users, ASHA), Sender("IN.2", "919000000002")
    with store.transaction() as db:
        users.move(db, ASHA, new)
    log_in(store, first)
    with store.transaction() as db:
        assert users.move(db, ASHA, new) == first
    assert logged_in(store, first)


def test_another_key_of_the_account_ends_the_login(store: Store, users: ChannelUsers) -> None:
    first = chat(store, users, replace(ASHA, identity=""))
    log_in(store, first)
    chat(store, users, ASHA)  # told for the first time
    chat(store, users, replace(ASHA, identity="", name="Asha K"))  # not told this time
    assert logged_in(store, first)
    chat(store, users, replace(ASHA, identity="key-2"))
    assert not logged_in(store, first)


def receiver_of(store: Store) -> Receiver:
    return Receiver(store, "whatsapp", tell=lambda _report: None)


def test_the_word_of_a_changed_identity_ends_the_login(store: Store) -> None:
    receiver = receiver_of(store)
    users = ChannelUsers("shop", "whatsapp")
    first = chat(store, users, ASHA)
    log_in(store, first)
    told = Incoming("wamid.S", Sender(phone=ASHA.phone), NOW, Said("system"), new_identity=True)
    receiver.take(Delivery((told,)))
    assert not logged_in(store, first)


def test_many_requests_at_once_make_one_person_known_once(store: Store) -> None:
    receiver = receiver_of(store)
    faults: list[BaseException] = []

    def bring(number: int) -> None:
        try:
            receiver.take(Delivery((Incoming(f"wamid.{number % 3}", ASHA, NOW, Said("text", "hello")),)))
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=bring, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with store.reading() as db:
        assert db.execute(text("SELECT count(*) FROM channel_users")).scalar() == 1
        assert db.execute(text("SELECT count(*), count(DISTINCT session_id) FROM inbox")).one() == (3, 1)


def test_what_is_brought_again_days_later_changes_nobodys_number(store: Store, users: ChannelUsers) -> None:
    receiver, new_phone = receiver_of(store), replace(ASHA, phone="919000000009")
    said = Delivery((Incoming("wamid.1", ASHA, NOW, Said("text", "hello")),))
    moved = Delivery((Incoming("wamid.2", ASHA, NOW, Said("system"), moved_to=new_phone, new_identity=True),))
    for delivery in (said, moved):
        receiver.take(delivery)
    ravi = Sender("IN.2", ASHA.phone, name="Ravi")  # has the number from here on
    hers, his = chat(store, users, Sender("IN.1")), chat(store, users, ravi)
    log_in(store, hers)
    for delivery in (said, moved, said):
        receiver.take(delivery)
    assert (chat(store, users, new_phone), chat(store, users, Sender(phone=ASHA.phone))) == (hers, his)
    assert logged_in(store, hers)
