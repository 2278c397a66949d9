"""The database: opened so that nothing written is lost, its tables brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from munshi.bot.migrate import bring_up_to_date

_GATE_SECONDS = 15.0
_PRIMARY = 0xFF  # the bits of an extended result code that tell the kind of fault
_BUSY_TIMEOUT = "PRAGMA busy_timeout=15000"
_BEGIN = "BEGIN IMMEDIATE"


class StoreError(Exception):
    """The database cannot be opened or used; the message names it and the remedy."""


def open_engine(url: str, *, home: Path) -> Engine:
    """An engine for `url`, or for `munshi.sqlite3` under `home` where it is empty, with all tables there.

    Raises StoreError where it cannot be opened, or was made by a newer version.
    """
    try:
        if not url:
            home.mkdir(parents=True, exist_ok=True)
            url = f"sqlite:///{home / 'munshi.sqlite3'}"
        # An error's text is logged, and must not hold what a customer wrote.
        engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
        if engine.dialect.name == "sqlite":
            _use_sqlite_safely(engine)
        bring_up_to_date(engine)
    except (SQLAlchemyError, ImportError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        raise StoreError(
            f"The database cannot be opened ({reason}). Check MUNSHI_DATABASE_URL and MUNSHI_HOME."
        ) from error
    return engine


class _Gate:
    """Lets the threads of a process write one after the other. SQLite itself would have each look again and again,
    asleep in between, and some never find their turn.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside: object = None

    def enter(self, connection: object) -> None:
        """Wait until nobody else writes; where that takes too long, the database's own lock must do."""
        if self._inside is not connection and self._lock.acquire(timeout=_GATE_SECONDS):
            self._inside = connection

    def leave(self, connection: object) -> None:
        """Let the next one in."""
        if self._inside is connection:
            self._inside = None
            self._lock.release()


def _use_sqlite_safely(engine: Engine) -> None:
    gate = _Gate()

    @event.listens_for(engine, "checkin")
    def _on_checkin(connection: Any, _record: Any) -> None:
        gate.leave(connection)

    @event.listens_for(engine, "invalidate")
    def _on_invalidate(connection: Any, _record: Any, _error: Any) -> None:
        gate.leave(connection)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        _patiently(connection.execute, "PRAGMA journal_mode=WAL")  # of several that start at once, one changes it
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased leaves no bytes behind
        connection.execute(_BUSY_TIMEOUT)

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # Taking the write lock at once: a read that later turns into a write would fail where another one came between.
        reading = connection.get_execution_options().get("reading", False)
        if reading:
            connection.exec_driver_sql("BEGIN")
        else:
            gate.enter(connection.connection.dbapi_connection)
            _begin_writing(connection)


def _begin_writing(connection: Connection) -> None:
    """Take the write lock, looking for it every millisecond: SQLite's own wait grows to a tenth of a second a look, and
    a process that writes now and then would starve beside one that writes all the time.
    """
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA busy_timeout=0")
    try:
        with suppress(sqlite3.OperationalError):
            _patiently(driver.execute, _BEGIN)  # of the driver itself: who waits looks often, and for little
            return
        connection.exec_driver_sql(_BEGIN)  # once more, for the error that SQLAlchemy makes of it
    finally:
        driver.execute(_BUSY_TIMEOUT)


def _patiently(execute: Callable[[str], object], statement: str) -> None:
    """Execute a statement that needs a lock, again and again for 15 seconds."""
    try:
        execute(statement)  # as it nearly always is: nobody else has the lock
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
        _TRYING(execute, statement)


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY


_TRYING = Retrying(
    retry=retry_if_exception(_is_busy), wait=wait_random(0.0005, 0.002), stop=stop_after_delay(15), reraise=True
)
