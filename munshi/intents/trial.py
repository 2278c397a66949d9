"""What a classifier makes of texts it has not learnt from: the ground that calibration stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

OUTSIDE = -1
"""The class number of a text out of scope."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`scores` (n, C) of texts, their similarity to the best class's `nearest` example (n,), and the `truth` (n,).

    The truth is the number of the right class, `OUTSIDE` where none is.
    """

    scores: Floats
    nearest: Floats
    truth: Indices

    @classmethod
    def empty(cls, classes: int) -> Trial:
        """A trial of no texts."""
        return cls(np.empty((0, classes)), np.empty(0), np.empty(0, dtype=np.int64))

    @classmethod
    def joined(cls, trials: Sequence[Trial]) -> Trial:
        """Several trials, one after the other."""
        return cls(
            np.concatenate([trial.scores for trial in trials]),
            np.concatenate([trial.nearest for trial in trials]),
            np.concatenate([trial.truth for trial in trials]),
        )

    @property
    def predicted(self) -> Indices:
        """Number of the best class, (n,)."""
        return np.asarray(np.argmax(self.scores, axis=1))

    @property
    def inside(self) -> Trial:
        """The part that is in scope."""
        kept = self.truth != OUTSIDE
        return Trial(self.scores[kept], self.nearest[kept], self.truth[kept])
