"""What else one could use, on the same encoder weights; each is a factory as `munshi.intents.registry` has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.intent_peer_router import SEMANTIC_ROUTER, fitted_semantic_router, semantic_router
from benchmarks.intent_peer_setfit import SETFIT, setfit
from benchmarks.intent_sets import IntentSet
from munshi.intents.base import Prediction
from munshi.intents.calibration import Thresholds, choose_in_scope
from munshi.intents.examples import Examples
from munshi.intents.registry import Factory, Training
from munshi.intents.trial import OUTSIDE, Trial
from munshi.knowledge.weights import minilm_folder

FOLDS = 5
SETFIT_EXAMPLES = 1000
"""The most examples that SetFit is taught here: its training goes by pairs of them."""


class LogisticHead:
    """sentence-transformers' vectors under scikit-learn's logistic regression: the usual first thing to try.

    In scope is the highest probability; its threshold is chosen as Munshi's own is, on held-out examples against
    examples of intents left out, here in five folds.
    """

    name = "sentence-transformers + LR"

    def __init__(self, examples: Examples, seed: int) -> None:
        self._encode = _sentence_transformer().encode
        vectors, labels = self._encode(list(examples.texts)), np.array(examples.labels)
        self._head = _logistic().fit(vectors, labels)
        self.thresholds = Thresholds(_threshold(vectors, labels, seed), 0.5)

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, with the three likeliest intents."""
        made = []
        for shares in self._head.predict_proba(self._encode(list(texts))):
            order = np.argsort(-shares)[:3]
            ranked = tuple((str(self._head.classes_[at]), float(shares[at])) for at in order)
            made.append(Prediction(ranked[0][0], ranked[0][1], ranked[0][1], ranked, self.name))
        return made


def _threshold(vectors: Any, labels: Any, seed: int) -> float:
    rng = np.random.default_rng(seed)
    intents, numbers = np.unique(labels, return_inverse=True)
    parts, groups = rng.integers(0, FOLDS, len(labels)), rng.permutation(len(intents)) % FOLDS
    trials = []
    for fold in range(FOLDS):
        for tested, truth in ((parts == fold, numbers), (groups[numbers] == fold, np.full(len(labels), OUTSIDE))):
            head = _logistic().fit(vectors[~tested], numbers[~tested])
            scores = np.full((tested.sum(), len(intents)), -np.inf)
            scores[:, head.classes_] = head.predict_proba(vectors[tested])
            trials.append(Trial(scores, scores.max(axis=1), truth[tested]))
    trial = Trial.joined(trials)
    return choose_in_scope(trial.nearest, trial)


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=1000)


@cache
def _sentence_transformer() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(minilm_folder().path), device="cpu")


def _logistic_head(examples: Examples, training: Training) -> LogisticHead:
    return LogisticHead(examples, training.seed)


def peers(task: IntentSet, *, setfit_steps: int) -> Mapping[str, Factory]:
    """Those whose libraries are installed. SetFit, which takes minutes, runs on the small sets only."""
    found: dict[str, Factory] = {}
    if find_spec("sentence_transformers"):
        found[LogisticHead.name] = _logistic_head
    if find_spec("semantic_router"):
        found[SEMANTIC_ROUTER] = semantic_router
        found[f"{SEMANTIC_ROUTER}, fitted"] = fitted_semantic_router
    if find_spec("setfit") and setfit_steps and _examples(task) <= SETFIT_EXAMPLES:
        found[f"{SETFIT}, {setfit_steps} steps"] = setfit(setfit_steps)
    return found


def _examples(task: IntentSet) -> int:
    return task.shots * len(task.train.intents) or len(task.train.texts)
