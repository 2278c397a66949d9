"""The rerankers' turn: the cheap one looks at the short list, the costly one where the order is then still in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from munshi.knowledge.base import Hit, KnowledgeError, Passage, Reranker
from munshi.knowledge.filters import Lift
from munshi.knowledge.gate import NO_COSTLY, NOT_LOOKED, Decision, decide


@dataclass(frozen=True, slots=True)
class Raise:
    """What a hit is given beside its score: for holding exactly what was asked for, and for fitting the filters."""

    exact: Mapping[str, float]
    fits: Lift

    @property
    def nothing(self) -> bool:
        """Whether no hit is given anything."""
        return not self.exact and not self.fits.filters

    def __call__(self, passage: Passage, scale: float = 1.0) -> float:
        """What a passage is given; the filters' part is on the scale that the scores run up to."""
        return self.exact.get(passage.id, 0.0) + scale * self.fits(passage)

    def order(self, hits: Sequence[Hit], scale: float = 1.0) -> list[Hit]:
        """The hits with their scores raised, best first; between equals the higher priority goes first."""
        raised = hits if self.nothing else [replace(hit, score=hit.score + self(hit.passage, scale)) for hit in hits]
        return sorted(raised, key=lambda hit: (-hit.score, -hit.passage.priority))


@dataclass(frozen=True, slots=True)
class Looked:
    """Hits in their last order, and what became of each reranker."""

    hits: list[Hit]
    cheap: Decision
    costly: Decision = NO_COSTLY
    costly_scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Both rerankers, either of which may be missing. `margin` is the doubt from which the costly one is asked."""

    cheap: Reranker | None
    costly: Reranker | None
    margin: float

    def __call__(self, query: str, hits: Sequence[Hit], raised: Raise, *, scale: float) -> Looked:
        """`hits`, best first and without what they are given beside, in the order that both rerankers leave."""
        if not hits:
            return Looked([], NOT_LOOKED)
        if self.cheap is None:
            done, looked = list(hits), Decision(False, "there is no reranker that reads this question")
        else:
            done = self.cheap.rerank(query, hits, top_k=len(hits))
            scale, looked = 1.0, Decision(True, f"it looked at the best {len(hits)}")
        ordered = raised.order(done, scale)
        if self.costly is None:
            return Looked(ordered, looked)
        decision = decide(ordered, self.margin)
        if not decision.ran:
            return Looked(ordered, looked, decision)
        unraised = {hit.passage.id: hit for hit in done}
        hits = [unraised[hit.passage.id] for hit in ordered]
        return _asked(self.costly, query, hits, Looked(ordered, looked, decision), raised)


def _asked(costly: Reranker, query: str, hits: Sequence[Hit], before: Looked, raised: Raise) -> Looked:
    """The costly reranker's order; where it fails, the one there was."""
    try:
        again = costly.rerank(query, hits, top_k=len(hits))
    except KnowledgeError as error:
        failed = replace(before.costly, ran=False, reason=f"{before.costly.reason}, but it failed: {error}")
        return replace(before, costly=failed)
    # The evidence for an answer is measured by the cheap one's scores.
    known = {hit.passage.id: hit.rerank for hit in before.hits}
    ordered = raised.order([replace(hit, rerank=known[hit.passage.id]) for hit in again])
    return Looked(ordered, before.cheap, before.costly, {hit.passage.id: hit.score for hit in again})
