"""How often a language model worded answers, and what the checks held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

_KINDS = ("number", "support", "link", "leak")


@dataclass(frozen=True, slots=True)
class WordedCount:
    """`asked` is how many turns a model was asked in, `worded` in how many its words were used, `again` in how many it
    had another try; `held_back` counts what spoke against its sentences, by kind, `other` being its server too.
    """

    asked: int
    worded: int
    again: int
    held_back: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def count_worded(generations: Iterable[Mapping[str, Any] | None]) -> WordedCount:
    """The counts of some turns, from `generation` in each response's trace; None where no model was asked."""
    told = [generation for generation in generations if generation is not None]
    kinds = Counter(_kind(fault) for generation in told for fault in generation["faults"])
    return WordedCount(
        asked=len(told),
        worded=sum(generation["released"] > 0 for generation in told),
        again=sum(generation["tries"] > 1 for generation in told),
        held_back=dict(sorted(kinds.items())),
    )


def _kind(fault: str) -> str:
    return next((kind for kind in _KINDS if fault.startswith(f"{kind}:")), "other")
