"""Wake-ups: whoever adds work or news rings, whoever waits for it hears. A missed ring costs a moment, no message."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock
from typing import Protocol

from munshi.handlers.news import TICKETS

_CHATS = 4096
_NAMES = re.compile(rf"in|out|{TICKETS}|chat:\d{{1,4}}")


def chat_bell(session_id: str) -> str:
    """The name that is rung for news in a chat.

    Chats share `_CHATS` names: a name tells nobody which chat it is, and there are never more of them. Whoever hears a
    ring that was another chat's looks in vain, which costs one look.
    """
    return f"chat:{zlib.crc32(session_id.encode('utf-8', 'surrogatepass')) % _CHATS}"


def is_name(name: str) -> bool:
    """Whether something is rung by this name at all."""
    return _NAMES.fullmatch(name) is not None


class Bell(Protocol):
    """Rung by name ("in", "out", `TICKETS`, a chat's), across threads or across processes."""

    def heard(self, name: str) -> int:
        """How often it has rung: to be asked before one looks for work, and given to `wait`."""

    def ring(self, name: str) -> None:
        """Wake who waits. Never raises, never blocks for long."""

    def ring_here(self, name: str) -> None:
        """Wake who waits in this process, for what others have found by themselves."""

    def wait(self, name: str, since: int, seconds: float) -> None:
        """Return once it has rung more often than `since`, or after so long."""

    @contextmanager
    def telling(self, name: str, tell: Callable[[], object]) -> Iterator[None]:
        """Call `tell` at each ring, in the thread that rings, for as long as the block runs. It must return at once."""


class LocalBell:
    """A bell for the threads of one process."""

    def __init__(self) -> None:
        self._rung: Counter[str] = Counter()
        self._told: dict[str, list[Callable[[], object]]] = {}
        self._lock = Lock()

    def heard(self, name: str) -> int:
        """How often it has rung."""
        with self._lock:
            return self._rung[name]

    def ring(self, name: str) -> None:
        """Wake who waits."""
        self.ring_here(name)

    def ring_here(self, name: str) -> None:
        """Wake who waits in this process."""
        with self._lock:
            self._rung[name] += 1
            told = tuple(self._told.get(name, ()))
        for tell in told:
            tell()

    def wait(self, name: str, since: int, seconds: float) -> None:
        """Return once it has rung more often than `since`, or after so long."""
        rung = Event()
        with self.telling(name, rung.set):
            if self.heard(name) <= since:
                rung.wait(seconds)

    @contextmanager
    def telling(self, name: str, tell: Callable[[], object]) -> Iterator[None]:
        """Call `tell` at each ring for as long as the block runs."""
        with self._lock:
            self._told.setdefault(name, []).append(tell)
        try:
            yield
        finally:
            with self._lock:
                self._told[name].remove(tell)
                if not self._told[name]:
                    del self._told[name]
