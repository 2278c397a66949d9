"""A door that stays shut for a while after too many failures, so that a dead server costs no turn its patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from munshi.bot.llm_faults import RefusedError
from munshi.knowledge.base import ChatModelError


class Breaker:
    """Shut for `pause` seconds after `failures` in a row, twice as long after each probe that fails, up to `longest`.

    When the pause is over one call goes through as a probe, the others wait for what comes of it. Thread-safe.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        pause: float = 30.0,
        longest: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = failures
        self._pause = pause
        self._longest = longest
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._open_at = 0.0
        self._probing = False

    @contextmanager
    def guard(self, what: str) -> Iterator[None]:
        """Let a call through and count what comes of it.

        Raises ChatModelError at once while shut, naming `what`. A RefusedError, or leaving before the end, counts for
        nothing.
        """
        self._enter(what)
        try:
            yield
        except RefusedError:
            self._leave()
            raise
        except ChatModelError:
            self._fail()
            raise
        except BaseException:
            self._leave()
            raise
        with self._lock:
            self._failed = 0
            self._probing = False

    def _enter(self, what: str) -> None:
        with self._lock:
            if self._failed < self._allowed:
                return
            wait = self._open_at - self._clock()
            if wait > 0 or self._probing:
                again = f"in {wait:.0f} s" if wait > 0 else "after the call now under way"
                raise ChatModelError(f"{what} failed {self._failed} times in a row and is asked again {again}")
            self._probing = True

    def _fail(self) -> None:
        with self._lock:
            self._failed += 1
            self._probing = False
            # Past a thousand doublings a float is full; the exponent stops long before.
            doublings = min(max(self._failed - self._allowed, 0), 32)
            self._open_at = self._clock() + min(self._pause * 2**doublings, self._longest)

    def _leave(self) -> None:
        with self._lock:
            self._probing = False
