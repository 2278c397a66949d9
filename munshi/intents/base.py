"""The contracts of the intents room: what an intent is, and what a classifier takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

RANKED = 10
"""As many likely intents are named in a prediction."""


class IntentError(Exception):
    """Anything that goes wrong in this room; the message names the thing and the remedy."""


class TrainingDataError(IntentError):
    """The examples cannot be learnt from."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something a customer may want.

    `slots` names what the handler needs before it can run; `risk` "high" marks what moves money or cannot be undone.
    """

    name: str
    description: str
    examples: tuple[str, ...]
    handler: str
    slots: tuple[str, ...] = ()
    risk: Literal["low", "high"] = "low"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a classifier makes of a text.

    `intent` is the best label, or None where nothing fits (an empty text, say). It is given whatever the scores are:
    what to do about a low one is the router's business. `confidence` is the calibrated probability, 0 to 1, that
    `intent` is right given that the text is in scope; `in_scope` is the probability-like score, 0 to 1, that any of
    the intents fits at all. `ranked` holds (intent, confidence) pairs, best first. `entities` are slot values that
    the classifier itself read in the text, by kind.
    """

    intent: str | None
    confidence: float
    in_scope: float
    ranked: tuple[tuple[str, float], ...]
    classifier: str
    entities: Mapping[str, str] = field(default_factory=dict)


class Classifier(Protocol):
    """Texts to predictions."""

    @property
    def name(self) -> str:
        """Which classifier this is, as it stands in `Prediction.classifier`."""

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in order. Never raises on a text, whatever it holds."""
