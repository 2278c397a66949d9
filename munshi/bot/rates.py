"""How often one customer or one address may come."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Protocol

from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

if TYPE_CHECKING:
    from munshi.bot.redis_link import RedisLink


class Rates(Protocol):
    """Counts who comes how often."""

    def allow(self, who: str, rate: RateLimitItem) -> bool:
        """Count one more of `who`; False where that is more than `rate`. Never raises."""

    def is_full(self, who: str, rate: RateLimitItem) -> bool:
        """Whether one more of `who` would be more than `rate`; counts nothing. Never raises."""


class LocalRates:
    """Counts in this process."""

    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._lock = Lock()

    def allow(self, who: str, rate: RateLimitItem) -> bool:
        """Count one more; False where that is more than `rate`."""
        with self._lock:
            return self._limiter.hit(rate, who)

    def is_full(self, who: str, rate: RateLimitItem) -> bool:
        """Whether one more would be too many."""
        with self._lock:
            return not self._limiter.test(rate, who)


class RedisRates:
    """Counts for all processes together; alone where Redis does not answer. A Redis that forgets is only milder."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._local = LocalRates()
        self._limiter: SlidingWindowCounterRateLimiter | None = None

    def allow(self, who: str, rate: RateLimitItem) -> bool:
        """Count one more; False where that is more than `rate`."""
        here = self._local.allow(who, rate)
        return here and self._link.ask(lambda _redis: self._counter().hit(rate, self._key(who)), otherwise=True)

    def is_full(self, who: str, rate: RateLimitItem) -> bool:
        """Whether one more would be too many."""
        there = self._link.ask(lambda _redis: not self._counter().test(rate, self._key(who)), otherwise=False)
        return there or self._local.is_full(who, rate)

    def _key(self, who: str) -> str:
        return self._link.key("who", who)

    def _counter(self) -> SlidingWindowCounterRateLimiter:
        if self._limiter is None:  # its scripts are loaded by the first call, so it is made where a failure is expected
            storage = RedisStorage("redis://", connection_pool=self._link.pool, key_prefix=f"{self._link.prefix}rate")
            self._limiter = SlidingWindowCounterRateLimiter(storage)
        return self._limiter
