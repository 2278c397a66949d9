"""What goes out: replies rendered for their channel when they are recorded, and what the provider says of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from munshi.bot.arrivals import address_of
from munshi.bot.channel import Channel, DeliveryStatus, FaultKind
from munshi.bot.outbox_rows import Queued, Status, next_part, push_line, push_parts, take_status
from munshi.bot.store import Store
from munshi.bot.turns import hurry
from munshi.handlers.base import Language, Reply

_BECOMES: Mapping[FaultKind, Status] = {"retry": "waiting", "hold": "held", "dead": "dead"}


class Outbox:
    """The outbox of one business. Chats of a channel that is not among `channels` are read by a window."""

    def __init__(self, store: Store, channels: Mapping[str, Channel]) -> None:
        self._store = store
        self.channels = channels

    def post(self, db: Connection, queued: Queued, reply: Reply, language: Language) -> None:
        """Queue a reply, inside the transaction that records it."""
        channel = self.channels.get(queued.channel)
        if channel is None:
            push_line(db, self._store.business, queued)
            return
        address = address_of(db, self._store.business, queued.session_id)
        push_parts(db, self._store.business, queued, address, channel.parts(reply, language))

    def status(
        self,
        status: DeliveryStatus,
        at: datetime,
        *,
        ref: str = "",
        provider_id: str = "",
        code: str = "",
        kind: FaultKind = "dead",
        detail: str = "",
    ) -> bool:
        """What the provider says became of a part, found by our `ref` or else by its `provider_id`.

        A status never goes back; one that is repeated, late, or about nothing that is known changes nothing and gives
        False. `code`, `kind` and `detail` tell of a part that "failed" after it had been taken (see `DeliveryError`).
        """
        values = {
            "status": _BECOMES[kind] if status == "failed" else status,
            "changed_at": at,
            "code": code[:60] or None,
            "detail": detail[:500] or None,
        }
        if provider_id:
            values["provider_id"] = provider_id[:200]
        if status == "failed" and kind == "retry":
            values["provider_id"] = None
        if not (ref or provider_id):
            return False
        with self._store.transaction() as db:
            chat = take_status(db, self._store.business, status, values, ref=ref, provider_id=provider_id[:200])
            if chat is not None and next_part(db, self._store.business, chat) is not None:
                hurry(db, self._store.business, "out", chat)  # what waited behind it, or it itself
        return chat is not None
