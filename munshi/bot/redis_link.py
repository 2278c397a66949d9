"""The way to Redis: short patience, and none for a while after it failed. It is never asked for what must hold."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_SECONDS = 0.2
"""Longest that a turn waits for Redis; one that is stuck is left alone after that."""

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0


class RedisLink:
    """Redis for one business. Whatever it is asked has an answer without it."""

    def __init__(self, url: str, business: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises ValueError where `url` is none of Redis. Makes no call."""
        self.pool = ConnectionPool.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self.client = Redis(connection_pool=self.pool)
        self.prefix = f"munshi:{business}:"
        self._clock = clock
        self._lock = Lock()
        self._pause = 0.0
        self._again_at = 0.0

    def ask(self, question: Callable[[Redis], T], otherwise: T) -> T:
        """What Redis says, or `otherwise` where it does not within `PATIENCE_SECONDS`, or did not just now."""
        with self._lock:
            if self._clock() < self._again_at:
                return otherwise
        try:
            answer = question(self.client)
        except (RedisError, OSError) as error:
            self._failed(error)
            return otherwise
        with self._lock:
            self._pause = 0.0
        return answer

    def key(self, kind: str, *parts: str) -> str:
        """A key that tells nothing of what it is made of."""
        digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
        return f"{self.prefix}{kind}:{digest}"

    def clear(self) -> bool:
        """Forget everything of this business; False where that cannot be done now."""
        try:
            for key in self.client.scan_iter(match=f"{self.prefix}*", count=500):
                self.client.unlink(key)
        except (RedisError, OSError):
            return False
        return True

    def close(self) -> None:
        """Let go of the connections."""
        self.pool.disconnect()

    def _failed(self, error: Exception) -> None:
        with self._lock:
            first = self._pause == 0.0
            self._pause = min(_LONGEST_PAUSE, 2 * self._pause or _FIRST_PAUSE)
            self._again_at = self._clock() + self._pause
        if first:  # told once, not with every message
            logger.warning("Redis is of no help now (%s); everything goes on without it", type(error).__name__)
