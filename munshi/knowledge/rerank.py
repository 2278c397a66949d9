"""Late interaction: every token of the question finds its nearest token in the passage (Khattab & Zaharia, 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, Hit
from munshi.knowledge.fusion import min_max
from munshi.knowledge.index import Index
from munshi.knowledge.token_vectors import own_tokens


class MaxSimReranker:
    """Reranks by late interaction, and keeps a say for the order it was given.

    The new score is `weight` times MaxSim stretched onto 0 to 1 over the list, plus the rest times the old score. In it
    a token of the question counts by how much the list disagrees over it: one that every passage matches alike, "is" or
    what the shop deals in, tells nothing. 0.2 was chosen together with the search's `alpha`, on the eight sets of
    `benchmarks.search_weights`.
    """

    def __init__(self, index: Index, encoder: Encoder, *, weight: float = 0.2) -> None:
        self._index = index
        self._encoder = encoder
        self._weight = weight

    def rerank(self, query: str, hits: Sequence[Hit], *, top_k: int) -> list[Hit]:
        """The best `top_k` of `hits`, with the mean MaxSim cosine in `rerank`. Without token vectors, as they came."""
        tokens = self._index.tokens
        if tokens is None or not hits:
            return list(hits[:top_k])
        query_tokens = own_tokens(self._encoder.encode_tokens([query])[0])
        nearest = tokens.nearest(query_tokens, [self._index.position(hit.passage.id) for hit in hits])
        plain, telling = nearest.mean(axis=1) if len(query_tokens) else np.zeros(len(hits)), by_spread(nearest)
        scores = self._weight * min_max(telling) + (1 - self._weight) * np.array([hit.score for hit in hits])
        order = np.argsort(-scores, kind="stable")[:top_k]
        return [replace(hits[i], score=float(scores[i]), rerank=float(plain[i])) for i in order]


def by_spread(nearest: NDArray[np.float32]) -> NDArray[np.float32]:
    """MaxSim of every passage from `nearest`, (passages, tokens), each token weighed by its best match less its mean.

    All 0 where no token tells the passages apart.
    """
    spread = nearest.max(axis=0, initial=0) - nearest.mean(axis=0)
    total = spread.sum()
    found: NDArray[np.float32] = nearest @ (spread / total if total > 0 else spread)
    return found
