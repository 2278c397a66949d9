"""What the shop is not for."""

from __future__ import annotations

from munshi.handlers.base import Reply, Slot, Turn
from munshi.handlers.order_status import person_button
from munshi.handlers.registry import HandlerConfig, Services


class OutOfScope:
    """Says so, and offers a person."""

    def __init__(self, services: Services, _config: HandlerConfig) -> None:
        self.slots: tuple[Slot, ...] = ()
        self._phrases = services.phrases

    def answer(self, turn: Turn) -> Reply:
        """An unanswered reply that says what the bot is for."""
        text = self._phrases("out_of_scope", turn.language, business=turn.business.name)
        return Reply(text, (person_button(self._phrases, turn.language),), answered=False)
