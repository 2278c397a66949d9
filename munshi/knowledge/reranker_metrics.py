"""How far a reranker's scores go along with what they should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Correlations:
    """Pearson's and Spearman's, -1 to 1, and 0 where scores or labels are all the same."""

    pearson: float
    spearman: float

    @property
    def mean(self) -> float:
        """What checkpoints are compared by."""
        return (self.pearson + self.spearman) / 2


def correlations(scores: ArrayLike, labels: ArrayLike) -> Correlations:
    """Both, of scores (pairs,) with labels (pairs,)."""
    from scipy.stats import rankdata

    given, wanted = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    return Correlations(_pearson(given, wanted), _pearson(rankdata(given), rankdata(wanted)))


def _pearson(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
