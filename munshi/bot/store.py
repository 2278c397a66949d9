"""Durable state in SQL: what came in, what each chat remembers, what was said, what is still to be sent.

The same code runs on SQLite and PostgreSQL. A turn is recorded in one transaction (`Store.transaction`), which also
carries the effect of an Action, so that a crash leaves either all of a turn or none of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from munshi.bot.message import Message
from munshi.handlers.tables import UtcDateTime

Role = Literal["customer", "bot", "person"]

metadata = MetaData()


_inbox = Table(
    "inbox",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("message_id", String(200), primary_key=True),
    Column("session_id", String(200), nullable=False, index=True),
    Column("user_id", String(200), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("attachments", JSON, nullable=False),
    Column("timestamp", UtcDateTime(), nullable=False),
    Column("received_at", UtcDateTime(), nullable=False),
    Column("done_at", UtcDateTime(), index=True),
    Column("response", JSON),
)

_sessions = Table(
    "sessions",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("session_id", String(200), primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("customer_id", String(200)),
    Column("held_by", String(120)),
    Column("state", JSON, nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
)

_transcript = Table(
    "transcript",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("business", String(120), nullable=False, index=True),
    Column("session_id", String(200), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("reply", JSON),
    Column("at", UtcDateTime(), nullable=False),
)

_outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("business", String(120), nullable=False, index=True),
    Column("session_id", String(200), nullable=False, index=True),
    Column("channel", String(40), nullable=False),
    Column("line_id", Integer, nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("sent_at", UtcDateTime()),
)


class StoreError(Exception):
    """The database cannot be opened or used; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Session:
    """What is kept of one chat. `held_by` names the person who holds it; `state` is the dialogue's own."""

    session_id: str
    channel: str
    customer_id: str | None
    held_by: str | None
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript; `reply` is the bot's whole reply as JSON, None for what people wrote."""

    id: int
    role: Role
    text: str
    at: datetime
    reply: Mapping[str, Any] | None = None


def open_engine(url: str, *, home: Path) -> Engine:
    """An engine for `url`, or for `munshi.sqlite3` under `home` where it is empty. Raises StoreError."""
    try:
        if not url:
            home.mkdir(parents=True, exist_ok=True)
            url = f"sqlite:///{home / 'munshi.sqlite3'}"
        engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise StoreError(
            f"The database cannot be opened ({error}). Check MUNSHI_DATABASE_URL and MUNSHI_HOME."
        ) from error
    if engine.dialect.name == "sqlite":
        _use_sqlite_safely(engine)
    return engine


def _use_sqlite_safely(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA busy_timeout=15000")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # Taking the write lock at once: a read that later turns into a write would fail where another one came between.
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class Store:
    """The durable state of one business."""

    def __init__(self, engine: Engine, business: str) -> None:
        self.engine = engine
        self.business = business
        try:
            metadata.create_all(engine)
        except OperationalError as error:
            raise StoreError(
                f"The database cannot be used ({error.orig}). Check MUNSHI_DATABASE_URL and MUNSHI_HOME."
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on any error."""
        with self.engine.begin() as db:
            yield db

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads: on SQLite it waits for no writer."""
        with self.engine.execution_options(reading=True).begin() as db:
            yield db

    def accept(self, message: Message) -> Mapping[str, Any] | None:
        """Commit a message to the inbox. Returns the recorded response where it was already answered, else None."""
        row = {
            "business": self.business,
            "message_id": message.id,
            "session_id": message.session_id,
            "user_id": message.user_id,
            "channel": message.channel,
            "text": storable(message.text),
            "attachments": list(message.attachments),
            "timestamp": message.timestamp,
            "received_at": datetime.now(UTC),
        }
        try:
            with self.transaction() as db:
                db.execute(insert(_inbox).values(row))
        except IntegrityError:
            return self.response(message.id)
        return None

    def response(self, message_id: str) -> Mapping[str, Any] | None:
        """The recorded response to a message, None where it is not answered yet."""
        query = select(_inbox.c.response).where(
            _inbox.c.business == self.business, _inbox.c.message_id == message_id, _inbox.c.done_at.is_not(None)
        )
        with self.reading() as db:
            found: Mapping[str, Any] | None = db.execute(query).scalar()
        return found

    def unanswered(self) -> list[Message]:
        """Accepted messages that a crash left without an answer, oldest first."""
        query = (
            select(_inbox)
            .where(_inbox.c.business == self.business, _inbox.c.done_at.is_(None))
            .order_by(_inbox.c.received_at)
        )
        with self.reading() as db:
            rows = db.execute(query).all()
        return [
            Message(
                id=row.message_id,
                session_id=row.session_id,
                user_id=row.user_id,
                channel=row.channel,
                text=row.text,
                attachments=tuple(row.attachments),
                timestamp=row.timestamp,
            )
            for row in rows
        ]

    def finish(self, db: Connection, message_id: str, response: Mapping[str, Any]) -> None:
        """Mark a message as answered, with the response a repetition of it gets."""
        db.execute(
            update(_inbox)
            .where(_inbox.c.business == self.business, _inbox.c.message_id == message_id)
            .values(done_at=datetime.now(UTC), response=response)
        )

    def session(self, db: Connection, session_id: str, *, channel: str) -> Session:
        """What is kept of a chat; a new chat starts empty."""
        row = db.execute(
            select(_sessions).where(_sessions.c.business == self.business, _sessions.c.session_id == session_id)
        ).one_or_none()
        if row is None:
            return Session(session_id, channel, None, None, {})
        return Session(row.session_id, row.channel, row.customer_id, row.held_by, row.state)

    def save_state(self, db: Connection, session: Session, state: Mapping[str, Any]) -> None:
        """Keep the dialogue's state of a chat, leaving who holds it as it is now."""
        changed = db.execute(self._this(session.session_id).values(state=state, updated_at=datetime.now(UTC)))
        if changed.rowcount == 0:
            db.execute(
                insert(_sessions).values(
                    business=self.business,
                    session_id=session.session_id,
                    channel=session.channel,
                    customer_id=session.customer_id,
                    held_by=session.held_by,
                    state=state,
                    updated_at=datetime.now(UTC),
                )
            )

    def hold(self, db: Connection, session_id: str, person: str | None) -> None:
        """Give a chat to a person, or (None) back to the bot."""
        db.execute(self._this(session_id).values(held_by=person, updated_at=datetime.now(UTC)))

    def _this(self, session_id: str) -> Any:
        return update(_sessions).where(_sessions.c.business == self.business, _sessions.c.session_id == session_id)

    def say(
        self, db: Connection, session_id: str, role: Role, text: str, reply: Mapping[str, Any] | None = None
    ) -> int:
        """Write one line of the transcript; returns its id."""
        row = {
            "business": self.business,
            "session_id": session_id,
            "role": role,
            "text": storable(text),
            "reply": reply,
            "at": datetime.now(UTC),
        }
        key = db.execute(insert(_transcript).values(row)).inserted_primary_key
        return int(key[0]) if key else 0

    def push(self, db: Connection, session_id: str, channel: str, line_id: int) -> None:
        """Queue a line for a channel that did not ask for it (a person's words, an answer after a crash)."""
        db.execute(
            insert(_outbox).values(
                business=self.business,
                session_id=session_id,
                channel=channel,
                line_id=line_id,
                created_at=datetime.now(UTC),
            )
        )

    def transcript(self, session_id: str, *, limit: int = 200) -> list[Line]:
        """The latest lines of a chat, oldest first."""
        query = (
            select(_transcript)
            .where(_transcript.c.business == self.business, _transcript.c.session_id == session_id)
            .order_by(_transcript.c.id.desc())
            .limit(limit)
        )
        with self.reading() as db:
            rows = db.execute(query).all()
        return [_line(row) for row in reversed(rows)]

    def take_pending(self, session_id: str) -> list[Line]:
        """Lines queued for a chat that were not shown yet; they count as sent from here on."""
        waiting = (
            select(_outbox.c.id, _transcript)
            .join(_transcript, _transcript.c.id == _outbox.c.line_id)
            .where(_outbox.c.business == self.business, _outbox.c.session_id == session_id, _outbox.c.sent_at.is_(None))
            .order_by(_outbox.c.id)
        )
        with self.reading() as db:  # asked every few seconds by every open window, and almost always in vain
            if not db.execute(waiting.limit(1)).first():
                return []
        with self.transaction() as db:
            rows = db.execute(waiting).all()
            ids = [row[0] for row in rows]
            db.execute(update(_outbox).where(_outbox.c.id.in_(ids)).values(sent_at=datetime.now(UTC)))
        return [Line(row[1], row.role, row.text, row.at, row.reply) for row in rows]


def storable(text: str) -> str:
    """A text as every database takes it: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _line(row: Any) -> Line:
    return Line(row.id, row.role, row.text, row.at, row.reply)
