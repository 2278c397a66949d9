"""What a webhook brought, kept: whose chats it belongs to, then all its messages in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from munshi.bot.arrivals import chat_of
from munshi.bot.channel_users import ChannelUsers
from munshi.bot.incoming import Delivery, Incoming, Report
from munshi.bot.intake import Intake
from munshi.bot.message import Message, bounded
from munshi.bot.outbox import Outbox
from munshi.bot.store import Store
from munshi.bot.tracing import tracing

logger = logging.getLogger(__name__)

Tell = Callable[[Report], object]
"""Takes what became of a part that was sent."""

_TRIES = 3
_DEADLOCK = "40P01"


class Receiver:
    """Keeps what comes in over one channel. Whatever it was given is there once `take` has returned."""

    def __init__(self, store: Store, channel: str, *, tell: Tell) -> None:
        self._store = store
        self._channel = channel
        self._users = ChannelUsers(store.business, channel)
        self._intake = Intake(self._keep)
        self._tell = tell

    def take(self, delivery: Delivery) -> int:
        """Keep all of a delivery; returns how many of its messages are new."""
        fresh = self._intake.accept(delivery.messages) if delivery.messages else ()
        for report in delivery.reports:
            self._tell(report)
        if delivery.dropped:
            logger.warning("%d messages of a %s webhook could not be read", delivery.dropped, self._channel)
        return len(fresh)

    def _keep(self, given: Sequence[Incoming]) -> Sequence[str]:
        """Commit messages with whose chats they belong to, all or none; returns the ids that were not there before."""
        for left in reversed(range(_TRIES)):
            try:
                with self._store.transaction() as db:
                    messages = self._addressed(db, given)
                    fresh = self._store.enqueue(db, messages)
            except DBAPIError as error:
                if not left or not _was_in_the_way(error):
                    raise
            else:
                _log(messages, fresh)
                return fresh
        raise AssertionError("unreachable")

    def _addressed(self, db: Connection, given: Sequence[Incoming]) -> list[Message]:
        """The messages in their order. Chats are looked up in the order of their customers: two processes that bring
        the same ones wait for each other in a circle the less often.
        """
        order = sorted(range(len(given)), key=lambda place: given[place].sender.address)
        chats = {place: self._chat_of(db, given[place]) for place in order}
        return [self._message(one, chats[place]) for place, one in enumerate(given)]

    def _message(self, one: Incoming, session_id: str) -> Message:
        return Message(
            one.said.text,
            session_id,
            (one.moved_to or one.sender).address,
            self._channel,
            id=one.id,
            timestamp=one.at,
            kind=one.said.kind,
            pressed=one.said.pressed,
            reply_to=one.reply_to,
            media=one.said.media,
            extra=one.said.extra,
        )

    def _chat_of(self, db: Connection, one: Incoming) -> str:
        if one.moved_to is None and not one.new_identity:
            known = self._users.chat_as_known(db, one.sender)
            if known is not None:
                return known
        return self._look_up(db, one)

    def _look_up(self, db: Connection, one: Incoming) -> str:
        """The chat of a message. What one that is brought again tells of its sender was true once, and is not heard."""
        if (known := chat_of(db, self._store.business, one.id)) is not None:
            return known
        if one.moved_to is not None:
            return self._users.move(db, one.sender, one.moved_to)
        session_id = self._users.chat_of(db, one.sender)
        if one.new_identity:
            self._users.forget_login(db, session_id)
        return session_id


def _was_in_the_way(error: DBAPIError) -> bool:
    """Whether another process made the same person known at this moment, or each waited for the other."""
    return isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) == _DEADLOCK


def _log(messages: Sequence[Message], fresh: Collection[str]) -> None:
    for message in messages:
        with tracing(message.trace):
            logger.info("Received a message", extra={"channel": message.channel, "new": bounded(message.id) in fresh})


def teller(outbox: Outbox) -> Tell:
    """Tells an outbox what became of its parts."""

    def tell(report: Report) -> None:
        outbox.status(
            report.status,
            report.at,
            ref=report.ref,
            provider_id=report.provider_id,
            code=report.code,
            kind=report.kind,
            detail=report.detail,
        )

    return tell
