"""The seam of the dense arm: whatever can say which passages are near a question, the built-in vectors or a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import KnowledgeError

Positions = NDArray[np.int64]
Scores = NDArray[np.float32]


class VectorStoreError(KnowledgeError):
    """A vector store cannot be opened, reached or trusted."""


class Similar(Protocol):
    """How near the passages are to one question."""

    @property
    def whole(self) -> bool:
        """Whether the nearest could be looked for; where not, `best` has none, and single scores are right still."""

    def best(self, allowed: NDArray[np.bool_], count: int) -> Positions:
        """The nearest passages, nearest first: `count` at most, of those allowed, (n,)."""

    def at(self, positions: Positions) -> Scores:
        """The score of each of some passages, (positions,)."""


class DenseArm(Protocol):
    """Finds passages by the vector of a question."""

    def similar(self, query: NDArray[np.float32], count: int) -> Similar:
        """What is near a unit vector, (dim,), when `count` passages at most will be asked for."""


@dataclass(frozen=True, slots=True)
class EveryScore:
    """`Similar` where every passage's score is known, (n,)."""

    scores: Scores

    @property
    def whole(self) -> bool:
        """Always so."""
        return True

    def best(self, allowed: NDArray[np.bool_], count: int) -> Positions:
        """The passages with the highest scores."""
        return highest(self.scores, allowed, count)

    def at(self, positions: Positions) -> Scores:
        """The scores there."""
        return self.scores[positions]


def highest(scores: Scores, allowed: NDArray[np.bool_], count: int) -> Positions:
    """The allowed passages with the highest scores, best first, and none that scores nothing."""
    scores = np.where(allowed, scores, 0.0)
    count = min(count, len(scores))
    top = np.argpartition(-scores, count - 1)[:count] if count else np.zeros(0, dtype=np.int64)
    top = top[scores[top] > 0]
    return top[np.argsort(-scores[top], kind="stable")]
