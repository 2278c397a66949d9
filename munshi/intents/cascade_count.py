"""How many messages each step of a cascade settles, how long it takes and how often it fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from threading import Lock
from time import perf_counter
from typing import Any

from munshi.intents.metrics import percentile

# As many times are kept for the percentiles, the latest ones.
_KEPT = 2000


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step. `share` (0 to 1) of all messages it settled; times are of the messages that came to it, settled or
    not, 0 where none did; `failures` are of the language model.
    """

    name: str
    share: float
    p50_ms: float
    p95_ms: float
    failures: int

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


class StepCounter:
    """The counts of one step. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._settled = 0
            self._failures = 0
            self._milliseconds: deque[float] = deque(maxlen=_KEPT)

    def settle(self, messages: int) -> None:
        """Count messages that were settled here."""
        with self._lock:
            self._settled += messages

    def fail(self) -> None:
        """Count a message that the step could not be asked about."""
        with self._lock:
            self._failures += 1

    @contextmanager
    def timing(self, messages: int) -> Iterator[None]:
        """Time some messages together: each counts with the mean."""
        started = perf_counter()
        yield
        each = (perf_counter() - started) * 1000 / messages
        with self._lock:
            self._milliseconds.extend([each] * min(messages, _KEPT))

    @property
    def settled(self) -> int:
        """How many messages were settled here."""
        return self._settled

    def report(self, name: str, total: int) -> StepReport:
        """The counts, of `total` messages in all."""
        with self._lock:
            times: Sequence[float] = tuple(self._milliseconds) or (0.0,)
            share = self._settled / total if total else 0.0
            return StepReport(name, share, percentile(times, 0.50), percentile(times, 0.95), self._failures)
