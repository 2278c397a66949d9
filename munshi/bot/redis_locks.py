"""A chat's turn across processes: Redis keeps the same work from being done twice, the database what is done.

The lock is a hint. Where it is lost, or Redis of no help, two processes may think over one chat at the same time: one
of them records its turn, and the other finds that out when it wants to (`Store.save_state`, `Store.finish`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from redis import Redis
from redis.exceptions import LockError
from redis.lock import Lock

from munshi.bot.keyed_locks import KeyedLocks
from munshi.bot.redis_link import RedisLink

LEASE_SECONDS = 6.0
"""A lock whose process has died is free after so long; one that is held is renewed three times as often."""

LONGEST_WAIT = 60.0
"""After so long whoever waits goes on without the lock."""

_LOOK_SECONDS = 0.05


def _try(lock: Lock, _redis: Redis) -> bool:
    return bool(lock.acquire(blocking=False))


def _extend(lock: Lock, _redis: Redis) -> bool:
    try:
        return bool(lock.reacquire())
    except LockError:  # it was lost: the other process goes on as if there had been none
        return False


def _release(lock: Lock, _redis: Redis) -> None:
    try:
        lock.release()
    except LockError:
        return


class RedisLocks(KeyedLocks):
    """One lock a key, among the threads of this process for certain, among processes as well as Redis can."""

    def __init__(self, link: RedisLink) -> None:
        super().__init__()
        self._link = link

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Wait for the key, and give it back at the end. It never fails: at worst nobody else was kept out."""
        with super().hold(key):
            lock = self._take(key)
            if lock is None:
                yield
                return
            done = threading.Event()
            renewing = threading.Timer(LEASE_SECONDS / 3, self._renew, (lock, done))
            renewing.daemon = True
            renewing.start()
            try:
                yield
            finally:
                done.set()
                renewing.cancel()
                self._link.ask(partial(_release, lock), None)

    def _take(self, key: str) -> Lock | None:
        """The lock, None where it cannot be had: Redis is of no help, or the other takes too long."""
        name = self._link.key("turn", key)
        lock = Lock(self._link.client, name, timeout=LEASE_SECONDS, thread_local=False)
        ends = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < ends:
            taken = self._link.ask(partial(_try, lock), None)
            if taken is None:
                return None
            if taken:
                return lock
            time.sleep(_LOOK_SECONDS)
        return None

    def _renew(self, lock: Lock, done: threading.Event) -> None:
        while not done.is_set() and self._link.ask(partial(_extend, lock), True):
            done.wait(LEASE_SECONDS / 3)
