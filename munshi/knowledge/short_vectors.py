"""Vectors made short for a first look: their coordinates on the few axes on which the passages differ most.

Among many passages the time of a search is that of reading their vectors from memory, and a third of each tells
nearly the same. The nearest by those are then compared in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.mapped import mapped

LENGTH = 128
"""Coordinates kept."""


@dataclass(frozen=True, slots=True)
class ShortVectors:
    """`axes` is (dim, length), orthonormal; `matrix` the rows' coordinates on them, (vectors, length), float32."""

    axes: NDArray[np.float32]
    matrix: NDArray[np.float32]

    @classmethod
    def of(cls, matrix: NDArray[np.float32], length: int = LENGTH) -> ShortVectors:
        """The rows of a matrix, (vectors, dim), on the principal axes of their second moment (Pearson, 1901)."""
        _, axes = np.linalg.eigh(matrix.T @ matrix)
        axes = np.ascontiguousarray(axes[:, ::-1][:, :length], dtype=np.float32)
        return cls(axes, matrix @ axes)

    def products(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """About the inner product of every row with a vector, (dim,): (vectors,)."""
        found: NDArray[np.float32] = self.matrix @ (query @ self.axes)
        return found

    def save(self, folder: Path) -> None:
        """Write it into a folder that is there."""
        np.save(folder / "axes.npy", self.axes, allow_pickle=False)
        np.save(folder / "short.npy", self.matrix, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> ShortVectors | None:
        """Map what `save` wrote into memory; None where there is none. Raises OSError, ValueError or EOFError."""
        if not (folder / "axes.npy").exists():
            return None
        axes = np.load(folder / "axes.npy", allow_pickle=False)
        return cls(axes, mapped(folder / "short.npy"))
