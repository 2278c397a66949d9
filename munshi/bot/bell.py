"""Wake-ups: whoever adds work rings, whoever waits for it hears. A ring that is missed costs a moment, no message."""

from __future__ import annotations

from collections import Counter
from threading import Condition
from typing import Protocol


class Bell(Protocol):
    """Rung by name ("in", "out"), across threads or across processes."""

    def heard(self, name: str) -> int:
        """How often it has rung: to be asked before one looks for work, and given to `wait`."""

    def ring(self, name: str) -> None:
        """Wake who waits. Never raises, never blocks for long."""

    def wait(self, name: str, since: int, seconds: float) -> None:
        """Return once it has rung more often than `since`, or after so long."""


class LocalBell:
    """A bell for the threads of one process."""

    def __init__(self) -> None:
        self._rung: Counter[str] = Counter()
        self._changed = Condition()

    def heard(self, name: str) -> int:
        """How often it has rung."""
        with self._changed:
            return self._rung[name]

    def ring(self, name: str) -> None:
        """Wake who waits."""
        with self._changed:
            self._rung[name] += 1
            self._changed.notify_all()

    def wait(self, name: str, since: int, seconds: float) -> None:
        """Return once it has rung more often than `since`, or after so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._rung[name] > since, seconds)
