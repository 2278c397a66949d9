"""What a file that came without a word may be about: the pack's own forms that papers and photos belong to."""

from __future__ import annotations

from munshi.bot.business import Business
from munshi.bot.pressed import INTENT
from munshi.handlers.base import CALL_PERSON, Button, Language, Phrases

_TAKES_FILES = ("return_request", "open_account", "loan_enquiry")
_MOST = 2


def file_topics(business: Business, phrases: Phrases, language: Language) -> tuple[Button, ...]:
    """The forms as buttons, and a person."""
    intents = [intent.name for intent in business.intents if intent.handler in _TAKES_FILES][:_MOST]
    forms = (Button(business.title(name, language), INTENT + name) for name in intents)
    return (*forms, Button(phrases("offer_person_button", language), CALL_PERSON))
