"""What is said in a thread arrives while the thread is still at work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from munshi.ui.listening import Listening


def test_pieces_arrive_before_the_work_is_done() -> None:
    heard_first = threading.Event()

    def work(say: Callable[[str], None]) -> str:
        say("one")
        assert heard_first.wait(20)
        say(" two")
        return "done"

    async def listen() -> tuple[list[str], str]:
        listening, pieces = Listening(work), []
        async for piece in listening.pieces():
            pieces.append(piece)
            heard_first.set()
        return pieces, await listening.result()

    assert asyncio.run(listen()) == (["one", " two"], "done")


def test_what_the_work_raises_is_raised() -> None:
    def work(say: Callable[[str], None]) -> None:
        say("one")
        raise ValueError("no")

    async def listen() -> list[str]:
        listening = Listening(work)
        pieces = [piece async for piece in listening.pieces()]
        with pytest.raises(ValueError, match="no"):
            await listening.result()
        return pieces

    assert asyncio.run(listen()) == ["one"]
