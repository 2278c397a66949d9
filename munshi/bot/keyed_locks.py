"""Locks by name, for the threads of one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakValueDictionary


class KeyedLocks:
    """One lock a key, kept only while somebody holds or awaits it."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._locks: WeakValueDictionary[str, _Slot] = WeakValueDictionary()

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Wait for the key, and give it back at the end."""
        with self._guard:
            slot = self._locks.get(key) or _Slot()
            self._locks[key] = slot
        with slot.lock:
            yield


class _Slot:
    """A lock that can be weakly referenced."""

    __slots__ = ("__weakref__", "lock")

    def __init__(self) -> None:
        self.lock = Lock()
