"""Answers what waits in the inbox: a chat's messages in their order, one at a time, each to its end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore
from typing import Protocol

from sqlalchemy.exc import InterfaceError, OperationalError

from munshi.bot import turns
from munshi.bot.arrivals import message_of, waiting
from munshi.bot.channel import Channel
from munshi.bot.keeper import Keeper
from munshi.bot.message import Message
from munshi.bot.response import GIVEN_UP, Response
from munshi.bot.state import to_json
from munshi.bot.store import Store
from munshi.bot.tracing import tracing
from munshi.bot.turns import Claim
from munshi.bot.wordless import is_silent
from munshi.handlers.sealing import sealer

logger = logging.getLogger(__name__)

TRIES = 3
"""A message that was taken up so often without coming to an end goes to a person."""

_PAUSE = timedelta(seconds=2)
_TYPING = 4


class Answers(Protocol):
    """What becomes of a message."""

    def answer(self, message: Message) -> Response:
        """Answer it for good, the reply in the outbox; a message that was answered before is left as it is."""

    def give_up(self, message: Message) -> None:
        """Bring it to an end without looking into it: an apology, and a person is called."""


class Worker:
    """Works for one business; several at once, in one process or in many, never meet in a chat."""

    def __init__(self, store: Store, answers: Answers, channels: Mapping[str, Channel], keeper: Keeper) -> None:
        self._store = store
        self._business = store.business
        self._answers = answers
        self._keeper = keeper
        self._typing = Typing(channels)

    def answer_one(self) -> bool:
        """Answer one message; False where none waits. Raises SQLAlchemyError without a database."""
        held = self._keeper.take("in")
        if held is None:
            return False
        message = self._first(held)
        if message is None:  # nothing waits, or what does is not settled yet
            self._release(held, done=True)
            return True
        with self._keeper.keeping(held, message), tracing(message.trace):
            self._work_on(held, message)
        return True

    def close(self) -> None:
        """Wait for no typing indicator any more."""
        self._typing.close()

    def _first(self, held: Claim) -> Message | None:
        with self._store.reading() as db:
            rows = waiting(db, self._business, held.session_id, limit=1)
            if not rows or rows[0].received_at + self._store.settle > datetime.now(UTC):
                return None
            return message_of(rows[0], sealer(db, self._business, held.session_id))

    def _work_on(self, held: Claim, message: Message) -> None:
        try:
            if held.tries > TRIES:
                logger.error("A message failed %s times: it goes to a person (trace %s)", TRIES, message.trace)
                self._give_up(held, message)
            else:
                self._begin(message)
                self._answers.answer(message)
        except (OperationalError, InterfaceError):
            self._give_back(held)
            raise
        except Exception:
            logger.exception("A message could not be recorded (try %s, trace %s)", held.tries, message.trace)
            self._release(held, done=False)
        else:
            self._release(held, done=True)

    def _give_up(self, held: Claim, message: Message) -> None:
        try:
            self._answers.give_up(message)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            if held.tries <= 2 * TRIES:
                raise
            logger.exception("A message cannot be answered at all: it is set aside (trace %s)", message.trace)
            with self._store.transaction() as db:
                self._store.finish(db, message, to_json(Response(None, message.session_id, GIVEN_UP)))

    def _begin(self, message: Message) -> None:
        with self._store.reading() as db:
            with_person = self._store.holder(db, message.session_id) is not None
        if not with_person and not is_silent(message):
            self._typing.tell(message)

    def _release(self, held: Claim, *, done: bool) -> None:
        with self._store.transaction() as db:
            if not turns.lock(db, held):
                return  # it took so long that another has the chat
            due = None
            for row in waiting(db, self._business, held.session_id, limit=1):
                due = row.received_at + self._store.settle if done else datetime.now(UTC) + _PAUSE * held.tries
            turns.release(db, held, due=due, done=done)

    def _give_back(self, held: Claim) -> None:
        """The database went away: that is not the message's fault. Where it is still away, the lease sees to it."""
        try:
            with self._store.transaction() as db:
                turns.give_back(db, held, due=datetime.now(UTC) + _PAUSE)
        except (OperationalError, InterfaceError):
            logger.warning("The database is away; what was in hand is taken up again after its lease")


class Typing:
    """Typing indicators, told beside the work: a slow provider holds up no answer, and what piles up is left out."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self._pool = ThreadPoolExecutor(_TYPING, thread_name_prefix="munshi-typing")
        self._room = BoundedSemaphore(2 * _TYPING)

    def tell(self, message: Message) -> None:
        """Tell the customer that the message was read and an answer is being written."""
        channel = self._channels.get(message.channel)
        if channel is not None and self._room.acquire(blocking=False):
            self._pool.submit(self._tell, channel, message)

    def close(self) -> None:
        """Wait for none any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _tell(self, channel: Channel, message: Message) -> None:
        try:
            channel.typing(message.user_id, message.id)
        except Exception as error:  # noqa: BLE001 - of no consequence, and the text may hold the customer's number
            logger.info("No typing indicator (%s, trace %s)", type(error).__name__, message.trace)
        finally:
            self._room.release()
