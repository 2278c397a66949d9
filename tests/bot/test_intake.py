"""Messages of many requests kept in few commits, in a real database."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from munshi.bot.database import open_engine
from munshi.bot.intake import Intake
from munshi.bot.message import Message
from munshi.bot.store import Store
from tests.arriving import arrive

THREADS = 24


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    engine = open_engine("", home=tmp_path)
    yield Store(engine, "shop")
    engine.dispose()


class Counted:
    """The store's own commit, counted; the first one waits until everybody else has come."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits = 0
        self.go_on = threading.Event()

    def __call__(self, messages: Sequence[Message]) -> Sequence[str]:
        self.commits += 1
        self.go_on.wait(10)
        if any(message.text == "poison" for message in messages):
            raise ValueError("poison")
        return arrive(self._store, messages)


def rush(intake: Intake, counted: Counted, messages: Sequence[Message]) -> list[Sequence[str] | Exception]:
    """What came of the messages, each from a thread of its own, while the first commit took its time."""

    def bring(message: Message) -> Sequence[str] | Exception:
        try:
            return intake.accept([message])
        except Exception as error:  # noqa: BLE001 - it is what is looked at
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(bring, message) for message in messages]
        threading.Timer(0.3, counted.go_on.set).start()
        return [one.result() for one in running]


def test_what_comes_during_a_commit_is_kept_by_one_more(store: Store) -> None:
    counted = Counted(store)
    messages = [Message("hello", f"s{n}", id=f"m{n}") for n in range(THREADS)]
    assert rush(Intake(counted), counted, messages) == [[f"m{n}"] for n in range(THREADS)]
    assert counted.commits <= 3  # the first, those that came meanwhile, and a straggler on a busy machine
    assert all(store.taken_in(message.id) for message in messages)


def test_a_message_that_many_bring_is_new_to_one_of_them(store: Store) -> None:
    counted = Counted(store)
    outcomes = rush(Intake(counted), counted, [Message("hello", "s", id="m")] * THREADS)
    assert sorted(len(fresh) for fresh in outcomes if not isinstance(fresh, Exception)) == [0] * (THREADS - 1) + [1]


def test_one_that_cannot_be_kept_harms_none_beside_it(store: Store) -> None:
    counted = Counted(store)
    messages = [Message("poison" if n == 5 else "hello", f"s{n}", id=f"m{n}") for n in range(THREADS)]
    outcomes = rush(Intake(counted), counted, messages)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, ValueError)] == [5]
    assert [outcome for outcome in outcomes if not isinstance(outcome, Exception)] == [
        [f"m{n}"] for n in range(THREADS) if n != 5
    ]


def test_while_the_database_is_away_everybody_is_told_and_afterwards_nobody(store: Store) -> None:
    away = True

    def accept(messages: Sequence[Message]) -> Sequence[str]:
        if away:
            raise OperationalError("insert", {}, Exception("away"))
        return arrive(store, messages)

    intake = Intake(accept)
    for _ in range(2):
        with pytest.raises(OperationalError):
            intake.accept([Message("hello", "s", id="m")])
    away = False
    assert intake.accept([Message("hello", "s", id="m")]) == ["m"]
