"""What each arm of the search proposes, and the two made one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Hit, Passage
from munshi.knowledge.dense import Positions, Scores, Similar, highest
from munshi.knowledge.fusion import convex, min_max, reciprocal_rank
from munshi.knowledge.search_settings import SearchSettings


@dataclass(frozen=True, slots=True)
class Arms:
    """What each arm that ran thinks of the passages: scores, (n,), or for the dense one what can be asked for them."""

    lexical: Scores | None = None
    coverage: Scores | None = None
    dense: Similar | None = None

    def candidates(self, allowed: NDArray[np.bool_], count: int) -> dict[str, Positions]:
        """The passages that each arm puts first, best first: `count` at most, of those allowed."""
        ranked = {}
        if self.lexical is not None:
            ranked["lexical"] = highest(self.lexical, allowed, count)
        if self.dense is not None:
            ranked["dense"] = self.dense.best(allowed, count)
        return ranked


@dataclass(frozen=True, slots=True)
class Proposed:
    """Candidates with the score of both arms together, best first; `counts` says how many each arm proposed.

    `total` is how many there were, of which `hits` may be the best alone. `expired` are those that fit the question but
    not today's date.
    """

    hits: list[Hit]
    counts: Mapping[str, int]
    total: int
    expired: Sequence[Hit] = ()


def propose(
    passages: Sequence[Passage],
    arms: Arms,
    exact: Iterable[int],
    allowed: NDArray[np.bool_],
    settings: SearchSettings,
    *,
    keep: int | None = None,
) -> Proposed:
    """The allowed passages that the arms put first, and those that hold `exact` things whatever the arms think.

    The best `keep` of them alone, where it is given: to make hits of all costs as much time as to find them.
    """
    ranked = arms.candidates(allowed, settings.candidates)
    named = np.array([position for position in exact if allowed[position]], dtype=np.int64)
    chosen = np.unique(np.concatenate([*ranked.values(), named]))
    lexical = arms.lexical[chosen] if arms.lexical is not None else None
    dense = arms.dense.at(chosen) if arms.dense is not None else None
    if settings.fusion == "rrf":
        scores = _by_rank(ranked, chosen, settings)
    else:
        scores = _fuse(lexical, dense, arms.coverage[chosen] if arms.coverage is not None else None, settings)
    best = np.argsort(-scores, kind="stable")[:keep].tolist()
    hits = [Hit(passages[chosen[i]], float(scores[i]), _at(lexical, i), _at(dense, i)) for i in best]
    return Proposed(hits, {name: len(ranking) for name, ranking in ranked.items()}, len(chosen))


def _by_rank(ranked: Mapping[str, Positions], chosen: Positions, settings: SearchSettings) -> Scores:
    """The score of each of the `chosen` passages, (chosen,), from its ranks."""
    fused = reciprocal_rank([ranking.tolist() for ranking in ranked.values()], settings.rrf_k)
    return np.array([fused.get(i, 0.0) for i in chosen.tolist()], dtype=np.float32)


def _fuse(lexical: Scores | None, dense: Scores | None, coverage: Scores | None, settings: SearchSettings) -> Scores:
    """The score of each of the passages, (n,), from both arms' scores of them."""
    if lexical is None or dense is None:
        only = dense if lexical is None else lexical
        return min_max(only) if only is not None else np.zeros(0, dtype=np.float32)
    share = coverage if settings.coordinate and coverage is not None else 1.0
    return convex(min_max(lexical) * share, min_max(dense), settings.alpha)


def _at(scores: Scores | None, position: int) -> float | None:
    return None if scores is None else float(scores[position])
