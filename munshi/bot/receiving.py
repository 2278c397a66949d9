"""What a webhook brought, kept: whose chats it belongs to, then all its messages in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from munshi.bot.arrivals import chat_of
from munshi.bot.channel_users import ChannelUsers
from munshi.bot.incoming import Delivery, Incoming, Report
from munshi.bot.message import Message
from munshi.bot.outbox import Outbox
from munshi.bot.store import Store

logger = logging.getLogger(__name__)

Accept = Callable[[Sequence[Message]], int]
"""Commits messages, all or none, to be answered afterwards (`App.receive`); returns how many are new."""

Tell = Callable[[Report], object]
"""Takes what became of a part that was sent."""

_TRIES = 3


class Receiver:
    """Keeps what comes in over one channel. Whatever it was given is there once `take` has returned."""

    def __init__(self, store: Store, channel: str, *, accept: Accept, tell: Tell) -> None:
        self._store = store
        self._accept = accept
        self._channel = channel
        self._users = ChannelUsers(store.business, channel)
        self._tell = tell

    def take(self, delivery: Delivery) -> int:
        """Keep all of a delivery; returns how many of its messages are new."""
        messages = [self._message(one) for one in delivery.messages]
        fresh = self._accept(messages) if messages else 0
        for report in delivery.reports:
            self._tell(report)
        if delivery.dropped:
            logger.warning("%d messages of a %s webhook could not be read", delivery.dropped, self._channel)
        return fresh

    def _message(self, one: Incoming) -> Message:
        return Message(
            one.said.text,
            self._chat_of(one),
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

    def _chat_of(self, one: Incoming) -> str:
        if one.moved_to is None and not one.new_identity:
            with self._store.reading() as db:  # as it nearly always is: no other writer has to be waited for
                known = self._users.chat_as_known(db, one.sender)
            if known is not None:
                return known
        for left in reversed(range(_TRIES)):
            try:
                with self._store.transaction() as db:
                    return self._look_up(db, one)
            except IntegrityError:  # another request makes the same person known at this moment
                if not left:
                    raise
        raise AssertionError("unreachable")

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
