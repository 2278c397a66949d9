"""Runs what is asynchronous for callers that are not, and lets nothing outlast its time."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
import weakref
from collections.abc import AsyncIterator, Generator
from typing import TypeVar

T = TypeVar("T")


class SourceError(Exception):
    """What was run has raised: its own error is the cause."""


class Runner:
    """An event loop in a thread of its own. Safe to use from several threads.

    A timeout of httpx holds for one read; a server that sends a byte now and then never meets it. A task can be
    cancelled whatever it waits for, and closes its connection then.
    """

    def __init__(self) -> None:
        loop = asyncio.new_event_loop()
        threading.Thread(target=_run, args=(loop,), name="language-model", daemon=True).start()
        self._loop = loop
        self._ended = weakref.finalize(self, _stop, loop)

    def iterate(self, source: AsyncIterator[T], timeout: float) -> Generator[T, None, None]:
        """What `source` gives, as it gives it.

        Raises TimeoutError after `timeout` seconds in all, and SourceError where `source` raises. Left early, `source`
        is cancelled.
        """
        until = time.monotonic() + timeout
        pieces: queue.SimpleQueue[tuple[T] | None] = queue.SimpleQueue()
        future = asyncio.run_coroutine_threadsafe(_pump(source, pieces), self._loop)
        future.add_done_callback(lambda _: pieces.put(None))
        try:
            while (piece := _next(pieces, until)) is not None:
                yield piece[0]
            if error := future.exception():
                raise SourceError(str(error)) from error
        finally:
            future.cancel()


async def _pump(source: AsyncIterator[T], pieces: queue.SimpleQueue[tuple[T] | None]) -> None:
    async for piece in source:
        pieces.put((piece,))


def _next(pieces: queue.SimpleQueue[tuple[T] | None], until: float) -> tuple[T] | None:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    try:
        return pieces.get(timeout=left)
    except queue.Empty:
        raise TimeoutError from None


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
