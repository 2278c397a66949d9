"""Two arms' opinions made one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)


def min_max(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores stretched onto 0 to 1; scores that are all equal say nothing and become 0."""
    if not len(scores):
        return scores
    low, high = scores.min(), scores.max()
    if not high > low:
        return np.zeros_like(scores)
    stretched: NDArray[np.float32] = ((scores - low) / (high - low)).astype(np.float32)
    return stretched


def convex(lexical: NDArray[np.float32], dense: NDArray[np.float32], alpha: float) -> NDArray[np.float32]:
    """The weighted sum of both arms' stretched scores, `alpha` for the dense one (Bruch et al., TOIS 2023)."""
    fused: NDArray[np.float32] = (alpha * dense + (1 - alpha) * lexical).astype(np.float32)
    return fused


def reciprocal_rank(rankings: Sequence[Sequence[Key]], k: int = 60) -> dict[Key, float]:
    """Reciprocal rank fusion: the sum of 1 / (k + rank) over the rankings that hold it (Cormack et al., SIGIR 2009).

    Ranks count from 1. First in both of two rankings gives 2/61 = 0.0328; second in one alone, 1/62 = 0.0161.
    """
    fused: dict[Key, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, 1):
            fused[key] = fused.get(key, 0.0) + 1 / (k + rank)
    return fused
