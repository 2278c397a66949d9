"""When the audit is signed, and how it is looked over: the chain in the database with the checkpoints beside it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic

from munshi.bot.audit import Audit
from munshi.bot.audit_chain import AuditError, Record
from munshi.bot.audit_checkpoint import Checkpoints, Signed
from munshi.bot.audit_verify import Verified, verify
from munshi.bot.business import load_business
from munshi.bot.database import open_engine
from munshi.bot.settings import Settings
from munshi.bot.store import Store

logger = logging.getLogger(__name__)

TURNS, SECONDS = 500, 3600.0
"""A checkpoint is signed after so many turns, and after so long where there was one."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a look over the audit found. `unsigned` names the checkpoints whose signature does not hold."""

    verified: Verified
    checkpoints: int
    unsigned: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether all is as it was written."""
        return self.verified.finding is None and not self.unsigned


class Notary:
    """Signs the audit of one business on a schedule, and verifies it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._audit = Audit(store.business)
        self._checkpoints = Checkpoints(folder, store.business)
        self._turns = 0
        self._signed_at = monotonic()
        self._counting = Lock()

    def after_turn(self) -> None:
        """Count a turn, and sign where it is time: a checkpoint that cannot be written costs no customer an answer."""
        with self._counting:
            self._turns += 1
            due = self._turns >= TURNS or monotonic() - self._signed_at >= SECONDS
        if due:
            self.sign_quietly()

    def sign_quietly(self) -> None:
        """Sign where anything happened since the last time; a fault goes to the log."""
        with self._counting:
            turns, self._turns, self._signed_at = self._turns, 0, monotonic()
        if turns:
            try:
                self.sign()
            except AuditError as error:
                logger.warning("%s", error)

    def sign(self) -> Signed | None:
        """Sign what the audit is now; None where it is empty. Raises AuditError where that cannot be written."""
        with self._store.reading() as db:
            size, root = self._audit.head(db)
        return self._checkpoints.sign(size, root) if size else None

    def verify(self, public_key: Path | None = None) -> Report:
        """Look over the whole audit (see `Checkpoints.read` for `public_key`). Raises AuditError without a key."""
        good, bad = self._checkpoints.read(public_key)
        with self._store.reading() as db:
            found = verify(self._store.business, self._audit.records(db), self._audit.head(db), good)
        return Report(found, len(good), tuple(bad))

    def records(self) -> Iterator[Record]:
        """All records, oldest first."""
        with self._store.reading() as db:
            yield from self._audit.records(db)


@contextmanager
def open_notary(settings: Settings) -> Iterator[Notary]:
    """The audit of the business in `settings`, without the parts that only answering needs."""
    business = load_business(settings.business)
    engine = open_engine(settings.database_url, home=settings.business_home(business.key))
    try:
        yield Notary(Store(engine, business.key), settings.audit_home(business.key))
    finally:
        engine.dispose()
