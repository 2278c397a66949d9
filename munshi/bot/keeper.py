"""Looks after the messages that are being answered: their leases are renewed, and a long wait is told of."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock

from sqlalchemy.exc import SQLAlchemyError

from munshi.bot import turns
from munshi.bot.message import Message
from munshi.bot.store import Store
from munshi.bot.turns import Claim

logger = logging.getLogger(__name__)

LONG_SECONDS = 20.0
"""An answer that takes longer is announced."""

LONGEST_SECONDS = 15 * 60.0
"""Whoever takes longer than this is given up: another may take the chat."""

_ROUND = 1.0
_RENEW = turns.LEASE.total_seconds() / 4


@dataclass(slots=True)
class _Job:
    held: Claim
    message: Message
    since: float
    renewed: float
    announced: bool = False


class Keeper:
    """One for each process. `announce` tells the customer of a message that its answer takes a while."""

    def __init__(self, store: Store, announce: Callable[[Message], None], *, long: float = LONG_SECONDS) -> None:
        """`long` is the wait in seconds from which on it is announced."""
        self._store = store
        self._announce = announce
        self._long = long
        self._jobs: dict[str, _Job] = {}
        self._guard = Lock()

    @contextmanager
    def keeping(self, held: Claim, message: Message) -> Iterator[None]:
        """Keep a chat in hand for as long as the block runs."""
        now = time.monotonic()
        with self._guard:
            self._jobs[held.token] = _Job(held, message, now, now)
        try:
            yield
        finally:
            with self._guard:
                self._jobs.pop(held.token, None)

    def run(self, stopped: Event) -> None:
        """Look after them until `stopped`."""
        while not stopped.wait(_ROUND):
            self.look()

    def look(self) -> None:
        """One round."""
        now = time.monotonic()
        with self._guard:
            jobs = tuple(self._jobs.values())
        for job in jobs:
            try:
                self._see_to(job, now)
            except SQLAlchemyError as error:  # the next round tries again, and the lease outlasts several
                logger.warning("A lease could not be renewed (%s)", type(error).__name__)

    def give_back(self) -> int:
        """Give back what is still in hand, for another process to take up; returns how many there were."""
        with self._guard:
            jobs = tuple(self._jobs.values())
            self._jobs.clear()
        with self._store.transaction() as db:
            for job in jobs:
                turns.give_back(db, job.held, due=datetime.now(UTC))
        return len(jobs)

    def _see_to(self, job: _Job, now: float) -> None:
        if now - job.renewed > _RENEW and now - job.since < LONGEST_SECONDS:
            with self._store.transaction() as db:
                turns.renew(db, job.held)
            job.renewed = now
        if now - job.since > self._long and not job.announced:
            job.announced = True
            self._announce(job.message)
