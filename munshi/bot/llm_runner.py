"""Runs what is asynchronous for callers that are not, and lets nothing outlast its time."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
import weakref
from collections.abc import AsyncIterator, Generator
from concurrent.futures import Future
from contextlib import suppress
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
        ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        threading.Thread(target=_live, args=(ready,), name="language-model", daemon=True).start()
        self._loop, over = ready.result()
        weakref.finalize(self, _end, self._loop, over)

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


def _live(ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    async def wait() -> None:
        over = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), over))
        await over.wait()

    asyncio.run(wait())


def _end(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    with suppress(RuntimeError):  # closed already
        loop.call_soon_threadsafe(over.set)
