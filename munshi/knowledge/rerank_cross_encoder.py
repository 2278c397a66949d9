"""Reranking by a cross-encoder: each passage is read together with the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from munshi.knowledge.base import Hit
from munshi.knowledge.reranker_blend import PairScorer
from munshi.knowledge.views import Prepare, as_is, token_views


class CrossEncoderReranker:
    """Reranks by a cross-encoder's score, and may leave a say to the order it was given.

    The new score is `weight` times the cross-encoder's, or what it gives together with the encoder's cosine
    (`reranker_blend`), plus the rest times the old one. `prepare` is what the
    passages were indexed with.
    """

    def __init__(self, model: PairScorer, *, weight: float = 1.0, prepare: Prepare = as_is) -> None:
        self._model = model
        self._weight = weight
        self._prepare = prepare

    def rerank(self, query: str, hits: Sequence[Hit], *, top_k: int) -> list[Hit]:
        """The best `top_k` of `hits`, with the cross-encoder's score in `rerank`.

        As they came where the query is empty, and where the model gives a number that is none.
        """
        if top_k <= 0 or not hits or not query.strip():
            return list(hits[: max(top_k, 0)])
        found = self._model.score(query, [token_views(hit.passage, self._prepare)[0] for hit in hits])
        if not np.isfinite(found).all():
            return list(hits[:top_k])
        scores = self._weight * found + (1 - self._weight) * np.array([hit.score for hit in hits])
        order = np.argsort(-scores, kind="stable")[:top_k]
        return [replace(hits[i], score=float(scores[i]), rerank=float(found[i])) for i in order]
