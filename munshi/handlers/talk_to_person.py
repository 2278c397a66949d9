"""Calls a person."""

from __future__ import annotations

from munshi.handlers.base import Reply, Slot, Turn
from munshi.handlers.opening import closed_note
from munshi.handlers.options import by_language, text
from munshi.handlers.registry import HandlerConfig, Services

MAX_REASON_CHARS = 300


class TalkToPerson:
    """The option `reason` says why, for the person; without it the customer's own words do.

    The option `note` (a text, or one a language) is what to do until the person is there.
    """

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots: tuple[Slot, ...] = ()
        self._phrases = services.phrases
        self._reason = text(config, "reason")
        self._notes = by_language(config, "note")

    def answer(self, turn: Turn) -> Reply:
        """A handover, with when the shop opens where it is closed now."""
        note = closed_note(self._phrases, turn.language, turn.business, turn.now)
        reason = self._reason or turn.text.strip()[:MAX_REASON_CHARS] or "The customer asked for a person"
        called = self._phrases("handover_done", turn.language, hours_note=note).strip()
        advice = self._notes.get(turn.language) or self._notes.get("en", "")
        return Reply("\n\n".join(filter(None, (called, advice))), handover=reason)
