"""Fitting the few-shot model: one solve, then all that cross-validation tells, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import TrainingDataError
from munshi.intents.calibration import Calibration
from munshi.intents.few_shot_model import FewShotModel, Vectors, kernel
from munshi.intents.few_shot_views import Views
from munshi.intents.grams import GramSpace
from munshi.intents.kernel_ridge import KernelRidge
from munshi.intents.support import Support
from munshi.intents.trial import OUTSIDE, Trial
from munshi.knowledge.base import Encoder

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Similarities = NDArray[np.float32]

RIDGE = 0.1
# Beside sentence vectors, grams that every tenth text holds tell nothing more; alone they still do.
COMMON_BESIDE_VECTORS = 0.1
# Examples of one intent that share this much of their n-grams are left out together in a trial: what customers write
# differs more from the examples than those do from each other.
NEAR_DUPLICATE = 0.45
# n texts take 16 n^2 bytes and n^3 steps: at this limit 6 GB and some minutes.
MAX_TEXTS = 20_000
# Rows compared at once: enough for the matrix product to be fast, few enough to need little memory.
CHUNK = 512


def fit_model(support: Support, encoder: Encoder | None, *, false_accept: float) -> tuple[FewShotModel, Calibration]:
    """Fit and calibrate (`Calibration.learn`).

    Raises TrainingDataError where there are too many texts, EncoderError where the encoder fails.
    """
    if len(support.texts) > MAX_TEXTS:
        raise TrainingDataError(
            f"{len(support.texts)} examples are more than few_shot takes ({MAX_TEXTS}): train on a sample of them"
        )
    space = GramSpace.fit(support.texts, common=COMMON_BESIDE_VECTORS if encoder else 1.0)
    views, vectors = Views.fit(support.texts, encoder) if encoder else (None, None)
    ridge, twins = _solved(support, space, vectors)
    # In the order they have after reading them from a file: sums in another order differ in the last digit.
    weights = np.ascontiguousarray(ridge.weights.T, dtype=np.float32)
    name = encoder.name if encoder else ""
    model = FewShotModel(support.intents, support.texts, support.owners, name, views, vectors, space, weights)
    held_out = HeldOut(ridge, model, support.real)
    trial = Trial.joined([held_out.texts(twins), held_out.intents()])
    return model, Calibration.learn(trial, support.intents, false_accept=false_accept)


def _solved(support: Support, space: GramSpace, vectors: Vectors | None) -> tuple[KernelRidge, Indices]:
    """The regression, and for each example (real,) the number of its group of near-duplicates."""
    size = len(support.texts)
    values = np.empty((size, size))
    twins = np.arange(support.real)
    for rows in np.array_split(np.arange(size), -(-size // CHUNK)):
        similar = np.stack([space.similarities(support.texts[row]) for row in rows])
        close = None if vectors is None else vectors[rows] @ vectors.T
        values[rows] = kernel(close, similar)
        _mark_twins(twins, rows[rows < support.real], similar, support.owners)
    return KernelRidge.fit(values, support.owners, len(support.intents), ridge=RIDGE), twins


def _mark_twins(twins: Indices, rows: Indices, similar: Similarities, owners: Indices) -> None:
    """Give texts of one intent that are near-duplicates one number in `twins`."""
    for row, near in zip(rows, similar, strict=False):
        others = np.flatnonzero((near[: len(twins)] >= NEAR_DUPLICATE) & (owners[: len(twins)] == owners[row]))
        numbers = np.append(twins[others], twins[row])
        twins[np.isin(twins, numbers)] = numbers.min()


class HeldOut:
    """Trials on the first `real` texts of a fit, each scored as if it and its group had never been there."""

    def __init__(self, ridge: KernelRidge, model: FewShotModel, real: int) -> None:
        self._ridge = ridge
        self._model = model
        self._real = real

    def texts(self, twins: Indices) -> Trial:
        """Every text, those of one number in `twins` (real,) left out together: they must be of one intent."""
        groups = _groups(twins)
        return Trial.joined(
            [self._trial(group, self._ridge.without(group), self._model.owners[group]) for group in groups]
        )

    def intents(self) -> Trial:
        """Whole intents left out, one at a time: their texts are then out of scope. Empty for a single intent."""
        trials = [Trial.empty(len(self._model.intents))]
        for intent in range(len(self._model.intents)):
            if len(self._model.intents) > 1:
                group = np.flatnonzero(self._model.owners == intent)
                scores = self._ridge.without(group)
                scores[:, intent] = np.minimum(0, np.delete(scores, intent, axis=1).min(axis=1) - 1e-6)
                trials.append(self._trial(group, scores, np.full(len(group), OUTSIDE)))
        return Trial.joined(trials)

    def _trial(self, group: Indices, scores: Floats, truth: Indices) -> Trial:
        """`scores` and `truth` of a group; names and descriptions in it are left aside."""
        tested = group < self._real
        scores = scores[tested]
        similar = self._similarities(group[tested])
        similar[:, group] = 0
        near = [self._model.nearest(row, found) for row, found in zip(scores, similar, strict=True)]
        return Trial(scores, np.array(near, dtype=np.float64), truth[tested], self._model.owners[group[tested]])

    def _similarities(self, rows: Indices) -> Similarities:
        model = self._model
        if model.vectors is not None:
            return model.vectors[rows] @ model.vectors.T
        alike = [model.space.similarities(model.texts[row]) for row in rows]
        return np.array(alike, np.float32).reshape(len(rows), len(model.texts))


def _groups(numbers: Indices) -> list[Indices]:
    """The row numbers that share a number, rising, for each number in rising order."""
    order = np.argsort(numbers, kind="stable")
    borders = np.flatnonzero(np.diff(numbers[order])) + 1
    return np.split(order, borders)
