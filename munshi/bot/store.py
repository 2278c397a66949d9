"""Durable state in SQL: what came in, what each chat remembers, what was said, what is still to be sent.

The same code runs on SQLite and PostgreSQL. A turn is recorded in one transaction (`Store.transaction`), which also
carries the effect of an Action, so that a crash leaves either all of a turn or none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from munshi.bot import session_rows, transcript_rows
from munshi.bot.arrivals import enqueue, message_of, row_of, storable
from munshi.bot.bell import chat_bell
from munshi.bot.message import Message, bounded
from munshi.bot.outbox_held import reopen
from munshi.bot.outbox_rows import Author, Queued, mark_shown, pending_lines, push_line
from munshi.bot.session_rows import Session, StaleSessionError
from munshi.bot.tables import inbox
from munshi.bot.transcript_rows import Line, Role
from munshi.handlers.news import TICKETS, note, take_noted
from munshi.handlers.sealing import Sealer, new_sealer, sealer, sealers

# Written once: to write a statement takes longer than to run it, and each message runs several of them.
_THIS = (inbox.c.business == bindparam("whose"), inbox.c.message_id == bindparam("which"))
_TAKEN_IN = select(inbox.c.session_id, inbox.c.received_at, inbox.c.done_at, inbox.c.response).where(*_THIS)
_FINISH = update(inbox).where(*_THIS, inbox.c.done_at.is_(None))


class GoneError(Exception):
    """The message is not there: its customer was erased while it was on its way."""


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
        as_of_one_moment = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        self._reading = engine.execution_options(reading=True, **as_of_one_moment)

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
        with self._reading.begin() as db:
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

    def enqueue(self, db: Connection, messages: Iterable[Message]) -> list[str]:
        """Put messages into the inbox for workers to answer; returns the ids that were not there before.

        A chat's messages are answered in the order of their timestamps, those of one moment in the order given. What
        was held back until the customer writes again is sent now.
        """
        given = tuple(messages)
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
        with self.reading() as db:
            row = db.execute(_TAKEN_IN, {"whose": self.business, "which": message_id}).one_or_none()
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
        given = {
            "whose": self.business,
            "which": message.id,
            "done_at": datetime.now(UTC),
            "response": sealing.seal_json(response),
            "text": sealing.seal(storable(message.text)),
        }
        changed = db.execute(_FINISH, given)
        if changed.rowcount == 0:
            raise StaleSessionError(message.session_id)

    def session(self, db: Connection, session_id: str, *, channel: str) -> Session:
        """What is kept of a chat; a new chat starts empty."""
        return session_rows.read_session(db, self.business, session_id, channel=channel)

    def holder(self, db: Connection, session_id: str) -> str | None:
        """The person who holds a chat; None where the bot does."""
        return session_rows.holder(db, self.business, session_id)

    def save_state(
        self, db: Connection, session: Session, state: Mapping[str, Any], *, sealing: Sealer | None = None
    ) -> None:
        """Keep the dialogue's state of a chat, leaving who holds it as it is now.

        Whose chat it is, is kept where `session` says so, and stays where it does not.
        Raises StaleSessionError where another turn has kept a state since `session` was read, or the chat was given
        into other hands.
        """
        sealing = sealing or self.sealing(db, session.session_id)
        session_rows.save_state(db, self.business, session, state, sealing)

    def hold(self, db: Connection, session_id: str, person: str | None) -> None:
        """Give a chat to a person, or (None) back to the bot: a turn that is under way is thought over again."""
        session_rows.hold(db, self.business, session_id, person)
        note(db, chat_bell(session_id))
        note(db, TICKETS)

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
        return transcript_rows.add_line(db, self.business, session_id, role, text, reply, sealing)

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
            return transcript_rows.opened(db, self.business, session_id, rows)

    def transcript(self, session_id: str, *, limit: int = 200) -> list[Line]:
        """The latest lines of a chat, oldest first."""
        with self.reading() as db:
            return transcript_rows.latest_lines(db, self.business, session_id, limit)

    def last_line(self, session_id: str) -> int:
        """The id of a chat's last line, 0 where it has none."""
        with self.reading() as db:
            return transcript_rows.last_line(db, self.business, session_id)

    def chats(self) -> Iterator[list[Line]]:
        """Every chat, line by line without those that were erased; the one that began first comes first."""
        with self.reading() as db:
            ids = transcript_rows.chats(db, self.business)
        for session_id in ids:
            with self.reading() as db:
                lines = transcript_rows.kept_lines(db, self.business, session_id)
            yield lines
