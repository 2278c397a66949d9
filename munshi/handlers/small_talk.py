"""Greetings, thanks, goodbyes, and what the bot can do."""

from __future__ import annotations

from munshi.handlers.base import Reply, Slot, Turn
from munshi.handlers.options import buttons, one_of
from munshi.handlers.registry import HandlerConfig, Services


class SmallTalk:
    """The option `kind` says which; `buttons` are what is offered with it."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots: tuple[Slot, ...] = ()
        self._phrases = services.phrases
        self._kind = one_of(config, "kind", ("greeting", "thanks", "goodbye", "help"))
        self._buttons = {language: buttons(config, language) for language in ("en", "hi", "hinglish")}

    def answer(self, turn: Turn) -> Reply:
        """The sentence for its kind."""
        return Reply(
            self._phrases(self._kind, turn.language, business=turn.business.name), self._buttons[turn.language]
        )
