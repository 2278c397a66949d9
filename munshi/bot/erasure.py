"""A customer erased: their keys destroyed, their rows gone or nameless, what was deleted overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, Engine, func, insert, select, update

from munshi.bot.all_tables import metadata
from munshi.bot.audit import Audit
from munshi.bot.business import load_business
from munshi.bot.customer_data import sections
from munshi.bot.database import StoreError, open_engine
from munshi.bot.scrub import scrub
from munshi.bot.settings import Settings
from munshi.bot.shared import forget_shared
from munshi.bot.subjects import Found, UnknownSubjectError, find_subject
from munshi.bot.tables import erasures
from munshi.handlers.base import HandlerError
from munshi.handlers.erased import keep_out, let_in
from munshi.handlers.personal import Row, holding_of
from munshi.handlers.sealing import destroy_key


class NotErasedError(HandlerError):
    """There is nobody to let in again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of somebody: rows by what they are, as plain values."""

    label: str
    what: str
    sections: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: how many rows of each kind it touched."""

    label: str
    what: str
    rows: Mapping[str, int]


class Privacy:
    """What one business keeps of a customer: shown, handed over, erased."""

    def __init__(self, engine: Engine, business: str, forget: Callable[[], bool] = lambda: True) -> None:
        """`forget` empties what the workers share beside the database, and says whether it could."""
        self._engine = engine
        self._business = business
        self._forget = forget

    def kept(self, customer: str) -> Kept:
        """All that is kept of a customer. Raises SubjectError (see `find_subject`)."""
        with self._engine.execution_options(reading=True).begin() as db:
            found = find_subject(db, self._business, customer)
            return Kept(found.label, found.what, sections(db, self._business, found.subject))

    def erase(self, customer: str) -> Erased:
        """Erase a customer; what an earlier erasure could not finish is finished first.

        All that can be read goes in one transaction. Raises SubjectError (see `find_subject`), and StoreError where
        the bytes in the database's files could not be overwritten: calling again does that.
        """
        finished = self.finish()
        try:
            with self._engine.begin() as db:
                found = find_subject(db, self._business, customer)
                rows = self._erase(db, found)
        except UnknownSubjectError:
            if finished:  # they were the one whose erasure was broken off
                return Erased(customer, "nobody any more", {})
            raise
        self.finish()
        return Erased(found.label, found.what, rows)

    def finish(self) -> bool:
        """Overwrite what earlier erasures deleted; False where nothing was left to do. Raises StoreError."""
        mine = (erasures.c.business == self._business, erasures.c.finished_at.is_(None))
        with self._engine.execution_options(reading=True).begin() as db:
            open_ = list(db.execute(select(erasures.c.id).where(*mine)).scalars())
        if not open_:
            return False
        scrub(self._engine)
        if not self._forget():
            raise StoreError("Erased, but Redis does not answer: once it does, `munshi privacy finish` empties it too.")
        with self._engine.begin() as db:
            db.execute(update(erasures).where(erasures.c.id.in_(open_)).values(finished_at=datetime.now(UTC)))
        return True

    def readmit(self, number: str) -> None:
        """Let the next import take a customer number or phone up again. Raises NotErasedError."""
        with self._engine.begin() as db:
            if not let_in(db, self._business, number):
                raise NotErasedError(f"'{number[:60]}' was not erased, or is let in again already.")

    def _erase(self, db: Connection, found: Found) -> dict[str, int]:
        subject = found.subject
        for chat in sorted(subject.chats):
            destroy_key(db, self._business, chat)
        rows: dict[str, int] = {}
        for table in reversed(metadata.sorted_tables):  # what hangs on another table goes first
            holding = holding_of(table)
            touched = 0 if holding is None else holding.erase(db, table, self._business, subject)
            if holding is not None and touched:
                rows[holding.title] = rows.get(holding.title, 0) + touched
        keep_out(db, self._business, subject)
        db.execute(insert(erasures).values(business=self._business, at=datetime.now(UTC)))
        # Last of all: the end of the audit's chain is one row that others wait for.
        Audit(self._business).append(db, "erasure", {"chats": len(subject.chats), "rows": rows})
        return rows


def latest_erasure(engine: Engine, business: str) -> int:
    """Counts up with every erasure: a running process sees by it that it has something to forget."""
    query = select(func.coalesce(func.max(erasures.c.id), 0)).where(erasures.c.business == business)
    with engine.execution_options(reading=True).begin() as db:
        return int(db.execute(query).scalar_one())


def is_unfinished(engine: Engine) -> bool:
    """Whether an erasure was broken off before the bytes were overwritten."""
    with engine.execution_options(reading=True).begin() as db:
        return db.execute(select(erasures.c.id).where(erasures.c.finished_at.is_(None))).first() is not None


@contextmanager
def open_privacy(settings: Settings) -> Iterator[Privacy]:
    """What the business in `settings` keeps of its customers. Raises BusinessError and StoreError."""
    business = load_business(settings.business)
    engine = open_engine(settings.database_url, home=settings.business_home(business.key))
    try:
        yield Privacy(engine, business.key, partial(forget_shared, settings, business.key))
    finally:
        engine.dispose()
