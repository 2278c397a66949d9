"""The few-shot classifier by language model: it is also shown the examples that are most like the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import TrainingDataError
from munshi.intents.examples import Examples
from munshi.intents.grams import GramSpace
from munshi.intents.language_model import LabelPicker
from munshi.intents.language_model_classifier import LanguageModelClassifier, model_of
from munshi.intents.language_model_prompt import Pairs, fitting
from munshi.intents.registry import Training
from munshi.intents.zero_shot_model import Wanted
from munshi.knowledge.base import Encoder

NAME = "few_shot_llm"
# Examples shown beside the nearest of each intent: those nearest of all.
MORE = 8


class NearExamples:
    """The nearest example of each intent, and the `MORE` nearest of all others, by sentence vectors or, without an
    encoder, by n-grams.

    Every intent is a label, those that have a description but no example after the others. Where a prompt has no room
    for all, the intents whose nearest example is least like the text are left out.
    """

    def __init__(self, examples: Examples, encoder: Encoder | None, *, prepare: Callable[[str], str] = str) -> None:
        """Read the examples. Raises TrainingDataError where there are none, EncoderError where the encoder fails."""
        pairs = zip(examples.texts, examples.labels, strict=True)
        self._pairs = [(text, label) for text, label in pairs if prepare(text).strip()]
        if not self._pairs:
            raise TrainingDataError("there are no examples to show: write some for each intent")
        self.intents = Wanted.of(examples, prepare).intents
        self._undescribed = sorted(set(self.intents) - {label for _, label in self._pairs})
        self._similarities = _similarities([prepare(text) for text, _ in self._pairs], encoder)

    def __call__(self, prepared: str) -> tuple[Sequence[str], Pairs]:
        """The labels, by name or, where there is no room for all, the likest first; the examples the likest first."""
        order = np.argsort(-self._similarities(prepared), kind="stable").tolist()
        nearest: dict[str, int] = {}
        for at in order:
            nearest.setdefault(self._pairs[at][1], at)
        ranked = [*nearest, *self._undescribed]
        room = fitting(ranked, examples=True)
        labels = self.intents if room == len(ranked) else ranked[:room]
        further = [at for at in order if nearest[self._pairs[at][1]] != at][:MORE]
        kept = set(labels)
        return labels, [self._pairs[at] for at in (*nearest.values(), *further) if self._pairs[at][1] in kept]


def _similarities(texts: Sequence[str], encoder: Encoder | None) -> Callable[[str], NDArray[np.float32]]:
    """What gives the cosine (n,) of a text to each of these n."""
    if encoder is None:
        return GramSpace.fit(texts).similarities
    vectors = encoder.encode(texts)
    return lambda text: vectors @ encoder.encode([text])[0]


def train(examples: Examples, training: Training) -> LanguageModelClassifier:
    """The registry's way in. Raises TrainingDataError where there are no examples, IntentError without a model."""
    model = model_of(training, NAME)
    guide = NearExamples(examples, training.encoder, prepare=training.prepare)
    picker = LabelPicker(model, examples.descriptions, mask=training.mask)
    return LanguageModelClassifier(NAME, picker, guide, prepare=training.prepare)
