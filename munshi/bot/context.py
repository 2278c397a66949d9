"""One message on its way to a step: what it is understood as, what came before it, and what it leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from munshi.bot.preprocess import Utterance
from munshi.bot.router import Route
from munshi.bot.state import SessionState, Shown
from munshi.handlers.base import Action, Entity, Language, Reply, Turn
from munshi.intents.base import Classifier, Prediction
from munshi.knowledge.base import Say

TOPIC_KINDS = frozenset({"product", "order_number"})
_MAX_TOPICS = 5
_FOLLOW_UP_WORDS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """What one message leads to. With an `action` the reply is what it gives once it is carried out.

    `proof` uses up, in the same transaction, the one-time code that the action needs, and tells whether it could.
    `shown` is what the reply reads back; without it no yes to the reply confirms anything.
    """

    reply: Reply
    state: SessionState
    route: Route
    intent: str | None = None
    handler: str | None = None
    action: tuple[Action, Turn] | None = None
    proof: Callable[[Connection], bool] | None = None
    shown: Shown | None = None


class Guess:
    """What the classifier makes of a text, made when first asked for: many turns of a form need none."""

    def __init__(self, classifier: Classifier, text: str) -> None:
        self._classifier = classifier
        self._text = text
        self.made: Prediction | None = None

    def __call__(self) -> Prediction:
        """The prediction."""
        if self.made is None:
            self.made = self._classifier.classify([self._text])[0]
        return self.made


@dataclass(frozen=True, slots=True)
class Context:
    """One message, understood. `pressed` is the value of the button it stands for, empty where it is none.

    `say` hears the beginning of the reply as it is written. `again` gives the same message in other words, such as the
    question that a follow-up stands for; it is then said `in_full`. `secret` is the code or the login token that
    was taken out of it. `taken_in` is when it came in: before that the customer had read what the bot said by then.
    """

    utterance: Utterance
    state: SessionState
    now: datetime
    session_id: str
    customer_id: str | None
    channel: str
    guess: Guess
    pressed: str = ""
    say: Say | None = None
    again: Callable[[str], Context] | None = None
    in_full: bool = False
    secret: str = field(default="", repr=False)
    taken_in: datetime | None = None

    @property
    def language(self) -> Language:
        """What the message is written in."""
        return self.utterance.language

    @property
    def names_product(self) -> bool:
        """Whether a product is named in it."""
        return any(entity.kind == "product" for entity in self.utterance.entities)

    @property
    def last_said(self) -> str:
        """The message before it, empty where it is the first."""
        exchanges = self.state.exchanges
        return exchanges[-1].text if exchanges else ""

    @property
    def last_reply(self) -> str:
        """What the bot said before it, empty where it has said nothing yet."""
        exchanges = self.state.exchanges
        return exchanges[-1].reply if exchanges else ""

    @property
    def topics(self) -> tuple[Entity, ...]:
        """The products and orders the chat is about after it."""
        named = tuple(entity for entity in self.utterance.entities if entity.kind in TOPIC_KINDS)
        kinds = {entity.kind for entity in named}
        return named[:_MAX_TOPICS] + tuple(entity for entity in self.state.topics if entity.kind not in kinds)

    def entities_with(self, kinds: frozenset[str]) -> tuple[Entity, ...]:
        """Its entities, and those of `kinds` that it leaves unsaid because the message before said them."""
        entities = self.utterance.entities
        named = {entity.kind for entity in entities}
        return entities + tuple(topic for topic in self.state.topics if topic.kind in kinds - named)


def is_short(text: str) -> bool:
    """Whether a text that names no product speaks of the one before ("price?", "and 4 of them?")."""
    return len(text.split()) <= _FOLLOW_UP_WORDS
