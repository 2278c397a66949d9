"""What a channel's webhook brings, before it is known whose chat it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from munshi.bot.channel import DeliveryStatus, FaultKind
from munshi.bot.message import Media

SILENT = frozenset({"reaction", "system", "group", "revoke"})
"""Kinds of messages that are kept and not answered."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as the channel knows them; all but one of `user_id` and `phone` may be empty.

    `user_id` is the provider's own id of the person, `phone` the digits of a number with its country code, `identity` a
    fingerprint of the key of their account, which changes with the account's holder.
    """

    user_id: str = ""
    phone: str = ""
    username: str = ""
    name: str = ""
    identity: str = ""

    @property
    def address(self) -> str:
        """Where a reply goes."""
        return self.user_id or self.phone


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody wrote: the fields are those of a `Message`."""

    kind: str
    text: str = ""
    pressed: str = ""
    media: tuple[Media, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message. `moved_to` is who the sender is from here on: their number, or the id the provider gives them,
    changed. `new_identity` says that another may hold the account now.
    """

    id: str
    sender: Sender
    at: datetime
    said: Said
    reply_to: str = ""
    moved_to: Sender | None = None
    new_identity: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a part that was sent: see `Outbox.status`."""

    status: DeliveryStatus
    at: datetime
    ref: str = ""
    provider_id: str = ""
    code: str = ""
    kind: FaultKind = "dead"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that one request brought, in its order. `dropped` counts what could be read as neither."""

    messages: tuple[Incoming, ...] = ()
    reports: tuple[Report, ...] = ()
    dropped: int = 0
