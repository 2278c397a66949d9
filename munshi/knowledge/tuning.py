"""The search's weights chosen on labelled questions, and an honest figure of what the choice is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, KnowledgeError
from munshi.knowledge.evaluation import CUTOFF, Estimate, bootstrap, ndcg
from munshi.knowledge.index import Index
from munshi.knowledge.lexical import LexicalSettings
from munshi.knowledge.memo import RememberingEncoder
from munshi.knowledge.search import HybridRetriever, SearchSettings
from munshi.knowledge.tuning_questions import Asked
from munshi.knowledge.views import Prepare, as_is

ALPHAS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
K1S = (0.9, 1.2, 1.5, 2.0)
BS = (0.3, 0.5, 0.75)
VARIANTS: tuple[Literal["bm25+", "bm25l"], ...] = ("bm25+", "bm25l")
FEWEST = 10
"""Questions below which nothing can be told."""

Told = Callable[[int, int], None]
"""Called with (settings tried, settings to try)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One set of weights, under the names they have in a pack's `retrieval`."""

    alpha: float
    method: str
    k1: float
    b: float

    @classmethod
    def of(cls, settings: SearchSettings, lexical: LexicalSettings) -> Choice:
        """The weights that settings hold."""
        return cls(settings.alpha, lexical.method, lexical.k1, lexical.b)


@dataclass(frozen=True, slots=True)
class TuningReport:
    """What came of it. Every figure is nDCG@10 with a 95 % bootstrap interval over questions.

    `tuned` is what choosing is worth on questions that the choice has not seen: each fold is searched with the weights
    chosen on the others, `chosen_by_fold`. `gain` is that less `current`, question by question. `best` is the choice on
    all questions and `best_seen` its figure on those same questions, which flatters it.
    """

    questions: int
    passages: int
    folds: int
    tried: int
    current: Choice
    current_score: Estimate
    best: Choice
    best_seen: Estimate
    chosen_by_fold: tuple[Choice, ...]
    tuned: Estimate
    gain: Estimate

    @property
    def worthwhile(self) -> bool:
        """Whether the gain is more than chance may give."""
        return self.best != self.current and self.gain.low > 0

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data for JSON."""
        return {"metric": f"ndcg@{CUTOFF}", **asdict(self), "worthwhile": self.worthwhile}


def tune(
    rounds: Sequence[Asked],
    encoder: Encoder | None,
    *,
    settings: SearchSettings | None = None,
    lexical: LexicalSettings | None = None,
    prepare: Prepare = as_is,
    folds: int = 5,
    told: Told | None = None,
) -> TuningReport:
    """The weights that find the most, by cross-validation; questions about the same passages share a fold.

    `settings` and `lexical` are those in use. Without an encoder `alpha` decides nothing and stays. Raises
    KnowledgeError where there are too few questions for the folds, EncoderError where the encoder fails.
    """
    queries = [query for asked in rounds for query in asked.queries]
    if len(queries) < max(FEWEST, folds):
        raise KnowledgeError(f"{len(queries)} questions are too few to tune by; give at least {max(FEWEST, folds)}")
    settings, lexical = settings or SearchSettings(), lexical or LexicalSettings()
    scores = _scores(rounds, encoder, settings, lexical, prepare, told or (lambda _done, _total: None))
    choices = list(scores)
    table = np.array(list(scores.values()))
    current = table[0]
    fold = _folds([query.relevant for query in queries], folds)
    picked = [_best(table[:, fold != number]) for number in range(folds)]
    unseen = np.array([table[picked[number], i] for i, number in enumerate(fold)])
    best = _best(table)
    return TuningReport(
        questions=len(queries),
        passages=len(rounds[0].passages),
        folds=folds,
        tried=len(choices),
        current=choices[0],
        current_score=bootstrap(current),
        best=choices[best],
        best_seen=bootstrap(table[best]),
        chosen_by_fold=tuple(choices[i] for i in picked),
        tuned=bootstrap(unseen.tolist()),
        gain=bootstrap((unseen - current).tolist()),
    )


def _best(table: NDArray[np.float64]) -> int:
    """The row of the highest mean; the current weights, which come first, win a tie."""
    return int(np.argmax(table.mean(axis=1).round(9)))


def _folds(relevant: Sequence[frozenset[str]], folds: int) -> NDArray[np.int64]:
    """The fold of each question."""
    kinds = {ids: number for number, ids in enumerate(dict.fromkeys(relevant))}
    place = np.random.default_rng(0).permutation(len(kinds)) % folds
    return np.array([place[kinds[ids]] for ids in relevant], dtype=np.int64)


def _scores(
    rounds: Sequence[Asked],
    encoder: Encoder | None,
    settings: SearchSettings,
    lexical: LexicalSettings,
    prepare: Prepare,
    told: Told,
) -> Mapping[Choice, list[float]]:
    """The figure of every question with every choice, the current one first."""
    # Every question is asked once for each choice, and is the same every time.
    size = sum(len(asked.queries) for asked in rounds)
    remembering, prepare = RememberingEncoder(encoder, size) if encoder else None, lru_cache(size)(prepare)
    alphas = dict.fromkeys((settings.alpha, *ALPHAS)) if encoder else (settings.alpha,)
    models = _lexical_settings(lexical)
    found: dict[Choice, list[float]] = {
        Choice.of(replace(settings, alpha=alpha), model): [] for model, alpha in product(models, alphas)
    }
    index: Index | None = None
    for number, (asked, model) in enumerate(product(rounds, models), 1):
        index = Index.from_passages(asked.passages, remembering, lexical=model, prepare=prepare, reuse=index)
        for alpha in alphas:
            chosen = replace(
                settings, alpha=alpha, conflicts=False
            )  # they change no order, and would be logged each time
            retriever = HybridRetriever(index, remembering, settings=chosen, prepare=prepare)
            found[Choice.of(chosen, model)] += [
                _score(retriever, query.text, query.relevant) for query in asked.queries
            ]
        told(number, len(rounds) * len(models))
    return found


def _lexical_settings(current: LexicalSettings) -> list[LexicalSettings]:
    grid = [replace(current, method="lucene", k1=k1, b=b) for k1, b in product(K1S, BS)]
    return list(dict.fromkeys([current, *grid, *(replace(current, method=variant) for variant in VARIANTS)]))


def _score(retriever: HybridRetriever, question: str, relevant: frozenset[str]) -> float:
    return ndcg([hit.passage.id for hit in retriever.search(question, top_k=CUTOFF)], relevant, CUTOFF)
