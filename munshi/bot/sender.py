"""Sends what waits in the outbox: a chat's parts in their order, one at a time, again where that may help."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row
from tenacity import RetryCallState, Retrying, wait_exponential_jitter

from munshi.bot import turns
from munshi.bot.channel import Channel, DeliveryError, Part
from munshi.bot.inviting import Inviting
from munshi.bot.keeper import Keeper
from munshi.bot.outbox_rows import TEMPLATE, Status, drop, mark, mark_sent, mark_tried, next_part
from munshi.bot.store import Store
from munshi.bot.turns import Claim
from munshi.handlers.sealing import sealer

logger = logging.getLogger(__name__)

GIVE_UP = timedelta(hours=24)
"""What could not be sent for so long, counted from where it was let go last, is dead."""

DEATHS = 5
"""A part that so many senders died of, one after the other, is dead."""

SENDING = "sending"
"""The code of a template that is being handed over: one that is found so is not sent again."""

UNSURE = "it may have been sent; it is not sent twice unasked"

_pause = wait_exponential_jitter(initial=1, max=900, jitter=1)


@dataclass(frozen=True, slots=True)
class Given:
    """A part to be sent now, opened; `part` is None where what it said was erased."""

    row: Row[Any]
    address: str
    part: Part | None


class Sender:
    """Sends for one business; several at once, in one process or in many, never meet in a chat."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        keeper: Keeper,
        count: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        """`count` is told of each part the channel and what came of it: "sent", "waiting", "held" or "dead"."""
        self._store = store
        self._keeper = keeper
        self._count = count
        self._channels = channels
        self._business = store.business
        self._inviting = Inviting(store.business, channels)

    def send_some(self) -> bool:
        """Send what one chat has waiting; False where no chat has. Raises SQLAlchemyError without a database."""
        held = self._keeper.take("out")
        if held is None:
            return False
        with self._keeper.keeping(held):  # a provider may take longer than a lease
            while self._send_next(held):
                pass
        return True

    def _send_next(self, held: Claim) -> bool:
        """Send the first part of the chat; False once the chat was given back."""
        with self._store.transaction() as db:
            given = self._next(db, held)
        if given is None:
            return False
        row = given.row
        try:
            provider_id = self._send(given)
        except DeliveryError as fault:
            self._tried(held, row, fault)
            return False
        with self._store.transaction() as db:
            mark_sent(db, row.id, provider_id)
            was_last = self._is_over(db, held)
        self._count(row.channel, "sent")
        logger.info("Sent a part", extra={"ref": row.ref, "channel": row.channel})
        return not was_last

    def _is_over(self, db: Connection, held: Claim) -> bool:
        """Whether nothing more waits in the chat, which is given back then; where something does, it stays in hand.

        Nothing but the turn is written: a part that has gone out must not wait to be marked so for other parts' rows.
        """
        if not turns.lock(db, held):
            return True  # it took so long that another has the chat
        if next_part(db, self._business, held.session_id) is not None:
            return False
        turns.release(db, held, due=None, done=True)
        return True

    def _send(self, given: Given) -> str:
        row = given.row
        if given.part is None:
            raise DeliveryError("dead", "erased", "what it said was erased")
        channel = self._channels.get(row.channel)
        if channel is None:
            raise DeliveryError("retry", "no_channel", f"the channel '{row.channel}' is not set up here", after=60)
        try:
            return channel.send(given.address, given.part, row.ref)
        except DeliveryError:
            raise
        except Exception as error:
            # A fault in a channel must not stop the others' messages; its text may hold the customer's number.
            logger.exception("A part could not be sent (outbox %s)", row.id)
            raise DeliveryError("retry", type(error).__name__, "the channel failed", unsure=True) from error

    def _next(self, db: Connection, held: Claim) -> Given | None:
        """The part to be sent now; None once there is none, and the chat was given back."""
        if not turns.lock(db, held):
            return None  # it took so long that another has the chat
        with_person = self._store.holder(db, held.session_id) is not None
        while (row := next_part(db, self._business, held.session_id)) is not None:
            if row.role == "bot" and with_person:
                drop(db, row.id, "held", "a person had taken the chat over")
            elif row.status == "held":
                if not self._inviting.go_on(db, row):
                    break
            elif held.tries > DEATHS:
                mark(db, row.id, "dead", code="deaths", detail=f"{DEATHS} senders died of it")
                break
            elif self._is_to_be_tried(db, row):
                sealing = sealer(db, self._business, held.session_id)
                return Given(row, sealing.open(row.address), sealing.open_json(row.part))
        due = datetime.now(UTC) if row is not None and row.status == "waiting" else None
        turns.release(db, held, due=due, done=True)
        return None

    def _is_to_be_tried(self, db: Connection, row: Row[Any]) -> bool:
        """Whether a waiting part goes out now; one that does not is dealt with here."""
        if row.role != TEMPLATE:
            code = self._inviting.closed(db, row)
            if code:
                mark(db, row.id, "held", code=code, detail="the customer wrote too long ago: it waits until they write")
                self._count(row.channel, "held")
            return not code
        if not self._inviting.is_needed(db, row):
            drop(db, row.id, "needless", "nothing waits for the customer any more")
        elif row.code == SENDING:
            mark(db, row.id, "dead", code="unsure", detail=f"its sender died, and {UNSURE}")
        else:
            mark(db, row.id, "waiting", code=SENDING)
            return True
        return False

    def _tried(self, held: Claim, row: Row[Any], fault: DeliveryError) -> None:
        status: Status = "waiting"
        if row.role == TEMPLATE and fault.unsure:
            status, fault = "dead", DeliveryError("dead", fault.code, f"{fault.detail}: {UNSURE}")
        elif fault.kind != "retry":
            status = "held" if fault.kind == "hold" else "dead"
        elif datetime.now(UTC) - (row.released_at or row.created_at) > GIVE_UP:
            status = "dead"
        pause = max(_seconds(row.tries + 1), fault.after or 0) if status == "waiting" else 0
        self._count(row.channel, status)
        logger.warning("Outbox %s was not taken, %s: %s", row.id, status, fault, extra={"ref": row.ref})
        with self._store.transaction() as db:
            mark_tried(db, row.id, status, fault.code, fault.detail)
            turns.release(db, held, due=datetime.now(UTC) + timedelta(seconds=pause), done=True)


def _seconds(tries: int) -> float:
    """The pause after so many tries: doubled each time, with some chance in it, a quarter of an hour at most."""
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = tries
    return _pause(state)
