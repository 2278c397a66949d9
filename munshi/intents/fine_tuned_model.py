"""What a fine-tuned classifier has learnt beside its encoder: a linear head, and what its classes look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.intents.grams import grams

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

# What the share of known n-grams counts in a text's nearness, beside the cosine to the class's mean.
GRAM_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class FineTunedModel:
    """The head for `intents` (C): `weights` (C, dim), `bias` (C,), and `scale`, which takes the logits to about 1.

    `means` (C, dim) are the classes' mean vectors at length 1, over the texts learnt from, whose n-grams are `known`.
    """

    intents: tuple[str, ...]
    weights: Vectors
    bias: Vectors
    means: Vectors
    scale: float
    known: frozenset[str]

    def scores(self, vectors: Vectors) -> Floats:
        """Score of each intent, (n, C), for sentence vectors (n, dim)."""
        return np.asarray((vectors @ self.weights.T + self.bias) / self.scale, np.float64)

    def nearest(self, texts: Sequence[str], vectors: Vectors, scores: Floats) -> Floats:
        """How near each text is to what its best intent was taught with, (n,), 0 to 1."""
        best = np.argmax(scores, axis=1)
        close = np.maximum((vectors * self.means[best]).sum(axis=1), 0)
        familiar = np.array([self._familiar(text) for text in texts])
        return np.asarray((1 - GRAM_SHARE) * close + GRAM_SHARE * familiar, np.float64)

    def _familiar(self, text: str) -> float:
        """Share of the text's n-grams that were seen in training: what spelling and words tell of novelty."""
        found = set(grams(text))
        return len(found & self.known) / max(len(found), 1)
