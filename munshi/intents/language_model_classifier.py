"""A classifier that asks a language model; what it is shown is another's choice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from munshi.intents.acceptance import ALWAYS_ASK
from munshi.intents.base import RANKED, IntentError, Prediction
from munshi.intents.calibration import CLARIFY_COST, Thresholds
from munshi.intents.language_model import LabelPicker, Picked
from munshi.intents.language_model_prompt import Pairs
from munshi.intents.registry import Training
from munshi.knowledge.base import ChatModel, ChatModelError

logger = logging.getLogger(__name__)


class Guide(Protocol):
    """What a language model is shown with a text."""

    @property
    def intents(self) -> tuple[str, ...]:
        """The names there are."""

    def __call__(self, prepared: str) -> tuple[Sequence[str], Pairs]:
        """The labels to choose from, as many as a prompt has room for, and examples, for a text in canonical form."""


class LanguageModelClassifier:
    """What the model says, as predictions.

    The confidence is the label's share as `Picked` has it, `in_scope` what is not given to none of them. Neither is
    calibrated, since that would take a call or three for each example; for the same reason the thresholds are what
    the costs of `Calibration` make of honest probabilities, and an intent of high risk is always confirmed. A label
    that does not exist is no intent. Where the model fails a text gets no intent either, and the log is told once.

    The model reads texts as they were written; `prepare` is for the guide alone. Safe to call from several threads.
    """

    def __init__(self, name: str, picker: LabelPicker, guide: Guide, *, prepare: Callable[[str], str] = str) -> None:
        self.name = name
        self._picker = picker
        self._guide = guide
        self._prepare = prepare
        self._failing = False

    @property
    def thresholds(self) -> Thresholds:
        """Reject where none is likelier than all intents together; ask back where that costs less than a mistake."""
        return Thresholds(0.5, 1 - CLARIFY_COST, dict.fromkeys(self.intents, ALWAYS_ASK))

    @property
    def intents(self) -> tuple[str, ...]:
        """The names it may answer with, sorted."""
        return self._guide.intents

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in order, each with a call of its own or `language_model.VOTES`.

        A text without anything to read, or one on which the model fails, gets no intent and the in-scope score 0.
        Raises EncoderError where the guide has an encoder that is a service and does not answer.
        """
        return [self._predict(text) for text in texts]

    def _predict(self, text: str) -> Prediction:
        prepared = self._prepare(text)
        if not prepared.strip():
            return self._nothing()
        labels, examples = self._guide(prepared)
        try:
            picked = self._picker.pick(text, labels, examples)
        except ChatModelError as error:
            self._tell(error)
            return self._nothing()
        self._failing = False
        return self._prediction(picked)

    def _prediction(self, picked: Picked) -> Prediction:
        if picked.missed:
            return self._nothing()
        if picked.label is None:
            # However unsure the model is of its "none", a text without an intent is not one in scope.
            return Prediction(None, 0.0, min(1 - picked.none, self.thresholds.in_scope), (), self.name)
        ranked = picked.shares[:RANKED]
        return Prediction(picked.label, ranked[0][1], 1 - picked.none, ranked, self.name)

    def _nothing(self) -> Prediction:
        return Prediction(None, 0.0, 0.0, (), self.name)

    def _tell(self, error: ChatModelError) -> None:
        """One warning each time that the model begins to fail."""
        if not self._failing:
            logger.warning("Messages go unclassified while the language model fails: %s", error)
        self._failing = True


def model_of(training: Training, classifier: str) -> ChatModel:
    """The language model to use. Raises IntentError where there is none."""
    if training.model is None:
        raise IntentError(f"the classifier {classifier} needs a language model: set MUNSHI_LLM=ollama:qwen3:4b, say")
    return training.model
