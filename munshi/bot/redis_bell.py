"""Wake-ups across processes, by Redis's publish and subscribe."""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress
from functools import partial
from queue import Empty, Full, Queue
from threading import Event, Thread

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from munshi.bot.bell import LocalBell, is_name
from munshi.bot.redis_link import RedisLink

logger = logging.getLogger(__name__)

_WAITING = 256
_LISTEN_SECONDS = 0.15  # within the patience of a connection
_AGAIN_SECONDS = 1.0


def _publish(channel: str, told: str, redis: Redis) -> None:
    redis.publish(channel, told)


class RedisBell(LocalBell):
    """A bell that other processes hear. Ringing never waits: what Redis does not take is looked for by polling."""

    def __init__(self, link: RedisLink) -> None:
        super().__init__()
        self._link = link
        self._channel = f"{link.prefix}bell"
        self._me = uuid.uuid4().hex
        self._rings: Queue[str] = Queue(_WAITING)
        self._closed = Event()
        self._threads = [
            Thread(target=target, name=f"munshi-bell-{name}", daemon=True)
            for name, target in (("say", self._say), ("hear", self._hear))
        ]
        for thread in self._threads:
            thread.start()

    def ring(self, name: str) -> None:
        """Wake who waits, here at once, elsewhere as soon as Redis tells them."""
        self.ring_here(name)
        try:
            self._rings.put_nowait(name)
        except Full:
            logger.debug("Too many rings wait for Redis")

    def close(self) -> None:
        """Hear no more, and ring no more once what was rung is told."""
        self._closed.set()
        for thread in self._threads:
            thread.join(2)

    def _say(self) -> None:
        while not (self._closed.is_set() and self._rings.empty()):
            with suppress(Empty):
                name = self._rings.get(timeout=_LISTEN_SECONDS)
                self._link.ask(partial(_publish, self._channel, f"{self._me} {name}"), None)

    def _hear(self) -> None:
        while not self._closed.is_set():
            try:
                self._listen(self._link.client)
            except (RedisError, OSError):
                self._closed.wait(_AGAIN_SECONDS)

    def _listen(self, redis: Redis) -> None:
        with PubSub(redis.connection_pool, ignore_subscribe_messages=True) as heard:
            heard.subscribe(self._channel)
            while not self._closed.is_set():
                told = heard.get_message(timeout=_LISTEN_SECONDS)
                if told is not None and isinstance(told.get("data"), bytes):
                    self._take(told["data"].decode("utf-8", "replace"))

    def _take(self, told: str) -> None:
        """Hear what another process rang; other words are not counted, there would be no end of them."""
        who, _, name = told.partition(" ")
        if who != self._me and is_name(name):
            self.ring_here(name)
