"""Vectors of length one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """A vector, (dim,), L2-normalised; one of nothing stays as it is."""
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
