"""What speaks for a passage holding the answer to a question, in a few numbers, and the probability they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from munshi.knowledge.base import Hit
from munshi.knowledge.codes import plain_stems
from munshi.knowledge.query import widest
from munshi.knowledge.search import HybridRetriever
from munshi.knowledge.text import function_stems
from munshi.knowledge.token_vectors import own_tokens


@dataclass(frozen=True, slots=True)
class Evidence:
    """Numbers about one question and one passage, most of them 0 to 1. None where a stage did not run.

    `coverage` is the share, by idf, of the question's content words that the passage holds: a word that stands
    nowhere in the papers counts most, so "do you deliver to Nepal" is little covered. `match` is BM25 over the sum of
    their idf. `dense` is the cosine of the vectors, `max_sim` the mean over the question's tokens of the nearest token
    in the passage, `weakest` that of the two tokens which are matched worst: the word that carries a near miss.
    """

    coverage: float
    match: float
    dense: float | None = None
    max_sim: float | None = None
    weakest: float | None = None


# Logistic regressions on all-MiniLM-L6-v2's cosines, fitted by `python -m benchmarks.abstention --fit`, which tells on
# what. Held out (54 questions that the dummy bank's papers answer, 60 near misses): AUROC 0.98, 0.96 and 0.93.
_ON_TOKENS = {"bias": -8.93, "coverage": 4.62, "dense": 3.46, "max_sim": 5.14, "weakest": 5.11}
_ON_VECTORS = {"bias": -6.92, "coverage": 5.33, "dense": 8.33}
_ON_WORDS = {"bias": -5.02, "coverage": 7.83, "match": 2.2}


def confidence(evidence: Evidence) -> float:
    """The probability, 0 to 1, that the passage answers the question, from whatever evidence there is."""
    weights = _weights(evidence)
    total = sum(weight * (1.0 if name == "bias" else getattr(evidence, name)) for name, weight in weights.items())
    return 1 / (1 + exp(-total))


def shortfalls(evidence: Evidence) -> dict[str, float]:
    """What each number takes from the confidence for not being 1, in the regression's logits, the most first."""
    weights = _weights(evidence)
    lost = {
        name: weight * (1.0 - min(getattr(evidence, name), 1.0)) for name, weight in weights.items() if name != "bias"
    }
    return dict(sorted(lost.items(), key=lambda item: -item[1]))


def _weights(evidence: Evidence) -> dict[str, float]:
    return _ON_TOKENS if evidence.max_sim is not None else _ON_VECTORS if evidence.dense is not None else _ON_WORDS


def gather(question: str, hits: Sequence[Hit], retriever: HybridRetriever) -> list[Evidence]:
    """The evidence for each hit that `retriever` found for the question."""
    index = retriever.index
    prepared = retriever.prepare(question)
    functional = function_stems()
    asked = tuple(stem for stem in dict.fromkeys(plain_stems(prepared)) if stem not in functional)
    coverage = widest(index.lexical, asked, retriever.synonyms.variants(asked))
    total = sum(index.lexical.idf(stem) for stem in asked) or 1.0
    return [
        Evidence(
            coverage=float(coverage[index.position(hit.passage.id)]),
            match=(hit.lexical or 0.0) / total,
            dense=hit.dense,
            max_sim=hit.rerank,
            weakest=_weakest(prepared, hit, retriever) if hit.rerank is not None else None,
        )
        for hit in hits
    ]


def _weakest(prepared: str, hit: Hit, retriever: HybridRetriever) -> float:
    if retriever.index.tokens is None or retriever.encoder is None:
        return 0.0
    tokens = own_tokens(retriever.encoder.encode_tokens([prepared])[0])
    nearest = retriever.index.tokens.nearest(tokens, [retriever.index.position(hit.passage.id)])[0]
    return float(np.sort(nearest)[:2].mean()) if len(nearest) else 0.0
