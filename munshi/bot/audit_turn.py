"""What the audit keeps of a turn: enough to explain it later, and not a word that a customer may want forgotten."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from munshi.bot.message import Message
from munshi.handlers.base import Reply
from munshi.handlers.sealing import Sealer

_SHARES = 6
"""Decimals kept of a probability."""


def turn_record(message: Message, sealing: Sealer, reply: Reply | None, decided: Mapping[str, Any]) -> dict[str, Any]:
    """One turn as the audit has it.

    Chat, message and texts are committed to by salted fingerprints: whoever still has the text can show that it was
    this one; once the chat's key is destroyed nobody can. A passage is named with the fingerprint of what was quoted.
    `decided` holds what led to the reply, without text of a customer's own.
    """
    return {
        "channel": message.channel,
        "chat": sealing.commit(message.session_id),
        "message": sealing.commit(message.id),
        "text": sealing.commit(message.text),
        "reply": None if reply is None else _replied(reply, sealing),
        **{name: round(value, _SHARES) if isinstance(value, float) else value for name, value in decided.items()},
    }


def _replied(reply: Reply, sealing: Sealer) -> dict[str, Any]:
    return {
        "text": sealing.commit(reply.text),
        "handover": reply.handover is not None,
        "passages": [
            {"id": citation.passage_id, "quote": hashlib.sha256(citation.quote.encode("utf-8", "replace")).hexdigest()}
            for citation in reply.citations
        ],
    }
