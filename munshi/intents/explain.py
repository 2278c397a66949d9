"""Why a message was understood as it was: the words that spoke for it, the examples like it, what came second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import Classifier, Prediction
from munshi.intents.examples import Examples
from munshi.intents.explain_weights import MAX_WORDS, Weighing, by_weight, weigh
from munshi.intents.grams import GramSpace
from munshi.knowledge.base import Encoder

# More than a handful of words, or examples, explain nothing.
SHOWN = 5
NEAREST = 3
# A word that changes a probability by less than this has no say in it.
LEAST = 0.005
# An encoder reads no more of a text than about this; the rest would only be carried.
MAX_CHARS = 2000


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A word, and by how much the probability of an intent falls without it: 0 to 1, below 0 where it rises."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class NearExample:
    """An example that is like the text; `similarity` is the cosine, 1 for the same."""

    text: str
    intent: str
    similarity: float


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """The second best intent, by how much it lost, and the words that spoke for it."""

    intent: str
    confidence: float
    margin: float
    words: tuple[WordWeight, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why `prediction` came of `text`.

    `words` speak for its intent, or against it, the weightiest first; `near` are the nearest examples. `weighed` of
    the `total` different words were looked at. `step` names the step of a cascade that settled it, else it is None.
    """

    text: str
    prediction: Prediction
    step: str | None
    words: tuple[WordWeight, ...]
    near: tuple[NearExample, ...]
    runner_up: RunnerUp | None
    weighed: int
    total: int

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON takes it, the prediction's fields on its first level."""
        fields = asdict(self)
        prediction = fields.pop("prediction")
        fields.pop("text")
        return {"text": self.text, **prediction, **fields}


class ExampleLibrary:
    """A pack's examples, compared by the encoder's vectors, or by n-grams where there is no encoder."""

    def __init__(self, examples: Examples, encoder: Encoder | None, *, prepare: Callable[[str], str] = str) -> None:
        """Encode every example once. `prepare` gives texts the form they are compared in. Raises EncoderError."""
        self._examples = examples
        self._prepare = prepare
        texts = [prepare(text) for text in examples.texts]
        self._encoder = encoder
        self._vectors = encoder.encode(texts) if encoder and texts else None
        self._space = GramSpace.fit(texts)

    def nearest(self, text: str, *, most: int = NEAREST) -> tuple[NearExample, ...]:
        """The examples most like a text, each once, the nearest first; none for a text without anything to read."""
        prepared = self._prepare(text[:MAX_CHARS])
        if not prepared.strip() or not self._examples.texts:
            return ()
        similar = self._similarities(prepared)
        found: dict[tuple[str, str], NearExample] = {}
        for at in np.argsort(-similar, kind="stable").tolist():
            pair = self._examples.texts[at], self._examples.labels[at]
            found.setdefault(pair, NearExample(*pair, round(float(similar[at]), 4)))
            if len(found) == most:
                break
        return tuple(found.values())

    def _similarities(self, prepared: str) -> NDArray[np.float32]:
        if self._encoder is None or self._vectors is None:
            return self._space.similarities(prepared)
        return np.asarray(self._vectors @ self._encoder.encode([prepared])[0])


def explain(classifier: Classifier, text: str, library: ExampleLibrary, *, most_words: int = MAX_WORDS) -> Explanation:
    """Why the classifier says what it says of a text; the same text gives the same explanation.

    Of a long text the first `most_words` different words are weighed. Raises what the classifier raises.
    """
    weighing = weigh(classifier, text, most=most_words)
    made = weighing.prediction
    _, colon, step = made.classifier.partition(":")
    return Explanation(
        text=text,
        prediction=made,
        step=step if colon else None,
        words=_telling(weighing, made.intent) if made.intent is not None else (),
        near=library.nearest(text, most=NEAREST),
        runner_up=_runner_up(weighing),
        weighed=len(weighing.words),
        total=weighing.total,
    )


def _telling(weighing: Weighing, intent: str) -> tuple[WordWeight, ...]:
    weights = weighing.weights(intent)
    told = [WordWeight(weighing.words[at].text, round(weights[at], 4)) for at in by_weight(weights)]
    return tuple(found for found in told if abs(found.weight) >= LEAST)[:SHOWN]


def _runner_up(weighing: Weighing) -> RunnerUp | None:
    ranked: Sequence[tuple[str, float]] = weighing.prediction.ranked
    if len(ranked) < 2:
        return None
    (_, best), (intent, share) = ranked[:2]
    spoke = tuple(found for found in _telling(weighing, intent) if found.weight > 0)
    return RunnerUp(intent, share, best - share, spoke)
