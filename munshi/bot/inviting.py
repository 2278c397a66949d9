"""Customers who may no longer be written to, asked to write: a template goes out once, and what they were to be sent
waits.

WhatsApp lets a business write for 24 hours after the customer's last message. The provider tells so by a code, often
only afterwards by a status; where a template is set, a part that would come too late is not even tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from munshi.bot.arrivals import Written, last_written
from munshi.bot.channel import Channel, Window
from munshi.bot.outbox_held import is_there, latest_template, let_go
from munshi.bot.outbox_rows import TEMPLATE, Queued, push_parts
from munshi.handlers.sealing import sealer

SKEW = timedelta(minutes=15)
"""By so much the clocks here and there may differ: what came after a template and was not written before answers it."""


class Inviting:
    """Asks for one business, inside the transactions of whoever sends."""

    def __init__(self, business: str, channels: Mapping[str, Channel]) -> None:
        self._business = business
        self._channels = channels

    def closed(self, db: Connection, row: Row[Any]) -> str:
        """The code by which a waiting part is to be held without a try; empty where it is to be tried.

        Without a template it is: the provider knows best, and nothing is lost by it. So is what the owner wants tried.
        """
        window = self._window(row)
        if window is None or window.template is None or row.released_at is not None:
            return ""
        last = last_written(db, self._business, row.session_id)
        return "" if last is None or _is_open(window, last) else window.code

    def go_on(self, db: Connection, row: Row[Any]) -> bool:
        """Do what can be done about a held part now; False where it can only wait."""
        window = self._window(row)
        if window is None or row.code != window.code:
            return False
        last = last_written(db, self._business, row.session_id)
        if last is not None and _is_open(window, last) and _came_after(last, row):
            let_go(db, row.id)
            return True
        return window.template is not None and self._invite(db, row, window.template, last)

    def is_needed(self, db: Connection, row: Row[Any]) -> bool:
        """Whether there is still something that a waiting template announces."""
        return is_there(db, self._business, row.session_id, "held")

    def _invite(self, db: Connection, row: Row[Any], part: Mapping[str, Any], last: Written | None) -> bool:
        """Queue the template, unless one is out that the customer has not answered, or one failed on these parts."""
        sealing = sealer(db, self._business, row.session_id)
        before = latest_template(db, self._business, row.session_id)
        if sealing.key is None or (before is not None and not self._may_again(db, before, last)):
            return False
        queued = Queued(row.session_id, row.channel, None, TEMPLATE)
        push_parts(db, self._business, queued, sealing.open(row.address), (part,))
        return True

    def _may_again(self, db: Connection, before: Row[Any], last: Written | None) -> bool:
        asked_at = before.created_at
        if last is not None and last.received_at > asked_at and last.at >= asked_at - SKEW:
            return True
        if before.status not in ("dead", "dropped"):
            return False
        return is_there(db, self._business, before.session_id, "waiting", "held", after=before.id)

    def _window(self, row: Row[Any]) -> Window | None:
        channel = self._channels.get(row.channel)
        return None if channel is None or row.role == TEMPLATE else channel.window


def _is_open(window: Window, last: Written) -> bool:
    return datetime.now(UTC) - last.at < window.length


def _came_after(last: Written, row: Row[Any]) -> bool:
    """Whether a message came while a part was being refused: it would wait for the next one. Once for each message."""
    return bool(last.received_at > max(row.created_at, row.released_at or row.created_at))
