"""Waiting for news without a thread: as many requests at once as like, in one event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from munshi.bot.bell import Bell


class News:
    """The bells of one process, as requests wait for them. Used in one event loop."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._waiting: set[asyncio.Event] = set()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the server is closing."""
        return self._closed

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    def heard(self, name: str) -> int:
        """How often it has rung: to be asked before one looks, and given to `rung`."""
        return self._bell.heard(name)

    async def rung(self, name: str, since: int, seconds: float) -> None:
        """Return once it has rung more often than `since`, after so long, or when the server closes."""
        loop, rung = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop was closed at this moment
                loop.call_soon_threadsafe(rung.set)

        with self._bell.telling(name, wake):
            if self._closed or self._bell.heard(name) > since:
                return
            self._waiting.add(rung)
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(rung.wait(), seconds)
            finally:
                self._waiting.discard(rung)

    def close(self) -> None:
        """Let all go who wait, and nobody wait from here on: the server is to close."""
        self._closed = True
        for rung in self._waiting:
            rung.set()
