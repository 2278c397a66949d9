"""What a file that came without a word may be about: the form that waits for one, or else the pack's own forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from munshi.bot.business import Business
from munshi.bot.message import Message
from munshi.bot.preprocess import Utterance
from munshi.bot.pressed import INTENT
from munshi.bot.state import SessionState
from munshi.handlers.base import CALL_PERSON, Button, Entity, Handler, Language, Phrases

FILE_KIND = "file"

_TAKES_FILES = ("return_request", "open_account", "loan_enquiry")
_MOST = 2


@dataclass(frozen=True, slots=True)
class FileTopics:
    """`handlers` holds the pack's handlers by intent, each with its name."""

    business: Business
    phrases: Phrases
    handlers: Mapping[str, tuple[str, Handler]]

    def offered(self, language: Language) -> tuple[Button, ...]:
        """The forms as buttons, and a person."""
        intents = [intent.name for intent in self.business.intents if intent.handler in _TAKES_FILES][:_MOST]
        forms = (Button(self.business.title(name, language), INTENT + name) for name in intents)
        return (*forms, Button(self.phrases("offer_person_button", language), CALL_PERSON))

    def awaited(self, state: SessionState, now: datetime) -> bool:
        """Whether the form that is open takes a file."""
        form = state.form
        if form is None or form.expires_at <= now or form.intent not in self.handlers:
            return False
        return any(slot.kind == FILE_KIND for slot in self.handlers[form.intent][1].slots)


def with_file(utterance: Utterance, message: Message) -> Utterance:
    """A message understood, its first file an entity at its end."""
    end = len(utterance.raw)
    files = tuple(Entity(FILE_KIND, id, "", end, end) for id in message.attachments[:1])
    return utterance if not files else replace(utterance, entities=utterance.entities + files)
