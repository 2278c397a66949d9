"""What each arm of the search proposes, and the two made one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Hit, Passage
from munshi.knowledge.fusion import convex, min_max, reciprocal_rank
from munshi.knowledge.search_settings import SearchSettings

Positions = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Arms:
    """Every passage's score by each arm that ran, (n,)."""

    lexical: Scores | None = None
    coverage: Scores | None = None
    dense: Scores | None = None

    def candidates(self, allowed: NDArray[np.bool_], count: int) -> dict[str, Positions]:
        """The passages that each arm puts first, best first: `count` at most, of those allowed."""
        named = {"lexical": self.lexical, "dense": self.dense}
        return {name: _best(scores, allowed, count) for name, scores in named.items() if scores is not None}


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
    scores = _fuse(arms, ranked, chosen, settings)
    best = np.argsort(-scores, kind="stable")[:keep]
    hits = [
        Hit(passages[i], float(score), _at(arms.lexical, i), _at(arms.dense, i))
        for i, score in zip(chosen[best].tolist(), scores[best].tolist(), strict=True)
    ]
    return Proposed(hits, {name: len(ranking) for name, ranking in ranked.items()}, len(chosen))


def _fuse(arms: Arms, ranked: Mapping[str, Positions], chosen: Positions, settings: SearchSettings) -> Scores:
    """The score of each of the `chosen` passages, (chosen,), from both arms."""
    if settings.fusion == "rrf":
        fused = reciprocal_rank([ranking.tolist() for ranking in ranked.values()], settings.rrf_k)
        return np.array([fused.get(i, 0.0) for i in chosen.tolist()], dtype=np.float32)
    if arms.lexical is None or arms.dense is None:
        only = arms.dense if arms.lexical is None else arms.lexical
        return min_max(only[chosen]) if only is not None else np.zeros(0, dtype=np.float32)
    share = arms.coverage[chosen] if settings.coordinate and arms.coverage is not None else 1.0
    return convex(min_max(arms.lexical[chosen]) * share, min_max(arms.dense[chosen]), settings.alpha)


def _best(scores: Scores, allowed: NDArray[np.bool_], count: int) -> Positions:
    """The allowed passages with the highest scores, best first, and none that scores nothing."""
    scores = np.where(allowed, scores, 0.0)
    count = min(count, len(scores))
    top = np.argpartition(-scores, count - 1)[:count] if count else np.zeros(0, dtype=np.int64)
    top = top[scores[top] > 0]
    return top[np.argsort(-scores[top], kind="stable")]


def _at(scores: Scores | None, position: int) -> float | None:
    return None if scores is None else float(scores[position])
