"""The database's tables, brought to what this version needs by the steps in `migrations/versions`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

LATEST = "0019"
"""The newest step. A database that stands there is not looked at further, which saves a start the import of Alembic."""

_FIRST = "0001"
_FOLDER = Path(__file__).parent / "migrations"
# Any number will do that nobody else uses: two that start at once must not both change the tables.
_LOCK = 7_160_216_021


def bring_up_to_date(engine: Engine) -> None:
    """Take the steps that the database has not taken yet, all in one transaction.

    Raises OSError where a newer version of Munshi has written it, SQLAlchemyError where it cannot be used.
    """
    with engine.execution_options(reading=True).begin() as db:
        if _standing(db) == LATEST:
            return
    with engine.begin() as db:
        if engine.dialect.name == "postgresql":
            db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        standing = _standing(db)
        if standing != LATEST:
            _migrate(db, standing)


def _standing(db: Connection) -> str | None:
    """The last step taken; None where there was none."""
    if not inspect(db).has_table("alembic_version"):
        return None
    return db.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(db: Connection, standing: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    if standing is not None and standing > LATEST:
        raise OSError(f"it was written by a newer Munshi, at {standing}, this one knows {LATEST}: install the newer")
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = db
    if standing is None and inspect(db).has_table("inbox"):
        command.stamp(config, _FIRST)  # made before there were steps
    command.upgrade(config, LATEST)
