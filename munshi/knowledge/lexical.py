"""The lexical arm: BM25 over stems, by bm25s."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bm25s
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LexicalSettings:
    """BM25's own. `method` is the variant as bm25s names it; `delta` counts for `bm25l` and `bm25+` alone.

    A word of the title counts as `title` of them in the text, one of the headings above as `heading`.
    """

    k1: float = 1.5
    b: float = 0.75
    method: Literal["lucene", "robertson", "atire", "bm25l", "bm25+"] = "lucene"
    delta: float = 0.5
    title: int = 2
    heading: int = 2

    @property
    def model(self) -> dict[str, Any]:
        """What bm25s is given."""
        return {"k1": self.k1, "b": self.b, "method": self.method, "delta": self.delta}


class LexicalIndex:
    """BM25 scores for every passage (Robertson et al., TREC-3; variants after Kamphuis et al., ECIR 2020)."""

    def __init__(self, model: bm25s.BM25 | None, size: int) -> None:
        self._model = model  # None where no passage holds a single word
        self._size = size

    @classmethod
    def build(cls, documents: Sequence[Sequence[str]], settings: LexicalSettings | None = None) -> LexicalIndex:
        """An index over token lists, one a passage. A field counts double if its tokens stand there twice."""
        if not any(documents):
            return cls(None, len(documents))
        bm25s.logger.setLevel("WARNING")  # its import set it to DEBUG
        model = bm25s.BM25(**(settings or LexicalSettings()).model)
        model.index([list(tokens) for tokens in documents], show_progress=False)
        return cls(model, len(documents))

    def scores(self, tokens: Sequence[str]) -> NDArray[np.float32]:
        """The score of every passage, (n,); zero where no word is shared. Words that nobody uses are passed over."""
        known = [token for token in tokens if token in self]
        if self._model is None or not known:
            return np.zeros(self._size, dtype=np.float32)
        scores: NDArray[np.float32] = self._model.get_scores(known)
        return scores

    def coverage(self, tokens: Sequence[str]) -> NDArray[np.float32]:
        """The share of what the words tell, by idf, that each passage holds: (n,), 0 to 1.

        A word that no passage holds counts in full, so a question about something else is covered nowhere.
        """
        covered = np.zeros(self._size, dtype=np.float32)
        total = 0.0
        for token in set(tokens):
            holders = self.holders(token)
            weight = self._idf(len(holders))
            covered[holders] += weight
            total += weight
        return covered / np.float32(total) if total else covered

    def frequency(self, token: str) -> int:
        """How many passages hold the token."""
        return len(self.holders(token))

    def idf(self, token: str) -> float:
        """How much the token tells: ln(1 + (n - f + 0.5) / (f + 0.5)), highest for one that no passage holds."""
        return self._idf(self.frequency(token))

    def _idf(self, frequency: int) -> float:
        return math.log1p((self._size - frequency + 0.5) / (frequency + 0.5))

    def holders(self, token: str) -> NDArray[np.int32]:
        """The passages that hold the token, by position, in rising order."""
        if self._model is None or token not in self:
            return np.zeros(0, dtype=np.int32)
        column = self._model.vocab_dict[token]
        pointers, holders = self._model.scores["indptr"], self._model.scores["indices"]
        found: NDArray[np.int32] = holders[pointers[column] : pointers[column + 1]]
        return found

    def __contains__(self, token: str) -> bool:
        # bm25s keeps an empty token for empty documents: it is no word.
        return bool(token) and self._model is not None and token in self._model.vocab_dict

    def save(self, folder: Path) -> None:
        """Write it into a folder that is there."""
        (folder / "size.json").write_text(json.dumps({"size": self._size, "empty": self._model is None}))
        if self._model is not None:
            self._model.save(folder, show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Read what `save` wrote. Raises OSError, ValueError or KeyError where it is not whole."""
        size = json.loads((folder / "size.json").read_text())
        model = None if size["empty"] else bm25s.BM25.load(folder, show_progress=False)
        return cls(model, size["size"])
