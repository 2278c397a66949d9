"""Filters as a wish: what fits is lifted, and nothing is ever dropped for not fitting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from munshi.knowledge.base import Passage
from munshi.knowledge.text import content_stems

_FIELDS = ("language", "kind", "source")


@dataclass(frozen=True, slots=True)
class Lift:
    """What a passage is given for fitting the filters: the boost, by the share of them that it fits.

    A filter is `language`, `kind`, `source` or a key of the metadata. A passage that says nothing of its `product` fits
    by the share of the product's words that stand in it.
    """

    filters: Mapping[str, str]
    boost: float

    def __call__(self, passage: Passage) -> float:
        """Between 0 and the boost."""
        if not self.filters:
            return 0.0
        return (
            self.boost * sum(_fit(passage, name, wanted) for name, wanted in self.filters.items()) / len(self.filters)
        )


def _fit(passage: Passage, name: str, wanted: str) -> float:
    if name == "product" and name not in passage.metadata:
        return _words_in(passage, wanted)
    value = str(getattr(passage, name)) if name in _FIELDS else passage.metadata.get(name, "")
    return float(value.casefold() == wanted.casefold())


def _words_in(passage: Passage, wanted: str) -> float:
    asked = set(content_stems(wanted))
    held = set(content_stems(" ".join((passage.title, *passage.heading, passage.text))))
    return len(asked & held) / len(asked) if asked else 0.0
