"""How good a classifier is on a test set that it has not seen, thresholds included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, pstdev
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import Prediction, TrainingDataError
from munshi.intents.calibration import Thresholds
from munshi.intents.examples import Examples
from munshi.intents.metrics import (
    auroc,
    expected_calibration_error,
    fpr_at_95_recall,
    macro_f1,
    matthews,
    percentile,
    rejecting,
)
from munshi.intents.registry import Factory, Trained, Training
from munshi.intents.trial import OUTSIDE

# The thresholds HINT3 published its figures for, the best of which is quoted.
SWEEP = tuple(round(0.1 * step, 1) for step in range(1, 10))
# The name of the row and column of a confusion matrix that stand for no intent at all.
OUT_OF_SCOPE = "(out of scope)"
# Texts timed one at a time, spread evenly over the test set.
TIMED = 300
# Texts classified between two words of progress.
CHUNK = 250

Progress = Callable[[int, int], None]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures, shares from 0 to 1. Those about texts out of scope are None where the test set has none.

    `accuracy`, `macro_f1` and `mcc` take the decision as it is deployed: where the test set has texts out of scope,
    a class of their own, a text under the in-scope threshold, which comes from the training data alone, is put in
    that class; where it has none, nothing is rejected. `mcc_swept` is the best over `SWEEP` on the test set itself, as
    HINT3's published figures have it: an upper bound, not what a shop would see. `in_scope_accuracy` rejects nothing,
    `in_scope_accuracy_rejecting` counts a rejected text as wrong. `ece` is over the texts in scope, 15 bins.
    """

    accuracy: float
    macro_f1: float
    in_scope_accuracy: float
    in_scope_accuracy_rejecting: float
    oos_recall: float | None
    auroc: float | None
    fpr95: float | None
    mcc: float
    mcc_swept: float | None
    ece: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often a text of the row's label was given the column's, in the order of `labels`."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What one classifier did on one test set."""

    classifier: str
    intents: int
    train: int
    test: int
    out_of_scope: int
    thresholds: Thresholds
    metrics: Metrics
    confusion: Confusion

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON takes it, the figures on its first level."""
        fields = asdict(self)
        metrics, confusion = fields.pop("metrics"), fields.pop("confusion")
        return {**fields, **metrics, "confusion": confusion}


@dataclass(frozen=True, slots=True)
class ShotsReport:
    """What one classifier did when taught `shots` examples an intent, once for each seed."""

    shots: int
    seeds: tuple[int, ...]
    runs: tuple[Report, ...]

    def to_dict(self) -> dict[str, Any]:
        """Mean and standard deviation (of the population) of each figure over the seeds, as JSON takes it."""
        rows = [asdict(run.metrics) for run in self.runs]
        known = [name for name, value in rows[0].items() if value is not None]
        return {
            "classifier": self.runs[0].classifier,
            "shots": self.shots,
            "seeds": list(self.seeds),
            "intents": self.runs[0].intents,
            "train": self.runs[0].train,
            "test": self.runs[0].test,
            "out_of_scope": self.runs[0].out_of_scope,
            "mean": {name: fmean(row[name] for row in rows) for name in known},
            "std": {name: pstdev(row[name] for row in rows) for name in known},
        }


def evaluate(
    train: Examples,
    test: Examples,
    factory: Factory,
    training: Training,
    *,
    progress: Progress | None = None,
) -> Report:
    """Train on one set, measure on another. `Examples.splitting_off` tells either set which label is out of scope.

    `progress` is told how many test texts of how many are done. Raises TrainingDataError where the training set has
    fewer than two labels, or the test set is empty or has labels that the training set lacks.
    """
    _check(train, test)
    classifier = factory(train, training)
    texts = (*test.texts, *test.out_of_scope)
    predictions = _classified(classifier, texts, progress or (lambda _done, _total: None))
    outcome = _Outcome.of(train.intents, test, predictions)
    return Report(
        classifier=classifier.name,
        intents=len(train.intents),
        train=len(train.texts),
        test=len(texts),
        out_of_scope=len(test.out_of_scope),
        thresholds=classifier.thresholds,
        metrics=outcome.metrics(classifier.thresholds.in_scope, _timed(classifier, texts)),
        confusion=outcome.confusion(classifier.thresholds.in_scope, train.intents),
    )


def evaluate_shots(
    train: Examples,
    test: Examples,
    factory: Factory,
    training: Training,
    *,
    shots: int,
    seeds: int,
    progress: Progress | None = None,
) -> ShotsReport:
    """`evaluate` on `shots` examples an intent drawn from the training set, for the seeds 0 to `seeds` - 1."""
    runs = [
        evaluate(train.sample(shots, seed=seed), test, factory, replace(training, seed=seed), progress=progress)
        for seed in range(seeds)
    ]
    return ShotsReport(shots, tuple(range(seeds)), tuple(runs))


def _check(train: Examples, test: Examples) -> None:
    if len(train.intents) < 2:
        raise TrainingDataError("the training set has fewer than two labels: there is nothing to tell apart")
    if not test.texts:
        raise TrainingDataError("the test set has no texts in scope: there is nothing to measure on")
    unknown = sorted(set(test.intents) - set(train.intents))
    if unknown:
        raise TrainingDataError(
            f"the test set has labels that the training set lacks ({', '.join(unknown[:5])}): "
            "drop those rows, or say which label means out of scope"
        )


def _classified(classifier: Trained, texts: Sequence[str], progress: Progress) -> list[Prediction]:
    made: list[Prediction] = []
    for start in range(0, len(texts), CHUNK):
        made += classifier.classify(texts[start : start + CHUNK])
        progress(len(made), len(texts))
    return made


def _timed(classifier: Trained, texts: Sequence[str]) -> list[float]:
    """Milliseconds of single texts, one at a time, after the pass over all of them has warmed everything up."""
    milliseconds = []
    for text in texts[:: -(-len(texts) // TIMED)]:
        started = perf_counter()
        classifier.classify([text])
        milliseconds.append((perf_counter() - started) * 1000)
    return milliseconds


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Truth and predictions as class numbers, `OUTSIDE` where nothing fits; those in scope come first."""

    truth: Numbers
    predicted: Numbers
    confidence: NDArray[np.float64]
    in_scope: NDArray[np.float64]
    inside: int

    @classmethod
    def of(cls, intents: Sequence[str], test: Examples, predictions: Sequence[Prediction]) -> _Outcome:
        number: dict[str | None, int] = {name: at for at, name in enumerate(intents)}
        number[None] = OUTSIDE
        return cls(
            truth=np.array([number[label] for label in test.labels] + [OUTSIDE] * len(test.out_of_scope)),
            predicted=np.array([number[made.intent] for made in predictions]),
            confidence=np.array([made.confidence for made in predictions]),
            in_scope=np.array([made.in_scope for made in predictions]),
            inside=len(test.texts),
        )

    def decided(self, threshold: float) -> Numbers:
        """Predictions as deployed: nothing is rejected where the test set has no text to reject."""
        return self.rejecting(threshold) if len(self.truth) > self.inside else self.predicted

    def rejecting(self, threshold: float) -> Numbers:
        return rejecting(self.predicted, self.in_scope, threshold, outside=OUTSIDE)

    def metrics(self, threshold: float, milliseconds: Sequence[float]) -> Metrics:
        inside, outside = slice(None, self.inside), slice(self.inside, None)
        right = self.predicted[inside] == self.truth[inside]
        decided = self.decided(threshold)
        figures = Metrics(
            accuracy=float((decided == self.truth).mean()),
            macro_f1=macro_f1(self.truth, decided),
            in_scope_accuracy=float(right.mean()),
            in_scope_accuracy_rejecting=float((right & (self.in_scope[inside] >= threshold)).mean()),
            oos_recall=None,
            auroc=None,
            fpr95=None,
            mcc=matthews(self.truth, decided),
            mcc_swept=None,
            ece=expected_calibration_error(self.confidence[inside], right),
            p50_ms=percentile(milliseconds, 0.50),
            p95_ms=percentile(milliseconds, 0.95),
        )
        if len(self.truth) == self.inside:
            return figures
        return replace(
            figures,
            oos_recall=float((decided[outside] == OUTSIDE).mean()),
            auroc=auroc(self.in_scope[inside], self.in_scope[outside]),
            fpr95=fpr_at_95_recall(self.in_scope[inside], self.in_scope[outside]),
            mcc_swept=max(matthews(self.truth, self.rejecting(value)) for value in SWEEP),
        )

    def confusion(self, threshold: float, intents: Sequence[str]) -> Confusion:
        labels = (*intents, OUT_OF_SCOPE)
        counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
        np.add.at(counts, (self.truth, self.decided(threshold)), 1)  # OUTSIDE, -1, is the last row and column
        used = len(labels) - (0 if counts[-1].any() or counts[:, -1].any() else 1)
        return Confusion(labels[:used], tuple(map(tuple, counts[:used, :used].tolist())))
