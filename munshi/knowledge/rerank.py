"""Late interaction: every token of the question finds its nearest token in the passage (Khattab & Zaharia, 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from munshi.knowledge.base import Encoder, Hit
from munshi.knowledge.fusion import min_max
from munshi.knowledge.index import Index
from munshi.knowledge.token_vectors import own_tokens


class MaxSimReranker:
    """Reranks by late interaction, and keeps a say for the order it was given.

    The new score is `weight` times the MaxSim stretched onto 0 to 1 over the list, plus the rest times the old score.
    0.4 was chosen together with the search's `alpha`: XQuAD's even articles ask for more of it, a shop's FAQ for less.
    """

    def __init__(self, index: Index, encoder: Encoder, *, weight: float = 0.4) -> None:
        self._index = index
        self._encoder = encoder
        self._weight = weight

    def rerank(self, query: str, hits: Sequence[Hit], *, top_k: int) -> list[Hit]:
        """The best `top_k` of `hits`, with the mean MaxSim cosine in `rerank`. Without token vectors, as they came."""
        tokens = self._index.tokens
        if tokens is None or not hits:
            return list(hits[:top_k])
        query_tokens = own_tokens(self._encoder.encode_tokens([query])[0])
        similar = tokens.max_sim(query_tokens, [self._index.position(hit.passage.id) for hit in hits])
        scores = self._weight * min_max(similar) + (1 - self._weight) * np.array([hit.score for hit in hits])
        order = np.argsort(-scores, kind="stable")[:top_k]
        return [replace(hits[i], score=float(scores[i]), rerank=float(similar[i])) for i in order]
