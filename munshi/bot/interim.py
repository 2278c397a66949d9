"""A word to a customer whose answer takes a while."""

from __future__ import annotations

from sqlalchemy import select

from munshi.bot.message import Message
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_rows import Queued
from munshi.bot.state import SessionState, from_json
from munshi.bot.store import Store
from munshi.bot.tables import inbox
from munshi.handlers.base import Phrases, Reply


class Interim:
    """Says "one moment" over the channels that send by themselves; a window shows that an answer is being written."""

    def __init__(self, store: Store, outbox: Outbox, phrases: Phrases) -> None:
        self._store = store
        self._outbox = outbox
        self._phrases = phrases

    def __call__(self, message: Message) -> None:
        """Announce an answer, unless it is there, or a person has the chat. Raises SQLAlchemyError."""
        if message.channel not in self._outbox.channels:
            return
        mine = (inbox.c.business == self._store.business, inbox.c.message_id == message.id)
        unanswered = select(inbox.c.message_id).where(*mine, inbox.c.done_at.is_(None)).with_for_update()
        with self._store.transaction() as db:
            session = self._store.session(db, message.session_id, channel=message.channel)
            if session.held_by is not None or db.execute(unanswered).first() is None:
                return
            language = from_json(SessionState, session.state).language or "en"
            queued = Queued(message.session_id, message.channel, None)
            self._outbox.post(db, queued, Reply(self._phrases("one_moment", language)), language)
