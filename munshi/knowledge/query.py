"""A question made ready for the arms: cleaned, brought to the papers' form, widened by the shop's synonyms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.codes import plain_stems
from munshi.knowledge.expansion import Synonyms, Variant
from munshi.knowledge.lexical import LexicalIndex
from munshi.knowledge.normalise import clean
from munshi.knowledge.views import Prepare, terms

MAX_QUERY = 2000
"""Characters of a query that are looked at: nobody asks a longer question."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question's words in every form that a stage asks for.

    `text` is cleaned, `prepared` in the form that the papers were indexed in. `terms` are looked up; `known` are those
    that a passage is expected to hold; `variants` the same question with a synonym in place of one of its terms.
    """

    text: str
    prepared: str
    terms: tuple[str, ...]
    known: tuple[str, ...]
    variants: tuple[Variant, ...] = ()

    def lexical(self, index: LexicalIndex, weight: float) -> NDArray[np.float32]:
        """BM25 of every passage, (n,): the customer's words in full, those that synonyms add with a weight."""
        scores = index.scores(self.terms)
        added = [stem for variant in self.variants for stem in variant.added if stem not in self.known]
        return scores + np.float32(weight) * index.scores(list(dict.fromkeys(added))) if added else scores

    def coverage(self, index: LexicalIndex) -> NDArray[np.float32]:
        """The share of the question that each passage holds, (n,), asked in the way that fits it best."""
        return widest(index, self.known, self.variants)


def read_query(text: str, prepare: Prepare, synonyms: Synonyms) -> Query:
    """The first `MAX_QUERY` characters of a question, ready to be asked. Never raises on a text."""
    cleaned = clean(text, limit=MAX_QUERY).text
    prepared = prepare(cleaned)
    looked_up = terms(prepared)
    if prepared != cleaned:
        looked_up += [term for term in terms(cleaned) if term not in set(looked_up)]
    known = tuple(plain_stems(prepared))
    return Query(cleaned, prepared, tuple(looked_up), known, tuple(synonyms.variants(known)))


def widest(index: LexicalIndex, asked: Sequence[str], variants: Sequence[Variant]) -> NDArray[np.float32]:
    """The coverage, (n,), of whichever way of asking each passage holds most of."""
    coverage = index.coverage(asked)
    for variant in variants:
        coverage = np.maximum(coverage, index.coverage(variant.stems))
    return coverage
