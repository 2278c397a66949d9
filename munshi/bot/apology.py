"""What a customer is told where the bot itself fails: a person knows of it, and when that person is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from munshi.handlers.base import BusinessProfile, Language, Phrases
from munshi.handlers.opening import closed_note


@dataclass(frozen=True, slots=True)
class Apology:
    """The apology of one business; `clock` gives an aware time."""

    phrases: Phrases
    profile: BusinessProfile
    clock: Callable[[], datetime]

    def __call__(self, language: Language) -> str:
        """The words, in the customer's language."""
        note = closed_note(self.phrases, language, self.profile, self.clock())
        return f"{self.phrases('error_apology', language)} {note}".strip()
