"""Token vectors of all passages, kept small, and MaxSim over them (Khattab & Zaharia, SIGIR 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.mapped import mapped

Quantised = tuple[NDArray[np.int8], NDArray[np.float32]]
"""Rows (tokens, dim) and the scale of each, (tokens,)."""


class TokenVectors:
    """The token vectors of all passages, a byte a number: int8 rows with a float32 scale each.

    `rows` is (tokens, dim), `scales` (tokens,), `starts` (passages + 1,): passage i owns rows starts[i] to starts[i+1].
    """

    def __init__(
        self,
        rows: NDArray[np.int8],
        scales: NDArray[np.float32],
        starts: NDArray[np.int64],
        file: Path | None = None,
    ) -> None:
        """`file` is where `rows` are mapped from, if they are."""
        self.rows = rows
        self.scales = scales
        self.starts = starts
        self._file = file

    @classmethod
    def pack(cls, passages: Sequence[Quantised], dim: int, file: Path | None = None) -> TokenVectors:
        """One store of what `quantise` made of each passage.

        With `file`, a new one, the rows are written there and mapped, not gathered in memory: they are most of an
        index. Raises OSError where that cannot be written.
        """
        rows = [part for part, _ in passages] or [np.zeros((0, dim), dtype=np.int8)]
        scales = [part for _, part in passages] or [np.zeros(0, dtype=np.float32)]
        starts = np.concatenate(([0], np.cumsum([len(part) for _, part in passages]))).astype(np.int64)
        if file is None:
            return cls(np.concatenate(rows), np.concatenate(scales), starts)
        _write_rows(rows, (int(starts[-1]), dim), file)
        return cls(mapped(file), np.concatenate(scales), starts, file)

    def of(self, passage: int) -> Quantised:
        """What `quantise` made of one passage."""
        span = slice(self.starts[passage], self.starts[passage + 1])
        return self.rows[span], self.scales[span]

    def nearest(self, query: NDArray[np.float32], passages: Sequence[int]) -> NDArray[np.float32]:
        """The nearest cosine to each of the question's tokens, (tokens, dim), in each passage: (passages, tokens).

        Zero where a passage has no tokens.
        """
        parts = [self.of(passage) for passage in passages]
        lengths = np.array([len(scales) for _, scales in parts], dtype=np.int64)
        found = np.zeros((len(parts), len(query)), dtype=np.float32)
        if not len(query) or not lengths.any():
            return found
        rows = np.concatenate([rows for rows, _ in parts]).astype(np.float32)
        similar = (rows @ query.T) * np.concatenate([scales for _, scales in parts])[:, None]
        filled = lengths > 0
        found[filled] = np.maximum.reduceat(similar, (np.cumsum(lengths) - lengths)[filled], axis=0)
        return found

    def save(self, folder: Path) -> None:
        """Write it into a folder that is there. Rows that lie in a file beside it are linked, not copied."""
        if self._file is None or not _linked(self._file, folder / "tokens.npy"):
            np.save(folder / "tokens.npy", self.rows, allow_pickle=False)
        np.save(folder / "token_scales.npy", self.scales, allow_pickle=False)
        np.save(folder / "token_starts.npy", self.starts, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> TokenVectors:
        """Map what `save` wrote into memory. Raises OSError, ValueError or EOFError if it is not whole."""
        rows = mapped(folder / "tokens.npy")
        scales = np.load(folder / "token_scales.npy", allow_pickle=False)
        starts = np.load(folder / "token_starts.npy", allow_pickle=False)
        return cls(rows, scales, starts, folder / "tokens.npy")


def _write_rows(parts: Sequence[NDArray[np.int8]], shape: tuple[int, int], file: Path) -> None:
    """The parts one below the other, as `np.save` would write the whole."""
    with file.open("wb") as stream:
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.int8)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        for part in parts:
            stream.write(np.ascontiguousarray(part).data)


def _linked(file: Path, target: Path) -> bool:
    """Whether a second name could be given to a file: some file systems have no such thing."""
    try:
        target.hardlink_to(file)
    except OSError:
        return False
    return True


def own_tokens(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of a text's own tokens: without the model's marks, MaxSim finds 0.3 to 0.6 points more on XQuAD."""
    return vectors[1:-1]


def mean_max(query: NDArray[np.float32], tokens: NDArray[np.float32]) -> float:
    """MaxSim: the mean over the query's rows, (n, dim), of the nearest cosine among `tokens`, (m, dim); 0 if none."""
    return float((query @ tokens.T).max(axis=1).mean()) if len(query) and len(tokens) else 0.0


def quantise(vectors: NDArray[np.float32]) -> Quantised:
    """Vectors (tokens, dim) as int8 rows and the scale of each row: rows * scale is within 0.4 % of the largest."""
    scales = np.maximum(np.abs(vectors).max(axis=1, initial=0.0), 1e-12) / 127
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32)
