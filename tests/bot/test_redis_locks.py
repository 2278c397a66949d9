"""A chat's turn among processes: one thinks at a time, and whatever befalls the lock, each message has one reply."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from munshi.bot import redis_locks
from munshi.bot.app import App, open_app
from munshi.bot.redis_link import RedisLink
from munshi.bot.redis_locks import RedisLocks
from munshi.bot.settings import Settings
from tests.bot.test_shared import Trouble, redis, server, troubled
from tests.servers.redis_server import RedisServer

__all__ = ["redis", "server"]

pytestmark = pytest.mark.services


@pytest.fixture
def processes(redis: RedisServer) -> Iterator[tuple[RedisLocks, RedisLocks]]:
    """The locks of two processes."""
    links = [RedisLink(redis.url, "shop") for _ in range(2)]
    yield RedisLocks(links[0]), RedisLocks(links[1])
    for link in links:
        link.close()


def entered(locks: RedisLocks, key: str, seconds: float) -> tuple[bool, Callable[[], None]]:
    """Whether another process gets in within so long, and how to wait until it has."""
    inside = threading.Event()

    def enter() -> None:
        with locks.hold(key):
            inside.set()

    thread = threading.Thread(target=enter)
    thread.start()
    return inside.wait(seconds), thread.join


def test_one_process_at_a_time_has_a_chat_and_for_as_long_as_it_likes(
    processes: tuple[RedisLocks, RedisLocks], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_locks, "LEASE_SECONDS", 0.6)
    here, there = processes
    with here.hold("s1"):
        other, ended = entered(there, "s2", 10)
        assert other
        ended()
        same, ended = entered(there, "s1", 1.5)  # longer than the lease
        assert not same
    ended()


def test_a_lock_that_was_lost_lets_the_other_in_and_is_not_taken_from_it(
    processes: tuple[RedisLocks, RedisLocks], redis: RedisServer
) -> None:
    here, there = processes
    holding, held = threading.Event(), threading.Event()

    def hold() -> None:
        with there.hold("s1"):
            holding.set()
            held.wait(30)

    thread = threading.Thread(target=hold)
    with here.hold("s1"):
        redis.client.flushall()
        thread.start()
        assert holding.wait(10)
    assert len(redis.client.keys("munshi:shop:turn:*")) == 1
    held.set()
    thread.join()
    assert redis.client.keys("munshi:shop:turn:*") == []


def test_the_lock_of_a_process_that_died_is_free_after_its_lease(
    processes: tuple[RedisLocks, RedisLocks], redis: RedisServer
) -> None:
    here, _ = processes
    key = RedisLink(redis.url, "shop").key("turn", "s1")
    redis.client.set(key, "the dead's", px=400)
    with here.hold("s1"):
        assert redis.client.get(key) != b"the dead's"


@troubled
def test_whatever_befalls_redis_nobody_is_kept_out_for_long(
    trouble: Trouble, processes: tuple[RedisLocks, RedisLocks], redis: RedisServer
) -> None:
    here, there = processes
    with here.hold("s1"):
        trouble(redis)
    inside, ended = entered(there, "s1", 20)
    assert inside
    ended()


@pytest.fixture
def two(redis: RedisServer, tmp_path: Path) -> Iterator[list[App]]:
    """Two processes of a shop behind a load balancer, each slow to understand."""
    settings = Settings(home=tmp_path, encoder="none", redis_url=redis.url)
    with ExitStack() as stack:
        yield [stack.enter_context(open_app(settings)) for _ in range(2)]


def slowly(monkeypatch: pytest.MonkeyPatch, apps: list[App], meanwhile: Callable[[], object]) -> list[str]:
    """Have understanding take its time; gives what was understood, again and again where it was."""
    understood: list[str] = []
    for app in apps:
        quick = app.assistant._understand

        def slow(text: str, *, quick: Any = quick, **given: Any) -> Any:
            understood.append(text)
            meanwhile()
            time.sleep(0.5)
            return quick(text, **given)

        monkeypatch.setattr(app.assistant, "_understand", slow)
    return understood


def ask(app: App) -> object:
    return app.respond("what are your timings", session_id="s1", message_id="m1").reply


def test_a_message_that_is_sent_again_to_another_process_is_thought_over_once(
    two: list[App], monkeypatch: pytest.MonkeyPatch
) -> None:
    understood = slowly(monkeypatch, two, lambda: None)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, two)
    assert first == second
    assert understood == ["what are your timings"]


@troubled
def test_a_lock_lost_in_the_middle_of_a_turn_leaves_one_reply(
    trouble: Trouble, two: list[App], redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = threading.Lock()
    slowly(monkeypatch, two, lambda: trouble(redis) if once.acquire(blocking=False) else None)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, two)
    assert first == second
    assert [line.role for line in two[0].transcript("s1")] == ["customer", "bot"]
