"""Scores to probabilities and thresholds, learnt from a trial: texts that the classifier was not taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from munshi.intents.acceptance import EVEN_ODDS, FALSE_ACCEPT, choose_accept
from munshi.intents.base import RANKED, Prediction
from munshi.intents.metrics import matthews, rejecting
from munshi.intents.scope import ScopeModel
from munshi.intents.trial import OUTSIDE, Trial

Floats = NDArray[np.float64]

TEMPERATURES = np.geomspace(1, 64, 73)
CLARIFY_GRID = np.linspace(0.3, 0.75, 46)
# What asking back costs, where running the wrong intent costs 1.
CLARIFY_COST = 0.3
SCOPE_GRID = np.linspace(0.05, 0.95, 91)
# Width, in steps of the grid, over which a curve is averaged before its best point is taken.
SMOOTHING = 11


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`in_scope` below which nothing is taken to fit; `clarify`, the confidence below which the customer is asked.

    `accept` holds for each intent the acceptance score, `confidence * in_scope`, below which it is confirmed first
    where its risk is high. Above 1: always, for want of examples to tell from. An intent that is not there has none.
    """

    in_scope: float
    clarify: float
    accept: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Calibration:
    """From scores to `Prediction.confidence` (by `temperature`) and `Prediction.in_scope` (by `scope`)."""

    temperature: float
    scope: ScopeModel
    thresholds: Thresholds

    def prediction(self, scores: Floats, nearest: float, intents: Sequence[str], classifier: str) -> Prediction:
        """What the scores (C,) of the `intents` say, with the similarity to the `nearest` example of the best one."""
        shares = softmax(scores[np.newaxis], self.temperature)[0]
        order = np.argsort(-shares, kind="stable")[:RANKED].tolist()
        ranked = tuple((intents[at], float(shares[at])) for at in order)
        in_scope = float(self.scope.probability(scores[np.newaxis], np.array([nearest]))[0])
        return Prediction(ranked[0][0], ranked[0][1], in_scope, ranked, classifier)

    @classmethod
    def learn(cls, trial: Trial, intents: Sequence[str] = (), *, false_accept: float = FALSE_ACCEPT) -> Calibration:
        """Calibrate on a trial with texts in scope and, where there are two intents or more, out of scope.

        `intents` are the names of the classes that shall have an acceptance threshold, in the order of their numbers;
        `false_accept` is the share of other messages that may pass for one of them.
        """
        inside = trial.inside
        temperature = fit_temperature(inside)
        confidence = softmax(inside.scores, temperature).max(axis=1)
        scope = ScopeModel.fit(trial)
        in_scope = scope.probability(trial.scores, trial.nearest)
        fits = choose_in_scope(in_scope, trial)
        clarify = choose_clarify(confidence, inside.predicted == inside.truth)
        accept = choose_accept(
            trial,
            softmax(trial.scores, temperature).max(axis=1) * in_scope,
            intents,
            rate=false_accept,
            least=max(fits * clarify, EVEN_ODDS),
        )
        return cls(temperature, scope, Thresholds(fits, clarify, accept))


def softmax(scores: Floats, temperature: float) -> Floats:
    """Probabilities (n, C): exp(temperature * score), normalised. The T of Guo et al. (2017) is 1 / temperature."""
    powers = np.exp(temperature * (scores - scores.max(axis=1, keepdims=True)))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(inside: Trial) -> float:
    """The temperature under which the right classes of a trial in scope are likeliest."""
    rows = np.arange(len(inside.truth))
    likelihood = [np.log(softmax(inside.scores, t)[rows, inside.truth] + 1e-12).sum() for t in TEMPERATURES]
    return float(TEMPERATURES[_middle_of_best(np.array(likelihood))])


def choose_clarify(confidence: Floats, correct: NDArray[np.bool_]) -> float:
    """The threshold that costs least on a trial in scope: 1 for each wrong run, `CLARIFY_COST` for each question."""
    costs = [(~correct & (confidence >= t)).sum() + CLARIFY_COST * (confidence < t).sum() for t in CLARIFY_GRID]
    return float(CLARIFY_GRID[_middle_of_best(-_smooth(np.array(costs)))])


def choose_in_scope(probability: Floats, trial: Trial) -> float:
    """The threshold with the highest Matthews correlation on a trial of texts in and out of scope."""
    decided = [rejecting(trial.predicted, probability, threshold, outside=OUTSIDE) for threshold in SCOPE_GRID]
    values = [matthews(trial.truth, predicted, trial.weights) for predicted in decided]
    return float(SCOPE_GRID[_middle_of_best(_smooth(np.array(values)))])


def _smooth(values: Floats) -> Floats:
    return np.convolve(np.pad(values, SMOOTHING // 2, mode="edge"), np.full(SMOOTHING, 1 / SMOOTHING), mode="valid")


def _middle_of_best(values: Floats) -> int:
    """Index in the middle of those that share the maximum."""
    best = np.flatnonzero(values >= values.max() - 1e-9)
    return int(best[len(best) // 2])
