"""Arrays that stay in their files, of which the system reads what is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def mapped(file: Path) -> NDArray[Any]:
    """The array of an .npy file, mapped into memory, read only. Raises OSError, ValueError or EOFError.

    It is a plain array: numpy's own class for such costs each look-up as much again as the look-up.
    """
    return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
