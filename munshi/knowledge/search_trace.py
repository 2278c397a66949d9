"""A search told stage by stage, for whoever keeps the papers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from munshi.knowledge.base import Hit
from munshi.knowledge.conflicts import Conflict
from munshi.knowledge.gate import NO_COSTLY, NOT_LOOKED, Decision


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """What was found and how.

    `query` is what was asked, cleaned; `prepared` the form that the papers were compared with; `expansions` the words
    that synonyms added. `candidates` counts what each arm proposed, `fused` what that made together; `fused_scores` is
    what both arms together gave each hit, by passage id. `exact` and `lifted` say what a hit was given for holding the
    very code or number asked for, and for fitting the filters. `rerank` and `costly` tell whether the rerankers ran and
    why; `costly_scores` what the costly one thought of each passage.

    `hits` is the result, best first. Those of `expired` fit the question, but not today's date: they may be shown as
    such, never answered from. `conflicts` are the hits that contradict one another. `dense_missing` says that the
    vector store could not be asked: words alone proposed what there is, and such a search is not remembered. `ms` is
    the time by stage, in milliseconds; `cached` says that the search was remembered, and `ms` is then that of the first
    time.
    """

    query: str
    prepared: str
    hits: tuple[Hit, ...]
    expansions: tuple[str, ...] = ()
    candidates: Mapping[str, int] = field(default_factory=dict)
    fused: int = 0
    fused_scores: Mapping[str, float] = field(default_factory=dict)
    exact: Mapping[str, float] = field(default_factory=dict)
    lifted: Mapping[str, float] = field(default_factory=dict)
    rerank: Decision = NOT_LOOKED
    costly: Decision = NO_COSTLY
    costly_scores: Mapping[str, float] = field(default_factory=dict)
    expired: tuple[Hit, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    dense_missing: bool = False
    ms: Mapping[str, float] = field(default_factory=dict)
    cached: bool = False

    @property
    def usable(self) -> tuple[Hit, ...]:
        """The hits that may be answered from: without those that a better source contradicts."""
        given_up = {passage.id for conflict in self.conflicts for passage in conflict.others}
        return tuple(hit for hit in self.hits if hit.passage.id not in given_up)


class Stopwatch:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time what runs inside, and add it to the stage's."""
        started = time.perf_counter()
        yield
        self.ms[stage] = round(self.ms.get(stage, 0.0) + (time.perf_counter() - started) * 1000, 3)
