"""What the diagrams of an evaluation show, as numbers: reliability, scope, confused pairs, high-risk intents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.intents.evaluation_outcome import OUT_OF_SCOPE, Outcome
from munshi.intents.metrics import BINS

SCOPE_BINS = 20
# More points of a curve than this cannot be told apart on paper.
MAX_POINTS = 200
# So many texts are shown of a pair that is confused.
SAMPLES = 3


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Texts in scope with a confidence in (`low`, `high`]: their mean confidence, and how many were right.

    `confidence` and `accuracy` are None in an empty bin.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class ScopeBin:
    """How many texts of either kind have an in-scope score in [`low`, `high`), the last bin with its end."""

    low: float
    high: float
    in_scope: int
    out_of_scope: int


@dataclass(frozen=True, slots=True)
class RocPoint:
    """The shares of texts in scope (`tpr`) and out of scope (`fpr`) that score at least `threshold`."""

    threshold: float
    tpr: float
    fpr: float


@dataclass(frozen=True, slots=True)
class ScopeFigure:
    """The in-scope score's histogram and, where the test set has texts out of scope, its ROC curve."""

    bins: tuple[ScopeBin, ...]
    roc: tuple[RocPoint, ...]


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """How often texts of the label `truth` were given the label `given`, and the first few of them."""

    truth: str
    given: str
    count: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RiskReport:
    """How a high-risk intent fares at the threshold from which it is taken without being confirmed.

    `direct_accept` is the share of its own `texts` that are taken so, `false_accept` the share of all `others`; each
    is None where there are no such texts.
    """

    intent: str
    accept: float
    texts: int
    others: int
    direct_accept: float | None
    false_accept: float | None


def reliability(outcome: Outcome, *, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Confidence against accuracy over the texts in scope, in the bins of the expected calibration error."""
    confidence = outcome.confidence[: outcome.inside]
    right = outcome.predicted[: outcome.inside] == outcome.truth[: outcome.inside]
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    made = []
    for at in range(bins):
        here = number == at
        count = int(here.sum())
        known = (float(confidence[here].mean()), float(right[here].mean())) if count else (None, None)
        made.append(ReliabilityBin(at / bins, (at + 1) / bins, count, *known))
    return tuple(made)


def scope(outcome: Outcome) -> ScopeFigure:
    """How far the in-scope score tells texts in scope from those out of it."""
    inside, outside = outcome.in_scope[: outcome.inside], outcome.in_scope[outcome.inside :]
    edges = np.linspace(0, 1, SCOPE_BINS + 1)
    counts = [np.histogram(scores, edges)[0].tolist() for scores in (inside, outside)]
    bins = tuple(map(ScopeBin, edges[:-1].tolist(), edges[1:].tolist(), *counts))
    return ScopeFigure(bins, _roc(inside, outside) if len(outside) else ())


def _roc(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> tuple[RocPoint, ...]:
    """From the strictest threshold, which lets nothing in, to the one that lets everything in."""
    scores = np.unique(np.concatenate([inside, outside]))[::-1]
    kept = np.unique(np.linspace(0, len(scores) - 1, MAX_POINTS).round().astype(int))
    points = [
        RocPoint(float(score), float((inside >= score).mean()), float((outside >= score).mean()))
        for score in scores[kept]
    ]
    return (RocPoint(float(np.nextafter(scores[0], 2)), 0.0, 0.0), *points)


def confused(outcome: Outcome, threshold: float, *, most: int = 20) -> tuple[ConfusedPair, ...]:
    """The pairs of labels that are confused most often at an in-scope threshold, the commonest first."""
    names = (*outcome.intents, OUT_OF_SCOPE)  # OUTSIDE, -1, is the last
    decided = outcome.decided(threshold)
    wrong = np.flatnonzero(decided != outcome.truth).tolist()
    pairs = Counter((int(outcome.truth[at]), int(decided[at])) for at in wrong)
    ordered = sorted(pairs.items(), key=lambda pair: (-pair[1], names[pair[0][0]], names[pair[0][1]]))
    made = []
    for (truth, given), count in ordered[:most]:
        rows = [at for at in wrong if outcome.truth[at] == truth and decided[at] == given]
        texts = tuple(outcome.texts[at] for at in rows[:SAMPLES])
        made.append(ConfusedPair(names[truth], names[given], count, texts))
    return tuple(made)


def risks(outcome: Outcome, accept: Mapping[str, float]) -> tuple[RiskReport, ...]:
    """Each intent of `accept` at its threshold, which confidence times in-scope score must reach."""
    score = outcome.confidence * outcome.in_scope
    made = []
    for intent, threshold in accept.items():
        number = outcome.intents.index(intent)
        taken = (outcome.predicted == number) & (score >= threshold)
        own = outcome.truth == number
        counts = int(own.sum()), int((~own).sum())
        made.append(RiskReport(intent, threshold, *counts, _share(taken[own]), _share(taken[~own])))
    return tuple(made)


def _share(flags: NDArray[np.bool_] | Sequence[bool]) -> float | None:
    return float(np.mean(flags)) if len(flags) else None
