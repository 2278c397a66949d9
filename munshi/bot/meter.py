"""What measures turns, as those who are measured see it (`bot.metrics` does it)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from munshi.bot.response import Response


class Meter(Protocol):
    """Measures turns."""

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Measure what happens in the block."""

    def turn(self, response: Response, channel: str) -> None:
        """Count a turn that was recorded."""


class Unmeasured:
    """Measures nothing."""

    def stage(self, _name: str) -> AbstractContextManager[object]:
        """Let the block be."""
        return nullcontext()

    def turn(self, _response: Response, _channel: str) -> None:
        """Let it be."""
        return
