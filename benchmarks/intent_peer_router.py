"""semantic-router (Aurelio AI) on the same encoder weights: a route an intent, its examples as the utterances."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np

from munshi.intents.base import Prediction
from munshi.intents.calibration import Thresholds, choose_in_scope
from munshi.intents.examples import Examples
from munshi.intents.registry import Training
from munshi.intents.trial import OUTSIDE, Trial
from munshi.knowledge.weights import minilm_folder

SEMANTIC_ROUTER = "semantic-router"

_RANKED = 3
_FIFTH = 5
_LOWEST = -1.0


class Router:
    """An `IndexedRouter` with its defaults (the mean of the five nearest utterances), in its own encoder.

    In scope is its confidence in the best route: the cosine as it is, or the probability that its `fit` makes of it.
    """

    name = SEMANTIC_ROUTER

    def __init__(self, router: Any, threshold: float) -> None:
        self._router = router
        self.thresholds = Thresholds(threshold, threshold)

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text: one by its own door, many by one call of its encoder."""
        if len(texts) == 1:
            return [self._prediction(self._router(texts[0], limit=_RANKED, threshold=_LOWEST))]
        from semantic_router.routers.base import run

        scored = run(self._router._scores_many(list(texts)))
        return [self._prediction(self._router._choose(scores, _RANKED, _LOWEST)) for scores in scored]

    def _prediction(self, choices: Sequence[Any]) -> Prediction:
        ranked = tuple((str(choice.name), float(np.clip(choice.confidence, 0, 1))) for choice in choices)
        return Prediction(ranked[0][0], ranked[0][1], ranked[0][1], ranked, self.name)


def semantic_router(examples: Examples, _training: Training) -> Router:
    """As it comes: no threshold, so nothing is rejected."""
    return Router(_indexed(examples.texts, examples.labels), 0.0)


def fitted_semantic_router(examples: Examples, training: Training) -> Router:
    """Calibrated by its own `fit`; the threshold on that probability is chosen as Munshi's own is.

    Both want texts that are not stored: a router without a fifth of the texts and a fifth of the intents is asked for
    just these, and lends the full one its calibration.
    """
    rng = np.random.default_rng(training.seed)
    intents, numbers = np.unique(examples.labels, return_inverse=True)
    outside = (rng.permutation(len(intents)) % _FIFTH == 0)[numbers]
    asked = outside | (rng.permutation(len(numbers)) % _FIFTH == 0)
    texts, labels = np.array(examples.texts, dtype=object), np.array(examples.labels, dtype=object)
    part = _indexed(texts[~asked].tolist(), labels[~asked].tolist())
    known = asked & ~outside & np.isin(labels, labels[~asked])
    # It cannot be fitted where it is right, or wrong, about everything it is asked; the cosine stays then.
    with suppress(ValueError):
        part.fit(texts[known].tolist(), labels[known].tolist())
    made = Router(part, 0.0).classify(texts[asked].tolist())
    numbered = {label: number for number, label in enumerate(intents)}
    scores = np.zeros((len(made), len(intents)))
    for row, prediction in zip(scores, made, strict=True):
        row[numbered[prediction.intent]] = prediction.confidence
    trial = Trial(scores, scores.max(axis=1), np.where(outside[asked], OUTSIDE, numbers[asked]))
    threshold = choose_in_scope(trial.nearest, trial)
    return Router(_indexed(examples.texts, examples.labels, calibrator=part.calibrator), threshold)


def _indexed(texts: Sequence[str], labels: Sequence[str], **options: Any) -> Any:
    from semantic_router import IndexedRouter, Route

    stored: dict[str, list[str]] = {}
    for text, label in zip(texts, labels, strict=True):
        stored.setdefault(label, []).append(text)
    routes = [Route(name=label, utterances=told) for label, told in stored.items()]
    return IndexedRouter(encoder=_encoder(), routes=routes, **options)


@cache
def _encoder() -> Any:
    from semantic_router.encoders.local import LocalEncoder

    return LocalEncoder(name=str(minilm_folder().path), device="cpu")
