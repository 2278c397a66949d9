"""The database: opened so that nothing written is lost, its tables brought up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.migrate import bring_up_to_date


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


def _use_sqlite_safely(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased leaves no bytes behind
        connection.execute("PRAGMA busy_timeout=15000")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # Taking the write lock at once: a read that later turns into a write would fail where another one came between.
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
