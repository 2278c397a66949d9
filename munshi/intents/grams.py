"""Texts by the pieces of their words: what spelling slips, inflections and mixed languages leave in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

from munshi.intents.unit import unit

SIZES = (2, 3, 4)
# A message says what it wants early; the rest of a very long one only costs time.
MAX_CHARS = 2000
# The Devanagari block and the joiners stand beside \w, which leaves out Hindi's vowel signs.
_WORD = re.compile(r"[\w\u0900-\u097f\u200c\u200d]+|[^\w\s]+")


def grams(text: str) -> Iterator[str]:
    """Character n-grams of each padded word, then words and word pairs under a mark of their own."""
    words: list[str] = _WORD.findall(text[:MAX_CHARS].casefold())
    for word in words:
        padded = f" {word} "
        for size in SIZES:
            for start in range(len(padded) - size + 1):
                yield padded[start : start + size]
    for word in words:
        yield f"#{word}"
    for first, second in pairwise(words):
        yield f"#{first} {second}"


@dataclass(frozen=True, slots=True)
class GramSpace:
    """TF-IDF over `grams`, with an inverted index of the `size` texts it was learnt from.

    Gram number g stands in the texts `rows[starts[g]:starts[g + 1]]`, with the weights `values[...]`; a text's weights
    are of L2 norm 1. A gram that is too common to tell has an idf of 0 and no entries.
    """

    vocabulary: Mapping[str, int]
    idf: NDArray[np.float32]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    values: NDArray[np.float32]
    size: int

    @classmethod
    def fit(cls, texts: Sequence[str], *, common: float = 1.0) -> GramSpace:
        """Learn from texts: idf is ln((1 + n) / (1 + df)) + 1, term frequency 1 + ln(count).

        A gram that more than the share `common` of the texts hold, and more than two of them, is too common.
        """
        counts = [Counter(grams(text)) for text in texts]
        frequency = Counter(gram for count in counts for gram in count)
        vocabulary = {gram: number for number, gram in enumerate(sorted(frequency))}
        idf = np.array([_idf(frequency[gram], len(texts), common) for gram in vocabulary], np.float32)
        columns = [np.array([vocabulary[gram] for gram in count], np.int64) for count in counts]
        weights = [unit(idf[at] * _damped(count.values())) for at, count in zip(columns, counts, strict=True)]
        rows = np.repeat(np.arange(len(texts), dtype=np.int32), [len(at) for at in columns])
        column = np.concatenate([np.empty(0, np.int64), *columns])
        value = np.concatenate([np.empty(0, np.float32), *weights])
        order = np.argsort(column, kind="stable")
        order = order[value[order] > 0]
        starts = np.searchsorted(column[order], np.arange(len(vocabulary) + 1))
        return cls(vocabulary, idf, starts, rows[order], value[order], len(texts))

    def similarities(self, text: str) -> NDArray[np.float32]:
        """Cosine of a text to each learnt one: (size,), 0 to 1.

        Grams never seen count in the text's norm, so that a text of unknown words is far from everything.
        """
        count = Counter(grams(text))
        numbers = np.fromiter((self.vocabulary.get(gram, -1) for gram in count), np.int64, len(count))
        damped = _damped(count.values())
        known = numbers >= 0
        at = numbers[known]
        weights = self.idf[at] * damped[known]
        unseen = damped[~known] * (log(1 + self.size) + 1)
        norm = float(np.sqrt(weights @ weights + unseen @ unseen))
        return self._scores(at, weights / max(norm, 1e-12))

    def _scores(self, at: NDArray[np.int64], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        first = self.starts[at]
        lengths = self.starts[at + 1] - first
        # The entries of all grams in one go: each gram's range of entries, laid end to end.
        entries = np.arange(lengths.sum()) + np.repeat(first - np.cumsum(lengths) + lengths, lengths)
        shares = self.values[entries] * np.repeat(weights, lengths)
        return np.bincount(self.rows[entries], shares, self.size).astype(np.float32)


def _idf(frequency: int, texts: int, common: float) -> float:
    return 0.0 if frequency > max(common * texts, 2) else log((1 + texts) / (1 + frequency)) + 1


def _damped(times: Collection[int]) -> NDArray[np.float32]:
    return 1 + np.log(np.fromiter(times, np.float32, len(times)))
