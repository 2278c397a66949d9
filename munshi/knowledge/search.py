"""The funnel: words and vectors propose, fusion orders, late interaction looks again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, Hit, Passage, Reranker
from munshi.knowledge.fusion import convex, min_max, reciprocal_rank
from munshi.knowledge.index import Index
from munshi.knowledge.memo import remembering
from munshi.knowledge.reading import mostly_devanagari, reads_hindi
from munshi.knowledge.rerank import MaxSimReranker
from munshi.knowledge.text import stems
from munshi.knowledge.views import Prepare, as_is

MAX_QUERY = 2000
"""Characters of a query that are looked at: nobody asks a longer question."""


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """The funnel's switches and sizes.

    `alpha` is the dense arm's weight in min-max fusion; 0.7 was chosen on XQuAD's even articles, FAQ alternates left
    out of the index one at a time, STS-B's training pairs and questions found by their intent's name. With `coordinate`
    a lexical score counts by the share of the question it covers, so that a passage that shares only "at" and "a" with
    it gets no say. `boost` is what a passage that fits all filters is given on top (scores run from 0 to about 1).
    """

    lexical: bool = True
    dense: bool = True
    rerank: bool = True
    fusion: Literal["min_max", "rrf"] = "min_max"
    alpha: float = 0.7
    rrf_k: int = 60
    coordinate: bool = True
    candidates: int = 100
    shortlist: int = 20
    boost: float = 0.2


@dataclass(frozen=True, slots=True)
class _Arms:
    """Every passage's score by each arm that ran, (n,)."""

    lexical: NDArray[np.float32] | None
    coverage: NDArray[np.float32] | None
    dense: NDArray[np.float32] | None


class HybridRetriever:
    """BM25 and dense vectors, fused and reranked. Without an encoder, BM25 alone."""

    def __init__(
        self,
        index: Index,
        encoder: Encoder | None = None,
        *,
        settings: SearchSettings | None = None,
        reranker: Reranker | None = None,
        prepare: Prepare = as_is,
        today: Callable[[], date] = date.today,
    ) -> None:
        """`encoder` and `prepare` must be those the index was built with; `reranker` defaults to MaxSim."""
        self.index = index
        self.settings = settings or SearchSettings()
        self.encoder = remembering(encoder) if encoder and index.vectors is not None else None
        self._reranker = reranker or self._default_reranker()
        self.prepare = prepare
        self._today = today
        self._from = np.array([(p.valid_from or date.min).toordinal() for p in index.passages], dtype=np.int64)
        self._until = np.array([(p.valid_until or date.max).toordinal() for p in index.passages], dtype=np.int64)

    def search(self, query: str, *, top_k: int = 5, filters: Mapping[str, str] | None = None) -> list[Hit]:
        """At most `top_k` hits, best first; none for a query without a word in it.

        `filters` (`language`, `kind`, `source`, or a key of the metadata) lift what fits and drop nothing. A passage
        outside its dates of validity is never found.
        """
        query = query[:MAX_QUERY]
        prepared = self.prepare(query)
        lift = _Lift(filters or {}, self.settings.boost)
        size = max(self.settings.shortlist, top_k)
        hits = sorted(self._fused(self._arms(query, prepared)), key=lambda hit: -hit.score - lift(hit.passage))[:size]
        if self.settings.rerank and self._reranker is not None and self._reads(prepared):
            hits = self._reranker.rerank(prepared, hits, top_k=size)
        lifted = [replace(hit, score=hit.score + lift(hit.passage)) for hit in hits]
        return sorted(lifted, key=lambda hit: (-hit.score, -hit.passage.priority))[:top_k]

    @cached_property
    def _reads_hindi(self) -> bool:
        return self.encoder is not None and reads_hindi(self.encoder)

    def _reads(self, text: str) -> bool:
        """Whether the encoder makes sense of a text: one that reads no Hindi only adds noise to a Hindi question."""
        return not mostly_devanagari(text) or self._reads_hindi

    def _default_reranker(self) -> Reranker | None:
        if self.encoder is None or self.index.tokens is None:
            return None
        return MaxSimReranker(self.index, self.encoder)

    def _arms(self, query: str, prepared: str) -> _Arms:
        known, added = stems(prepared), stems(query)
        tokens = known + [token for token in added if token not in set(known)]
        if not tokens:
            return _Arms(None, None, None)
        readable = not self.settings.lexical or self._reads(prepared)
        dense = self.encoder if self.settings.dense and readable else None
        lexical = self.settings.lexical or dense is None
        return _Arms(
            lexical=self.index.lexical.scores(tokens) if lexical else None,
            coverage=self.index.lexical.coverage(known) if lexical else None,
            dense=self.index.vectors.scores(dense.encode([prepared])[0]) if dense and self.index.vectors else None,
        )

    def _fused(self, arms: _Arms) -> list[Hit]:
        """The candidates with the fused score, best first."""
        best = [self._best(scores) for scores in (arms.lexical, arms.dense) if scores is not None]
        chosen = np.unique(np.concatenate(best)) if best else np.zeros(0, dtype=np.int64)
        scores = self._fusion(arms, best, chosen)
        hits = [
            Hit(self.index.passages[i], float(score), _at(arms.lexical, i), _at(arms.dense, i))
            for i, score in zip(chosen.tolist(), scores.tolist(), strict=True)
        ]
        return sorted(hits, key=lambda hit: -hit.score)

    def _best(self, scores: NDArray[np.float32]) -> NDArray[np.int64]:
        """The passages with an arm's highest scores, best first: of those valid today, and none that scores nothing."""
        today = self._today().toordinal()
        scores = np.where((self._from <= today) & (today <= self._until), scores, 0.0)
        count = min(self.settings.candidates, len(scores))
        top = np.argpartition(-scores, count - 1)[:count] if count else np.zeros(0, dtype=np.int64)
        top = top[scores[top] > 0]
        return top[np.argsort(-scores[top], kind="stable")]

    def _fusion(self, arms: _Arms, best: list[NDArray[np.int64]], chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        if self.settings.fusion == "rrf":
            fused = reciprocal_rank([ranking.tolist() for ranking in best], self.settings.rrf_k)
            return np.array([fused[i] for i in chosen.tolist()], dtype=np.float32)
        if arms.lexical is None or arms.dense is None:
            only = arms.dense if arms.lexical is None else arms.lexical
            return min_max(only[chosen]) if only is not None else np.zeros(0, dtype=np.float32)
        share = arms.coverage[chosen] if self.settings.coordinate and arms.coverage is not None else 1.0
        return convex(min_max(arms.lexical[chosen]) * share, min_max(arms.dense[chosen]), self.settings.alpha)


def _at(scores: NDArray[np.float32] | None, position: int) -> float | None:
    return None if scores is None else float(scores[position])


@dataclass(frozen=True, slots=True)
class _Lift:
    """What a passage is given for fitting the filters: the boost, by the share of them that it fits."""

    filters: Mapping[str, str]
    boost: float

    def __call__(self, passage: Passage) -> float:
        if not self.filters:
            return 0.0
        fits = sum(_value(passage, name).casefold() == wanted.casefold() for name, wanted in self.filters.items())
        return self.boost * fits / len(self.filters)


def _value(passage: Passage, name: str) -> str:
    if name in ("language", "kind", "source"):
        return str(getattr(passage, name))
    return passage.metadata.get(name, "")
