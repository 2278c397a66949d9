"""The funnel's switches and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What each stage of a search does, and how much of it.

    `lexical`, `dense`, `rerank`, `expand`, `exact` and `conflicts` switch a stage on. `alpha` is the dense arm's weight
    in min-max fusion; 0.7 was chosen on the eight sets of `benchmarks.search_weights`. With `coordinate` a lexical
    score counts by the share of the question it covers, so that a passage that shares only "at" and "a" with it
    gets no say. `synonyms` are groups of words that mean the same; one that is added to the customer's words counts
    by the weight `synonym`. `boost` is what a passage that fits all filters is given on top (scores run from 0 to
    about 1).

    `maxsim_weight` is late interaction's share of a score, the fused order having the rest: at 0 that order stays. 0.2
    was chosen together with `alpha`. A costly reranker is asked only where the first hit is less than `margin` ahead of
    the second. `cache` is how many searches are remembered, 0 for none.
    """

    lexical: bool = True
    dense: bool = True
    rerank: bool = True
    expand: bool = True
    exact: bool = True
    conflicts: bool = True
    fusion: Literal["min_max", "rrf"] = "min_max"
    alpha: float = 0.7
    rrf_k: int = 60
    coordinate: bool = True
    synonyms: tuple[tuple[str, ...], ...] = ()
    synonym: float = 0.5
    candidates: int = 100
    shortlist: int = 20
    boost: float = 0.2
    maxsim_weight: float = 0.2
    margin: float = 0.1
    cache: int = 256
