"""Whether a costly reranker is worth its time: only where the cheap order is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from munshi.knowledge.base import Hit

_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a reranker ran, and why; `margin` is how far the first hit was ahead of the second, None of fewer."""

    ran: bool
    reason: str
    margin: float | None = None


NOT_LOOKED = Decision(False, "there is nothing to order")
NO_COSTLY = Decision(False, "there is no costly reranker")


def decide(hits: Sequence[Hit], least: float) -> Decision:
    """Whether the order of `hits`, best first, is so close at the top that a second opinion may change it."""
    if len(hits) < _FEWEST:
        return NOT_LOOKED
    margin = hits[0].score - hits[1].score
    if margin < least:
        return Decision(True, f"the first is {margin:.3f} ahead of the second, less than {least:g}", margin)
    return Decision(False, f"the first is {margin:.3f} ahead of the second, enough against {least:g}", margin)
