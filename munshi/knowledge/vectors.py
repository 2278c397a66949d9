"""The dense arm: inner products over a matrix of unit vectors, exact for every passage that comes into question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.dense import EveryScore, Positions, Scores, Similar, highest
from munshi.knowledge.mapped import mapped
from munshi.knowledge.short_vectors import ShortVectors

MANY = 5_000
"""Vectors from which on a first look at short ones saves time."""

_LOOKED_AT = 5
"""So many times the passages that are asked for are compared in full. Among 10,000 short texts the hundred nearest of
each of 210 questions are found so but for 0.06 %, the twenty nearest always.
"""


class VectorIndex:
    """One or more vectors a passage: first that of the whole, then those of single ways to ask for it.

    `matrix` is float32 (vectors, dim) with unit rows, in passage order; `counts` says how many rows each passage has,
    at least one. `short` is the same made short, for a first look where there are many.
    """

    def __init__(
        self,
        matrix: NDArray[np.float32],
        counts: Sequence[int] | NDArray[np.int64],
        short: ShortVectors | None = None,
    ) -> None:
        self.matrix = matrix
        self.short = short
        self.counts = np.asarray(counts, dtype=np.int64)
        self._starts = np.concatenate(([0], np.cumsum(self.counts)[:-1])).astype(np.int64)

    def scores(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """How near every passage is to a unit query vector, (dim,): the mean of two cosines, (passages,).

        One is that of the whole, the other that of its nearest vector. Alternates left out one at a time from two
        FAQs were found first for 78 and 83 of 100 so, against 74 and 67 by the nearest alone.
        """
        if not len(self.counts):
            return np.zeros(0, dtype=np.float32)
        return self._by_passage(self.matrix @ query)

    def _by_passage(self, similar: NDArray[np.float32]) -> NDArray[np.float32]:
        """The score of each passage from those of its vectors, (vectors,)."""
        if len(similar) == len(self.counts):
            return similar
        scores = similar[self._starts]
        passages, rows, cuts = self._several
        scores[passages] = (scores[passages] + np.maximum.reduceat(similar[rows], cuts)) / np.float32(2)
        return scores

    @cached_property
    def _several(self) -> tuple[Positions, Positions, Positions]:
        """The passages with several vectors, their rows, and where each one's begin among these: they are few."""
        passages = np.flatnonzero(self.counts > 1)
        rows, cuts = self._rows_of(passages)
        return passages, rows, cuts

    def prepared(self) -> VectorIndex:
        """The same, ready for a first look where there are many vectors."""
        return self if len(self.matrix) < MANY else VectorIndex(self.matrix, self.counts, ShortVectors.of(self.matrix))

    def similar(self, query: NDArray[np.float32], count: int) -> Similar:
        """How near the passages are to a unit vector, (dim,)."""
        if self.short is None or len(self.counts) <= _LOOKED_AT * count:
            return EveryScore(self.scores(query))
        return _TwoLooks(self, query, self._by_passage(self.short.products(query)))

    def scores_at(self, passages: Positions, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The `scores` of some of the passages, (passages,)."""
        scores: NDArray[np.float32] = self.matrix[self._starts[passages]] @ query
        several = np.flatnonzero(self.counts[passages] > 1)  # they are few
        if len(several):
            rows, cuts = self._rows_of(passages[several])
            nearest = np.maximum.reduceat(self.matrix[rows] @ query, cuts)
            scores[several] = (scores[several] + nearest) / np.float32(2)
        return scores

    def _rows_of(self, passages: Positions) -> tuple[Positions, Positions]:
        """The rows of some passages, in their order, and where each one's begin among these."""
        counts = self.counts[passages]
        cuts = np.cumsum(counts) - counts
        return np.repeat(self._starts[passages] - cuts, counts) + np.arange(counts.sum()), cuts

    def rows(self, passage: int) -> NDArray[np.float32]:
        """The vectors of one passage, (its count, dim)."""
        start = self._starts[passage]
        return self.matrix[start : start + self.counts[passage]]

    def save(self, folder: Path) -> None:
        """Write it into a folder that is there."""
        np.save(folder / "vectors.npy", self.matrix, allow_pickle=False)
        np.save(folder / "counts.npy", self.counts, allow_pickle=False)
        if self.short is not None:
            self.short.save(folder)

    @classmethod
    def load(cls, folder: Path) -> VectorIndex:
        """Map what `save` wrote into memory. Raises OSError, ValueError or EOFError if it is not whole."""
        return cls(
            mapped(folder / "vectors.npy"),
            np.load(folder / "counts.npy", allow_pickle=False),
            ShortVectors.load(folder),
        )


class _TwoLooks:
    """`Similar` by short vectors first; whatever is told of a passage is told from its vectors in full, once."""

    def __init__(self, index: VectorIndex, query: NDArray[np.float32], about: Scores) -> None:
        self._index = index
        self._query = query
        self._about = about
        self._scores = np.full_like(about, np.nan)

    @property
    def whole(self) -> bool:
        """Always so."""
        return True

    def best(self, allowed: NDArray[np.bool_], count: int) -> Positions:
        """The nearest of those that look near, and none that scores nothing."""
        likely = highest(self._about, allowed, _LOOKED_AT * count)
        scores = self.at(likely)
        order = np.argsort(-scores, kind="stable")[:count]
        return likely[order[scores[order] > 0]]

    def at(self, positions: Positions) -> Scores:
        """The scores there."""
        new = positions[np.isnan(self._scores[positions])]
        self._scores[new] = self._index.scores_at(new, self._query)
        return self._scores[positions]
