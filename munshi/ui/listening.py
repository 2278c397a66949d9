"""Work in a thread that is heard while it is done: what it says arrives as it says it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

from fastapi.concurrency import run_in_threadpool

T = TypeVar("T")


class Listening(Generic[T]):
    """Runs `work` in a worker thread, handing it what it is to say its pieces to. Made and used in one event loop.

    Whoever stops listening leaves the work to end by itself.
    """

    def __init__(self, work: Callable[[Callable[[str], None]], T]) -> None:
        loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()

        def say(piece: str) -> None:
            loop.call_soon_threadsafe(self._pieces.put_nowait, piece)

        self._task = asyncio.ensure_future(run_in_threadpool(work, say))
        self._task.add_done_callback(lambda _: self._pieces.put_nowait(None))

    async def pieces(self) -> AsyncIterator[str]:
        """What is said, until the work is done."""
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def result(self) -> T:
        """What the work gives. Raises what it raises."""
        return await self._task
