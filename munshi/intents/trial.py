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

    The truth is the number of the right class, `OUTSIDE` where none is; `origin` (n,) is the same but for texts whose
    class was left out of the trial: of these it names the class. Without it nothing was left out.
    """

    scores: Floats
    nearest: Floats
    truth: Indices
    origin: Indices | None = None

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
            np.concatenate([trial.wanted for trial in trials]),
        )

    @property
    def wanted(self) -> Indices:
        """Number of the class each text is about (n,), be it left out of the trial or not."""
        return self.truth if self.origin is None else self.origin

    @property
    def predicted(self) -> Indices:
        """Number of the best class, (n,)."""
        return np.asarray(np.argmax(self.scores, axis=1))

    @property
    def weights(self) -> Floats:
        """How much each text counts (n,): those in scope as much in sum as those out of scope, 1 in the mean.

        How many messages fit nothing differs from shop to shop and is not known beforehand.
        """
        inside = self.truth != OUTSIDE
        share = inside.mean()
        if share in (0, 1):
            return np.ones(len(inside))
        return np.asarray(np.where(inside, 0.5 / share, 0.5 / (1 - share)))

    @property
    def inside(self) -> Trial:
        """The part that is in scope."""
        kept = self.truth != OUTSIDE
        return Trial(self.scores[kept], self.nearest[kept], self.truth[kept], self.wanted[kept])
