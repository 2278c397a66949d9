"""What a classifier made of each test text, and the figures that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import Prediction
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
from munshi.intents.trial import OUTSIDE

# The thresholds HINT3 published its figures for, the best of which is quoted.
SWEEP = tuple(round(0.1 * step, 1) for step in range(1, 10))
# The name of the row and column of a confusion matrix that stand for no intent at all.
OUT_OF_SCOPE = "(out of scope)"

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures, shares from 0 to 1. Those about texts out of scope are None where the test set has none.

    `accuracy`, `macro_f1` and `mcc` take the decision as it is deployed: where the test set has texts out of scope,
    a class of their own, a text under the in-scope threshold, which comes from the training data alone, is put in
    that class; where it has none, nothing is rejected. `mcc_swept` is the best over `SWEEP` on the test set itself, as
    HINT3's published figures have it: an upper bound, not what a shop would see. `in_scope_accuracy` rejects nothing,
    `in_scope_accuracy_rejecting` counts a rejected text as wrong. `ece` is over the texts in scope, 15 bins.
    `bare_encoder_ms` is what the encoder alone took for the same texts as `p50_ms`, the median too; None without one.
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
    bare_encoder_ms: float | None


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of single texts, one at a time: the classifier's and, where there is an encoder, its alone."""

    classifier: tuple[float, ...]
    encoder: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often a text of the row's label was given the column's, in the order of `labels`."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Truth and predictions as numbers of `intents`, `OUTSIDE` where nothing fits; the `inside` texts in scope first.

    `texts`, `truth`, `predicted`, `confidence` and `in_scope` are of one length.
    """

    intents: tuple[str, ...]
    texts: tuple[str, ...]
    truth: Numbers
    predicted: Numbers
    confidence: Floats
    in_scope: Floats
    inside: int

    @classmethod
    def of(cls, intents: Sequence[str], test: Examples, predictions: Sequence[Prediction]) -> Outcome:
        """From one prediction for each of the test's texts and then each of those out of scope."""
        number: dict[str | None, int] = {name: at for at, name in enumerate(intents)}
        number[None] = OUTSIDE
        return cls(
            intents=tuple(intents),
            texts=(*test.texts, *test.out_of_scope),
            truth=np.array([number[label] for label in test.labels] + [OUTSIDE] * len(test.out_of_scope)),
            predicted=np.array([number[made.intent] for made in predictions]),
            confidence=np.array([made.confidence for made in predictions]),
            in_scope=np.array([made.in_scope for made in predictions]),
            inside=len(test.texts),
        )

    def decided(self, threshold: float) -> Numbers:
        """Predictions as deployed, (n,): nothing is rejected where the test set has no text to reject."""
        return self._rejecting(threshold) if len(self.truth) > self.inside else self.predicted

    def right(self, threshold: float) -> NDArray[np.bool_]:
        """Whether each decision is right, (n,)."""
        return np.asarray(self.decided(threshold) == self.truth)

    def metrics(self, threshold: float, timing: Timing) -> Metrics:
        """The figures at an in-scope threshold."""
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
            p50_ms=percentile(timing.classifier, 0.50),
            p95_ms=percentile(timing.classifier, 0.95),
            bare_encoder_ms=percentile(timing.encoder, 0.50) if timing.encoder else None,
        )
        if len(self.truth) == self.inside:
            return figures
        return replace(
            figures,
            oos_recall=float((decided[outside] == OUTSIDE).mean()),
            auroc=auroc(self.in_scope[inside], self.in_scope[outside]),
            fpr95=fpr_at_95_recall(self.in_scope[inside], self.in_scope[outside]),
            mcc_swept=max(matthews(self.truth, self._rejecting(value)) for value in SWEEP),
        )

    def confusion(self, threshold: float) -> Confusion:
        """The confusion matrix at an in-scope threshold."""
        labels = (*self.intents, OUT_OF_SCOPE)
        counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
        np.add.at(counts, (self.truth, self.decided(threshold)), 1)  # OUTSIDE, -1, is the last row and column
        used = len(labels) - (0 if counts[-1].any() or counts[:, -1].any() else 1)
        return Confusion(labels[:used], tuple(map(tuple, counts[:used, :used].tolist())))

    def _rejecting(self, threshold: float) -> Numbers:
        return rejecting(self.predicted, self.in_scope, threshold, outside=OUTSIDE)
