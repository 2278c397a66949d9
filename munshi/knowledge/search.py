"""The funnel: words and vectors propose, fusion orders, late interaction looks again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.arms import Arms, Proposed, propose
from munshi.knowledge.base import Encoder, Hit, Reranker
from munshi.knowledge.conflicts import Conflict, Contradictions
from munshi.knowledge.dense import DenseArm
from munshi.knowledge.exact import ExactMatcher
from munshi.knowledge.expansion import Synonyms
from munshi.knowledge.filters import Lift
from munshi.knowledge.index import Index
from munshi.knowledge.memo import remembering
from munshi.knowledge.query import Query, read_query
from munshi.knowledge.reading import mostly_devanagari, reads_hindi
from munshi.knowledge.rerank import MaxSimReranker
from munshi.knowledge.search_cache import LruCache
from munshi.knowledge.search_settings import SearchSettings
from munshi.knowledge.search_trace import SearchTrace, Stopwatch
from munshi.knowledge.second_look import Looked, Raise, SecondLook
from munshi.knowledge.views import Prepare, as_is

__all__ = ["HybridRetriever", "SearchSettings"]

_log = logging.getLogger(__name__)


# Disagreements that the log was told of are remembered up to so many.
_TOLD = 1_000


class HybridRetriever:
    """BM25 and dense vectors, fused and reranked. Without an encoder, BM25 alone. Safe for several threads."""

    def __init__(  # noqa: PLR0913 - a part for each stage
        self,
        index: Index,
        encoder: Encoder | None = None,
        *,
        settings: SearchSettings | None = None,
        reranker: Reranker | None = None,
        costly: Reranker | None = None,
        dense: DenseArm | None = None,
        prepare: Prepare = as_is,
        today: Callable[[], date] = date.today,
    ) -> None:
        """`encoder` and `prepare` must be those the index was built with; `reranker` defaults to MaxSim.

        `costly` is a second reranker that is asked only where the first leaves the order in doubt, `dense` what is
        asked in the place of the index's own vectors.
        """
        self.index = index
        self.settings = settings or SearchSettings()
        self.encoder = remembering(encoder) if encoder and index.vectors is not None else None
        self.dense = dense or index.vectors
        self.synonyms = Synonyms(self.settings.synonyms if self.settings.expand else ())
        self.prepare = prepare
        self._reranker = reranker or self._default_reranker()
        self._costly = costly
        self._today = today
        self._exact = ExactMatcher(index)
        self._contradictions = Contradictions()
        self._cache: LruCache[SearchTrace] = LruCache(self.settings.cache)
        self._told: LruCache[bool] = LruCache(_TOLD)
        self._from = np.array([(p.valid_from or date.min).toordinal() for p in index.passages], dtype=np.int64)
        self._until = np.array([(p.valid_until or date.max).toordinal() for p in index.passages], dtype=np.int64)
        self._valid = lru_cache(1)(self._holding)

    def search(self, query: str, *, top_k: int = 5, filters: Mapping[str, str] | None = None) -> list[Hit]:
        """At most `top_k` hits, best first; none for a query without a word in it.

        `filters` (`language`, `kind`, `source`, `product` or a key of the metadata) lift what fits and drop nothing. A
        passage outside its dates of validity is never among the hits. Raises EncoderError where the encoder fails.
        """
        return list(self.trace(query, top_k=top_k, filters=filters).hits)

    def trace(self, query: str, *, top_k: int = 5, filters: Mapping[str, str] | None = None) -> SearchTrace:
        """What `search` finds, with what each stage did."""
        wanted = dict(filters or {})
        today = self._today()
        key = (query, top_k, frozenset(wanted.items()), today, self.settings, self.index.version)
        known = self._cache.get(key)
        if known is not None:
            return replace(known, cached=True)
        made = self._search(query, top_k, Lift(wanted, self.settings.boost), today)
        self._tell(made.conflicts)
        if not made.dense_missing:
            self._cache.put(key, made)
        return made

    def _search(self, text: str, top_k: int, fits: Lift, today: date) -> SearchTrace:
        watch = Stopwatch()
        with watch("query"):
            query = read_query(text, self.prepare, self.synonyms)
        arms = self._arms(query, watch)
        with watch("exact"):
            exact = self._named(query) if arms.lexical is not None and self.settings.exact else {}
        raised = Raise({self.index.passages[i].id: given for i, given in exact.items()}, fits)
        size = max(self.settings.shortlist, top_k)
        with watch("fusion"):
            # Where nothing is raised, the short list is the best by score.
            proposed = self._proposed(arms, exact, today, size if raised.nothing else None)
        with watch("rerank"):
            looked = self._looked(query, proposed, raised, size)
        hits = tuple(looked.hits[:top_k])
        with watch("conflicts"):
            conflicts = self._conflicts(query, hits)
        return SearchTrace(
            query=query.text,
            prepared=query.prepared,
            hits=hits,
            expansions=tuple(variant.term for variant in query.variants),
            candidates=proposed.counts,
            fused=proposed.total,
            fused_scores=_scores_of(hits, proposed.hits),
            exact={hit.passage.id: raised.exact[hit.passage.id] for hit in hits if hit.passage.id in raised.exact},
            lifted={hit.passage.id: given for hit in hits if (given := fits(hit.passage))},
            rerank=looked.cheap,
            costly=looked.costly,
            costly_scores=looked.costly_scores,
            expired=tuple(raised.order(proposed.expired, self._scale)[:top_k]),
            conflicts=conflicts,
            dense_missing=arms.dense is not None and not arms.dense.whole,
            ms=watch.ms,
        )

    def _arms(self, query: Query, watch: Stopwatch) -> Arms:
        if not query.terms:
            return Arms()
        readable = not self.settings.lexical or self._reads(query.prepared)
        dense = self.encoder if self.settings.dense and readable else None
        lexical = coverage = None
        if self.settings.lexical or dense is None:
            with watch("lexical"):
                lexical = query.lexical(self.index.lexical, self.settings.synonym)
                coverage = query.coverage(self.index.lexical)
        if dense is None or self.dense is None:
            return Arms(lexical, coverage)
        with watch("dense"):
            similar = self.dense.similar(dense.encode([query.prepared])[0], self.settings.candidates)
        return Arms(lexical, coverage, similar)

    def _named(self, query: Query) -> dict[int, float]:
        """What each passage is given for holding exactly what was asked for, in the customer's words or prepared."""
        lifts = self._exact.lifts(query.text)
        if query.prepared != query.text:
            for position, lift in self._exact.lifts(query.prepared).items():
                lifts[position] = max(lift, lifts.get(position, 0.0))
        return lifts

    def _holding(self, day: int) -> tuple[NDArray[np.bool_], bool]:
        """Which passages hold on a day, (n,), and whether all do."""
        valid: NDArray[np.bool_] = (self._from <= day) & (day <= self._until)
        return valid, bool(valid.all())

    def _proposed(self, arms: Arms, exact: Mapping[int, float], today: date, keep: int | None) -> Proposed:
        valid, all_are = self._valid(today.toordinal())
        found = propose(self.index.passages, arms, exact, valid, self.settings, keep=keep)
        if all_are:
            return found
        return replace(found, expired=propose(self.index.passages, arms, exact, ~valid, self.settings, keep=keep).hits)

    def _looked(self, query: Query, proposed: Proposed, raised: Raise, size: int) -> Looked:
        """The short list, cut with what lifts it, in the rerankers' order."""
        short = sorted(proposed.hits, key=lambda hit: -hit.score - raised(hit.passage, self._scale))[:size]
        reads = self.settings.rerank and self._reads(query.prepared)
        look = SecondLook(
            self._reranker if reads else None, self._costly if self.settings.rerank else None, self.settings.margin
        )
        return look(query.prepared, short, raised, scale=self._scale)

    def _conflicts(self, query: Query, hits: Sequence[Hit]) -> tuple[Conflict, ...]:
        if not self.settings.conflicts:
            return ()
        return self._contradictions.among(query.prepared, [hit.passage for hit in hits])

    def _tell(self, conflicts: Sequence[Conflict]) -> None:
        """Write each conflict to the log once."""
        for conflict in conflicts:
            key = frozenset(conflict.quotes)
            if self._told.get(key) is None:
                self._told.put(key, True)
                _log.warning("The papers disagree: %s", conflict)

    @property
    def _scale(self) -> float:
        """The highest score that fusion can give."""
        return 2 / (self.settings.rrf_k + 1) if self.settings.fusion == "rrf" else 1.0

    @cached_property
    def _reads_hindi(self) -> bool:
        return self.encoder is not None and reads_hindi(self.encoder)

    def _reads(self, text: str) -> bool:
        """Whether the encoder makes sense of a text: one that reads no Hindi only adds noise to a Hindi question."""
        return not mostly_devanagari(text) or self._reads_hindi

    def _default_reranker(self) -> Reranker | None:
        if self.encoder is None or self.index.tokens is None:
            return None
        return MaxSimReranker(self.index, self.encoder, weight=self.settings.maxsim_weight)


def _scores_of(chosen: Sequence[Hit], hits: Sequence[Hit]) -> dict[str, float]:
    """What each of the chosen scored among `hits`, by passage id."""
    ids = {hit.passage.id for hit in chosen}
    return {hit.passage.id: hit.score for hit in hits if hit.passage.id in ids}
