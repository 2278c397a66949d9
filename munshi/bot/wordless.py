"""Messages that are no words: what is answered to a photo, a voice note, a place; what a transcript shows of them."""

from __future__ import annotations

from munshi.bot.fetching import FAULT, TOO_MANY
from munshi.bot.incoming import SILENT
from munshi.bot.message import Message

NOTED = "noted"
"""The route of a message that is kept and not answered."""

KEPT = "attachment_kept"
"""The sentence that answers a file that came without a word."""

_ANSWERS = {
    "voice": "voice_unsupported",
    "audio": "voice_unsupported",
    "location": "location_unsupported",
    "contacts": "contacts_unsupported",
    "unsupported": "message_unsupported",
    **dict.fromkeys(("image", "video", "document", "sticker"), "attachment_unsupported"),
}
_FAULTS = ("attachment_too_large", "attachment_too_many", "attachment_type", "attachment_unavailable", TOO_MANY)
_SHOWN_CHARS = 200


def is_silent(message: Message) -> bool:
    """Whether a message wants no answer: a reaction, say, or the news that a number has changed."""
    return message.kind in SILENT


def answer_key(message: Message) -> str:
    """The sentence that answers a message without words."""
    fault = message.extra.get(FAULT)
    if fault in _FAULTS:
        return str(fault)
    if message.attachments and message.kind in _ANSWERS:
        return KEPT
    return _ANSWERS.get(message.kind, "attachment_unsupported" if message.attachments else "empty_message")


def shown(message: Message) -> str:
    """A message as a transcript shows it: its words, and before them what it is beside them."""
    if message.kind in ("text", "button"):
        return message.text
    return f"[{_named(message)}] {message.text}".strip()


def _named(message: Message) -> str:
    extra = message.extra
    if message.kind == "location":
        place = ", ".join(filter(None, (str(extra.get("name") or ""), str(extra.get("address") or ""))))
        return f"location: {extra.get('latitude')}, {extra.get('longitude')} {place}".strip()[:_SHOWN_CHARS]
    if message.kind == "reaction":
        return f"reaction: {extra.get('emoji') or 'taken away'}"[:_SHOWN_CHARS]
    names = ", ".join(media.name for media in message.media if media.name)
    return f"{message.kind}: {names}"[:_SHOWN_CHARS] if names else message.kind
