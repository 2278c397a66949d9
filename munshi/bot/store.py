"""Durable state in SQL: what came in, what each chat remembers, what was said, what is still to be sent.

The same code runs on SQLite and PostgreSQL. A turn is recorded in one transaction (`Store.transaction`), which also
carries the effect of an Action, so that a crash leaves either all of a turn or none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from munshi.bot.arrivals import enqueue, message_of, row_of, storable
from munshi.bot.bell import chat_bell
from munshi.bot.message import Message, bounded
from munshi.bot.outbox_held import reopen
from munshi.bot.outbox_rows import Author, Queued, mark_shown, pending_lines, push_line
from munshi.bot.tables import inbox, sessions, transcript
from munshi.handlers.news import TICKETS, note, take_noted
from munshi.handlers.personal import ERASED
from munshi.handlers.sealing import Sealer, new_sealer, sealer, sealers

Role = Literal["customer", "bot", "person"]


class StaleSessionError(Exception):
    """The chat has gone on since this turn began, or the message was answered: it must be thought over again."""


class GoneError(Exception):
    """The message is not there: its customer was erased while it was on its way."""


@dataclass(frozen=True, slots=True)
class Session:
    """What is kept of one chat. `held_by` names the person who holds it; `state` is the dialogue's own.

    `version` counts the times that the state was kept or the chat changed hands.
    """

    session_id: str
    channel: str
    customer_id: str | None
    held_by: str | None
    state: Mapping[str, Any]
    version: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript; `reply` is the bot's whole reply as JSON, None for what people wrote."""

    id: int
    role: Role
    text: str
    at: datetime
    reply: Mapping[str, Any] | None = None


class Store:
    """The durable state of one business.

    Where `sealing` is an argument it is the chat's own, from `sealing`: who does several things to a chat in one
    transaction fetches its key once.
    """

    def __init__(
        self,
        engine: Engine,
        business: str,
        *,
        settle: timedelta = timedelta(0),
        ring: Callable[[str], object] = lambda _name: None,
    ) -> None:
        """`settle` is how long a message of a channel is here before a worker takes it up.

        `ring` is told what changed, by the names of `bell`, whenever a transaction was committed.
        """
        self._ring = ring
        self.settle = settle
        self.engine = engine
        self.business = business

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on any error."""
        with self.engine.begin() as db:
            take_noted(db)  # of one that was rolled back
            yield db
            noted = take_noted(db)
        for name in noted:
            self._ring(name)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads: all of it from one moment, and on SQLite it waits for no writer."""
        options = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        with self.engine.execution_options(reading=True, **options).begin() as db:
            yield db

    def sealing(self, db: Connection, session_id: str) -> Sealer:
        """What seals a chat's content, with a key made now where it had none."""
        return new_sealer(db, self.business, session_id)

    def accept(self, message: Message) -> Mapping[str, Any] | None:
        """Commit a message to the inbox. Returns the recorded response where it was already answered, else None."""
        try:
            with self.transaction() as db:
                sealing = new_sealer(db, self.business, message.session_id)
                db.execute(insert(inbox).values(row_of(self.business, message, sealing, queued=False)))
        except IntegrityError:
            return self.response(message.id)
        return None

    def accept_all(self, messages: Iterable[Message]) -> list[str]:
        """Commit messages to the inbox, all or none, for workers to answer; returns the ids that were not there before.

        A chat's messages are answered in the order of their timestamps, those of one moment in the order given. What
        was held back until the customer writes again is sent now.
        """
        given = tuple(messages)
        with self.transaction() as db:
            fresh = enqueue(db, self.business, given, self.settle)
            new = set(fresh)
            reopen(db, self.business, {bounded(one.session_id) for one in given if bounded(one.id) in new})
        return fresh

    def response(self, message_id: str) -> Mapping[str, Any] | None:
        """The recorded response to a message, None where it is not answered yet."""
        return self.taken_in(message_id)[1]

    def taken_in(self, message_id: str) -> tuple[datetime, Mapping[str, Any] | None]:
        """When a message came in, and the recorded response, None where it is not answered yet.

        Raises GoneError for a message that was never accepted, or whose customer was erased meanwhile.
        """
        query = select(inbox.c.session_id, inbox.c.received_at, inbox.c.done_at, inbox.c.response).where(
            inbox.c.business == self.business, inbox.c.message_id == message_id
        )
        with self.reading() as db:
            row = db.execute(query).one_or_none()
            if row is None:
                raise GoneError(message_id)
            if row.done_at is None:
                return row.received_at, None
            return row.received_at, sealer(db, self.business, row.session_id).open_json(row.response)

    def unanswered(self) -> list[Message]:
        """Messages that a crash left without an answer, oldest first; those that workers answer are not among them."""
        query = (
            select(inbox)
            .where(inbox.c.business == self.business, inbox.c.done_at.is_(None), inbox.c.queued.is_(False))
            .order_by(inbox.c.received_at)
        )
        with self.reading() as db:
            rows = db.execute(query).all()
            opened = sealers(db, self.business, (row.session_id for row in rows))
        return [message_of(row, opened[row.session_id]) for row in rows]

    def finish(
        self, db: Connection, message: Message, response: Mapping[str, Any], *, sealing: Sealer | None = None
    ) -> None:
        """Mark a message as answered, with the response a repetition of it gets; its text is kept as it is here.

        Raises StaleSessionError where another process has answered it meanwhile.
        """
        sealing = sealing or self.sealing(db, message.session_id)
        changed = db.execute(
            update(inbox)
            .where(inbox.c.business == self.business, inbox.c.message_id == message.id, inbox.c.done_at.is_(None))
            .values(
                done_at=datetime.now(UTC),
                response=sealing.seal_json(response),
                text=sealing.seal(storable(message.text)),
            )
        )
        if changed.rowcount == 0:
            raise StaleSessionError(message.session_id)

    def session(self, db: Connection, session_id: str, *, channel: str) -> Session:
        """What is kept of a chat; a new chat starts empty."""
        row = db.execute(
            select(sessions).where(sessions.c.business == self.business, sessions.c.session_id == session_id)
        ).one_or_none()
        if row is None:
            return Session(session_id, channel, None, None, {})
        state = sealer(db, self.business, session_id).open_json(row.state) or {}
        return Session(row.session_id, row.channel, row.customer_id, row.held_by, state, row.version)

    def save_state(
        self, db: Connection, session: Session, state: Mapping[str, Any], *, sealing: Sealer | None = None
    ) -> None:
        """Keep the dialogue's state of a chat, leaving who holds it as it is now.

        Whose chat it is, is kept where `session` says so, and stays where it does not.
        Raises StaleSessionError where another turn has kept a state since `session` was read, or the chat was given
        into other hands.
        """
        sealed = (sealing or self.sealing(db, session.session_id)).seal_json(state)
        values: dict[str, Any] = {"state": sealed, "version": session.version + 1, "updated_at": datetime.now(UTC)}
        if session.customer_id is not None:
            values["customer_id"] = session.customer_id
        changed = db.execute(self._this(session.session_id).where(sessions.c.version == session.version).values(values))
        if changed.rowcount == 0:
            if session.version:  # another turn was quicker, or the chat was erased
                raise StaleSessionError(session.session_id)
            self._first_state(db, session, sealed)

    def _first_state(self, db: Connection, session: Session, sealed: str) -> None:
        try:
            with db.begin_nested():
                db.execute(
                    insert(sessions).values(
                        business=self.business,
                        session_id=session.session_id,
                        channel=session.channel,
                        customer_id=session.customer_id,
                        held_by=session.held_by,
                        state=sealed,
                        version=1,
                        updated_at=datetime.now(UTC),
                    )
                )
        except IntegrityError as error:
            raise StaleSessionError(session.session_id) from error

    def hold(self, db: Connection, session_id: str, person: str | None) -> None:
        """Give a chat to a person, or (None) back to the bot: a turn that is under way is thought over again."""
        values = {"held_by": person, "version": sessions.c.version + 1, "updated_at": datetime.now(UTC)}
        db.execute(self._this(session_id).values(values))
        note(db, chat_bell(session_id))
        note(db, TICKETS)

    def _this(self, session_id: str) -> Any:
        return update(sessions).where(sessions.c.business == self.business, sessions.c.session_id == session_id)

    def say(
        self,
        db: Connection,
        session_id: str,
        role: Role,
        text: str,
        reply: Mapping[str, Any] | None = None,
        *,
        sealing: Sealer | None = None,
    ) -> int:
        """Write one line of the transcript; returns its id."""
        sealing = sealing or self.sealing(db, session_id)
        note(db, chat_bell(session_id))
        key = db.execute(
            insert(transcript).values(
                business=self.business,
                session_id=session_id,
                role=role,
                text=sealing.seal(storable(text)),
                reply=None if reply is None else sealing.seal_json(reply),
                at=datetime.now(UTC),
            )
        ).inserted_primary_key
        return int(key[0]) if key else 0

    def push(self, db: Connection, session_id: str, channel: str, line_id: int, role: Author = "person") -> None:
        """Queue a line for a window that did not ask for it (a person's words, an answer after a crash)."""
        push_line(db, self.business, Queued(session_id, channel, line_id, role))

    def take_pending(self, session_id: str) -> list[Line]:
        """Lines queued for a chat that were not shown yet; they count as sent from here on."""
        waiting = pending_lines(self.business, session_id)
        with self.reading() as db:  # asked every few seconds by every open window, and almost always in vain
            if not db.execute(waiting.limit(1)).first():
                return []
        with self.transaction() as db:
            rows = db.execute(waiting).all()
            mark_shown(db, [row.queued for row in rows])
            sealing = sealer(db, self.business, session_id)
        return [_line(row, sealing) for row in rows]

    def transcript(self, session_id: str, *, limit: int = 200) -> list[Line]:
        """The latest lines of a chat, oldest first."""
        query = (
            select(transcript)
            .where(transcript.c.business == self.business, transcript.c.session_id == session_id)
            .order_by(transcript.c.id.desc())
            .limit(limit)
        )
        with self.reading() as db:
            rows = db.execute(query).all()
            sealing = sealer(db, self.business, session_id)
        return [_line(row, sealing) for row in reversed(rows)]

    def last_line(self, session_id: str) -> int:
        """The id of a chat's last line, 0 where it has none."""
        query = select(func.max(transcript.c.id)).where(
            transcript.c.business == self.business, transcript.c.session_id == session_id
        )
        with self.reading() as db:
            return int(db.execute(query).scalar() or 0)

    def chats(self) -> Iterator[list[Line]]:
        """Every chat, line by line without those that were erased; the one that began first comes first."""
        ours = transcript.c.business == self.business
        begun = select(transcript.c.session_id).where(ours).group_by(transcript.c.session_id)
        with self.reading() as db:
            ids = db.execute(begun.order_by(func.min(transcript.c.id))).scalars().all()
        for session_id in ids:
            query = select(transcript).where(ours, transcript.c.session_id == session_id).order_by(transcript.c.id)
            with self.reading() as db:
                rows = db.execute(query).all()
                sealing = sealer(db, self.business, session_id)
            lines = (_line(row, sealing) for row in rows)
            yield [line for line in lines if line.text != ERASED]


def _line(row: Row[Any], sealing: Sealer) -> Line:
    return Line(row.id, row.role, sealing.open(row.text), row.at, sealing.open_json(row.reply))
