"""What was deleted leaves the database's files too: it is overwritten, not just no longer found."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.all_tables import metadata
from munshi.bot.database import StoreError
from munshi.handlers.personal import declared, holding_of

PATIENCE_SECONDS = 60.0
"""How long another's transaction that began before the erasure is waited for."""

_PAUSE = 0.2
# Whoever still looks at rows as they were: a transaction that writes, in any database of the server, since our own view
# begins no later than the oldest of them; and one that only reads, in ours.
_OLDER = text(
    "SELECT 1 WHERE pg_snapshot_xmin(pg_current_snapshot())::text::bigint <= :xid"
    " UNION ALL SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend' AND xact_start < :now"
)


def scrub(engine: Engine, *, patience: float = PATIENCE_SECONDS) -> None:
    """Overwrite what was deleted: on SQLite in the file and its journal, on PostgreSQL in the tables and indexes.

    Servers may run on; on PostgreSQL they wait while a table is written anew. Raises StoreError where somebody's
    transaction would not end: what was deleted is gone, its bytes are not.
    """
    try:
        if engine.dialect.name == "sqlite":
            _scrub_sqlite(engine, patience)
        else:
            _scrub_postgresql(engine, patience)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise _unfinished(reason) from error


def _scrub_sqlite(engine: Engine, patience: float) -> None:
    connection = engine.raw_connection()  # these may not stand in a transaction
    try:
        cursor = connection.cursor()
        _until(lambda: _emptied_journal(cursor), patience)
        cursor.execute("VACUUM")
        _until(lambda: _emptied_journal(cursor), patience)
    except sqlite3.OperationalError as error:
        raise _unfinished(str(error)) from error
    finally:
        connection.close()


def _emptied_journal(cursor: Any) -> bool:
    """The journal written into the file and cut to nothing; not while anybody still reads from it."""
    busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _scrub_postgresql(engine: Engine, patience: float) -> None:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as db:
        _outlive(db, patience)
        db.execute(text(f"SET lock_timeout = '{int(patience)}s'"))
        try:
            for table in metadata.sorted_tables:
                if declared(table) and (holding_of(table) is not None or "with" in table.info):
                    db.execute(text(f"VACUUM (FULL, ANALYZE) {table.name}"))
            # Samples of the columns' values stood in the planner's statistics, which are new now.
            _outlive(db, patience)
            db.execute(text("VACUUM (FULL) pg_catalog.pg_statistic"))
        finally:
            db.execute(text("RESET lock_timeout"))


def _outlive(db: Connection, patience: float) -> None:
    """Wait for older transactions: a row that one may still look at is kept by whatever writes its table anew."""
    since = db.execute(text("SELECT pg_current_xact_id()::text::bigint AS xid, clock_timestamp() AS now")).one()
    _until(lambda: not db.execute(_OLDER, since._asdict()).first(), patience)


def _until(done: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            raise _unfinished("another program is in the middle of a transaction")
        time.sleep(_PAUSE)


def _unfinished(reason: str) -> StoreError:
    return StoreError(f"Erased, but its bytes are not overwritten yet: {reason}. `munshi privacy finish` does that.")
