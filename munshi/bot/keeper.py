"""Looks after the chats that a process has in hand: their leases are renewed, a long wait for an answer is told of, and
what a process beside it held when it was killed is given back.
"""

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
from munshi.bot.roster import Roster
from munshi.bot.store import Store
from munshi.bot.turns import Claim, Lane

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
    message: Message | None
    since: float
    renewed: float
    announced: bool = False


class Keeper:
    """One for each process."""

    def __init__(
        self,
        store: Store,
        announce: Callable[[Message], None] = lambda _message: None,
        *,
        long: float = LONG_SECONDS,
        roster: Roster | None = None,
    ) -> None:
        """`announce` tells the customer of a message that its answer takes a while: after `long` seconds.

        `roster` names the processes beside this one; without it what they held is found by its lease alone.
        """
        self._store = store
        self._announce = announce
        self._long = long
        self._roster = roster
        self._holder = "" if roster is None else roster.name
        self._jobs: dict[str, _Job] = {}
        self._guard = Lock()

    def take(self, lane: Lane) -> Claim | None:
        """Take the chat that has been due longest; None where none is. Raises SQLAlchemyError without a database."""
        with self._store.reading() as db:
            if not turns.is_due(db, self._store.business, lane):
                return None
        with self._store.transaction() as db:
            return turns.claim(db, self._store.business, lane, holder=self._holder)

    @contextmanager
    def keeping(self, held: Claim, message: Message | None = None) -> Iterator[None]:
        """Keep a chat in hand for as long as the block runs, which answers `message` where it is given."""
        now = time.monotonic()
        with self._guard:
            self._jobs[held.token] = _Job(held, message, now, now)
        try:
            yield
        finally:
            with self._guard:
                self._jobs.pop(held.token, None)

    def run(self, finished: Event) -> None:
        """Look after them until `finished`, and after what others left from the first moment on."""
        while True:
            self.look()
            if finished.wait(_ROUND):
                return

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
        if self._roster is not None:
            try:
                self._roster.bury(self._take_back)
            except (SQLAlchemyError, OSError) as error:  # the next round tries again
                logger.warning("What a killed process held could not be given back (%s)", type(error).__name__)

    def give_back(self) -> int:
        """Give back what is still in hand, for another process to take up; returns how many there were."""
        with self._guard:
            jobs = tuple(self._jobs.values())
            self._jobs.clear()
        with self._store.transaction() as db:
            for job in jobs:
                turns.give_back(db, job.held, due=datetime.now(UTC))
        return len(jobs)

    def _take_back(self, holder: str) -> None:
        """Have what a process held at its end taken up at once. It counts as tried: the process may have died of it."""
        with self._store.reading() as db:
            left = turns.held_by(db, self._store.business, holder)
        for held in left:  # each by itself: two that lock several chats in different orders would wait for each other
            with self._store.transaction() as db:
                turns.release(db, held, due=datetime.now(UTC), done=False)
        if left:
            logger.warning("A process was killed with %s chats in hand: they are taken up again", len(left))

    def _see_to(self, job: _Job, now: float) -> None:
        if now - job.renewed > _RENEW and now - job.since < LONGEST_SECONDS:
            with self._store.transaction() as db:
                turns.renew(db, job.held)
            job.renewed = now
        if job.message is not None and now - job.since > self._long and not job.announced:
            job.announced = True
            self._announce(job.message)
