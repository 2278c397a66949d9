"""The envelope that every channel builds around what a customer sent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Message:
    """One message from a customer.

    `id` is the channel's own (a repeated id is the same message, answered once); `session_id` names the chat and
    `user_id` the person as the channel knows them; `timestamp` is aware, in UTC; `attachments` are local file paths.
    """

    text: str
    session_id: str
    user_id: str = ""
    channel: str = "chat"
    id: str = field(default_factory=_new_id)
    timestamp: datetime = field(default_factory=_now)
    attachments: tuple[str, ...] = ()
