"""What each word of a text does to a classifier's answer: leave one out, and look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from munshi.intents.base import Classifier, Prediction
from munshi.intents.explain_words import Word, without, words_of

MAX_WORDS = 50
"""As many different words of a text are weighed, the first ones: a message says what it wants early."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """A text's prediction, and what came of leaving out each of `words` in turn, in the same order.

    `total` is how many different words the text has, of which the first `len(words)` were weighed.
    """

    prediction: Prediction
    words: tuple[Word, ...]
    left_out: tuple[Prediction, ...]
    total: int

    def weights(self, intent: str) -> tuple[float, ...]:
        """For each word by how much the intent's probability falls without it: -1 to 1, below 0 where it rises."""
        whole = probability(self.prediction, intent)
        return tuple(whole - probability(made, intent) for made in self.left_out)


def weigh(classifier: Classifier, text: str, *, most: int = MAX_WORDS) -> Weighing:
    """Classify a text and its variants, each without one word, in one call."""
    found = words_of(text)
    words = found[:most]
    prediction, *left_out = classifier.classify([text, *(without(text, [word]) for word in words)])
    return Weighing(prediction, words, tuple(left_out), len(found))


def probability(prediction: Prediction, intent: str) -> float:
    """The intent's probability in a prediction, 0 to 1; 0 where it is not among those ranked."""
    return next((share for name, share in prediction.ranked if name == intent), 0.0)


def by_weight(weights: Sequence[float]) -> list[int]:
    """Indices, the weightiest first whichever way it pulls; of equals the earlier."""
    return sorted(range(len(weights)), key=lambda at: -abs(weights[at]))
