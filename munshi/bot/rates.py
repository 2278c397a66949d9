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


class LocalRates:
    """Counts in this process."""

    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._lock = Lock()

    def allow(self, who: str, rate: RateLimitItem) -> bool:
        """Count one more; False where that is more than `rate`."""
        with self._lock:
            return self._limiter.hit(rate, who)


class RedisRates:
    """Counts for all processes together; alone where Redis does not answer. A Redis that forgets is only milder."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._local = LocalRates()
        self._limiter: SlidingWindowCounterRateLimiter | None = None

    def allow(self, who: str, rate: RateLimitItem) -> bool:
        """Count one more; False where that is more than `rate`."""
        here = self._local.allow(who, rate)
        return here and self._link.ask(lambda _redis: self._hit(who, rate), otherwise=True)

    def _hit(self, who: str, rate: RateLimitItem) -> bool:
        if self._limiter is None:  # its scripts are loaded by the first call, so it is made where a failure is expected
            storage = RedisStorage("redis://", connection_pool=self._link.pool, key_prefix=f"{self._link.prefix}rate")
            self._limiter = SlidingWindowCounterRateLimiter(storage)
        return self._limiter.hit(rate, self._link.key("who", who))
