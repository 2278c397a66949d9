"""The envelope that every channel builds around what a customer sent."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

MAX_ID_CHARS = 200
"""Longest id that the tables hold."""


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Media:
    """A file that the channel holds for us. `voice` is a voice note; `name` and `sha256` are empty where not told."""

    id: str
    mime_type: str
    name: str = ""
    sha256: str = ""
    voice: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message from a customer.

    `id` is the channel's own (a repeated id is the same message, answered once); `session_id` names the chat and
    `user_id` the person as the channel knows them, which is where replies go; `timestamp` is aware, in UTC;
    `attachments` are local file paths. Ids are kept `bounded`. `trace` names the message in the logs from its arrival
    to its reply.

    `kind` is what it is where it is no text ("image", "location", "reaction", ...; see `bot.incoming`), `pressed` the
    value of the button that was pressed, `reply_to` the channel's id of the message that it answers, `media` what is
    still to be fetched, `extra` what came with it that we have no name for.
    """

    text: str
    session_id: str
    user_id: str = ""
    channel: str = "chat"
    id: str = field(default_factory=_new_id)
    timestamp: datetime = field(default_factory=_now)
    attachments: tuple[str, ...] = ()
    kind: str = "text"
    pressed: str = ""
    reply_to: str = ""
    media: tuple[Media, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    trace: str = field(default_factory=_new_id, compare=False)


_DETAILS = ("kind", "pressed", "reply_to", "media", "extra")


def details(message: Message) -> dict[str, Any]:
    """What a message is beside its text, as plain JSON values; empty for a plain one."""
    plain, given = Message("", "", id=""), {name: getattr(message, name) for name in _DETAILS}
    found = {name: value for name, value in given.items() if value != getattr(plain, name)}
    if "media" in found:
        found["media"] = [asdict(media) for media in message.media]
    return found


def from_details(kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fields of a `Message` again."""
    found = {name: value for name, value in (kept or {}).items() if name in _DETAILS}
    if "media" in found:
        found["media"] = tuple(Media(**media) for media in found["media"])
    return found


def bounded(id: str) -> str:
    """An id that the tables hold: as it is, or its fingerprint where it is too long or holds what no column takes."""
    kept = id.replace("\0", "").encode("utf-8", "replace").decode()
    if len(id) <= MAX_ID_CHARS and kept == id:
        return id
    return "sha256-" + hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()
