"""The processes of one computer that have chats in hand: each has a name, and locks a file for as long as it lives.

The system lets go of a lock when its process ends, however it ends. So whoever finds a file that nobody holds need not
wait for the lease of what that process had in hand.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)

NAME_CHARS = 12

_GUARD = ".lock"  # held while a name is entered or looked for: a file stands there before its lock is taken


class Roster:
    """The names in one folder, and this process's own. Several in one process are several names."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when the name is entered."""
        self.name = uuid.uuid4().hex[:NAME_CHARS]
        self._folder = folder
        self._mine = self._lock(self.name)

    def enter(self) -> None:
        """Be known as living from here on; where no file can be locked, a lease is all that tells."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._lock(_GUARD, seconds=5):
                self._mine.acquire()
        except (OSError, NotImplementedError) as error:  # Timeout is an OSError
            logger.warning(
                "No file can be locked in %s (%s): what this process holds when it is killed waits for its lease",
                self._folder,
                type(error).__name__,
            )

    def leave(self) -> None:
        """Be gone: what is still held in this name may be taken by others."""
        self._mine.release()

    def bury(self, take_back: Callable[[str], None]) -> None:
        """Have `take_back` see to each name whose process is gone, and forget it then. What it raises is passed on."""
        if not self._mine.is_locked:
            return
        with suppress(Timeout), self._lock(_GUARD):  # where another is at it, that will do
            for path in sorted(self._folder.iterdir()):
                if path.name not in (_GUARD, self.name) and self._is_gone(path.name):
                    take_back(path.name)
                    path.unlink(missing_ok=True)

    def _is_gone(self, name: str) -> bool:
        try:
            with self._lock(name):
                return True
        except Timeout:
            return False

    def _lock(self, name: str, *, seconds: float = 0) -> FileLock:
        return FileLock(self._folder / name, timeout=seconds, thread_local=False)
