"""The figures a classifier is judged by, each with its definition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15


def expected_calibration_error(confidence: ArrayLike, correct: ArrayLike, *, bins: int = BINS) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their share of the rows.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), equation 3: bins are (0, 1/15], ..., (14/15, 1].
    """
    confidence, correct = np.asarray(confidence, float), np.asarray(correct, float)
    if not len(confidence):
        return 0.0
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(number, confidence, bins) - np.bincount(number, correct, bins)
    return float(np.abs(gaps).sum() / len(confidence))


def auroc(inside: ArrayLike, outside: ArrayLike) -> float:
    """Chance that a text in scope scores above one out of scope, ties counted half (Mann and Whitney's U / mn)."""
    inside, ordered = np.asarray(inside, float), np.sort(np.asarray(outside, float))
    below = np.searchsorted(ordered, inside, side="left") + np.searchsorted(ordered, inside, side="right")
    return float(below.mean() / (2 * len(ordered)))


def fpr_at_95_recall(inside: ArrayLike, outside: ArrayLike) -> float:
    """Share of out-of-scope texts let in at the highest threshold that lets in 95 % of those in scope.

    Hendrycks and Gimpel's setting as used since Liang et al., "ODIN" (ICLR 2018): FPR at 95 % TPR.
    """
    ordered = np.sort(np.asarray(inside, float))
    threshold = ordered[int(np.floor(0.05 * len(ordered)))]
    return float((np.asarray(outside, float) >= threshold).mean())


def matthews(truth: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Matthews' correlation of several classes, -1 to 1; 0 where either side holds one class only.

    Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient" (2004). Class numbers are
    integers, those out of scope a class of their own, as in the HINT3 figures; `weights` say how much each row counts.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    classes, numbers = np.unique(np.concatenate([truth, predicted]), return_inverse=True)
    shares = np.ones(len(truth)) if weights is None else np.asarray(weights, float)
    shares = shares / shares.sum()
    true = np.bincount(numbers[: len(truth)], shares, len(classes))
    said = np.bincount(numbers[len(truth) :], shares, len(classes))
    spread = (1 - said @ said) * (1 - true @ true)
    right = float(shares[truth == predicted].sum())
    return float((right - true @ said) / np.sqrt(spread)) if spread > 1e-12 else 0.0


def macro_f1(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Mean over the classes of 2 TP / (2 TP + FP + FN); the classes are those of either side, as in scikit-learn."""
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    classes, numbers = np.unique(np.concatenate([truth, predicted]), return_inverse=True)
    true, said = numbers[: len(truth)], numbers[len(truth) :]
    both = np.bincount(true[true == said], minlength=len(classes))
    return float(np.mean(2 * both / np.bincount(numbers, minlength=len(classes))))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, interpolated."""
    return float(np.quantile(np.asarray(values, float), share))


def rejecting(predicted: ArrayLike, score: ArrayLike, threshold: float, *, outside: int = -1) -> NDArray[np.int64]:
    """Class numbers with those that score below the threshold replaced by `outside`."""
    return np.where(np.asarray(score, float) >= threshold, np.asarray(predicted), outside)
