"""The zero-shot classifier by language model: it is shown what each intent is called and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from munshi.intents.examples import Examples
from munshi.intents.language_model import LabelPicker
from munshi.intents.language_model_classifier import LanguageModelClassifier, model_of
from munshi.intents.language_model_prompt import Pairs, fitting
from munshi.intents.registry import Training
from munshi.intents.zero_shot_model import Describing, Wanted
from munshi.knowledge.base import Encoder

NAME = "zero_shot_llm"


class LikelyLabels:
    """All intents, in the order of their names; where a prompt has no room for all, those whose name and description
    are most like the text, the likest first.
    """

    def __init__(self, wanted: Wanted, encoder: Encoder | None) -> None:
        """Raises EncoderError where the encoder fails."""
        self.intents = wanted.intents
        self._describing = None if fitting(self.intents) == len(self.intents) else Describing(wanted, encoder)

    def __call__(self, prepared: str) -> tuple[Sequence[str], Pairs]:
        """The labels, and no examples."""
        if self._describing is None:
            return self.intents, ()
        scores, _ = self._describing.scores([prepared])
        ranked = [self.intents[at] for at in np.argsort(-scores[0], kind="stable").tolist()]
        return ranked[: fitting(ranked)], ()


def train(examples: Examples, training: Training) -> LanguageModelClassifier:
    """The registry's way in. Raises TrainingDataError where there is no intent, IntentError without a model."""
    model = model_of(training, NAME)
    guide = LikelyLabels(Wanted.of(examples, training.prepare), training.encoder)
    picker = LabelPicker(model, examples.descriptions, mask=training.mask)
    return LanguageModelClassifier(NAME, picker, guide, prepare=training.prepare)
