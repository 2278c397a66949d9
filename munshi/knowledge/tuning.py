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
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
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
    maxsim_weight: float

    @classmethod
    def of(cls, settings: SearchSettings, lexical: LexicalSettings) -> Choice:
        """The weights that settings hold."""
        return cls(settings.alpha, lexical.method, lexical.k1, lexical.b, settings.maxsim_weight)


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


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """The figure of every question with every choice: `table` (choices, questions), the current choice first.

    `relevant` are the passages that answer each question, of `passages` in all.
    """

    choices: tuple[Choice, ...]
    table: NDArray[np.float64]
    relevant: tuple[frozenset[str], ...]
    passages: int

    def only(self, wanted: Callable[[Choice], bool]) -> Trials:
        """Those of some choices; the first of them counts as the current one."""
        kept = [place for place, choice in enumerate(self.choices) if wanted(choice)]
        return replace(self, choices=tuple(self.choices[place] for place in kept), table=self.table[kept])

    def report(self, folds: int = 5, *, seed: int = 0) -> TuningReport:
        """Cross-validation over folds drawn by `seed`; questions about the same passages share a fold."""
        current, fold = self.table[0], _folds(self.relevant, folds, seed)
        picked = [_best(self.table[:, fold != number]) for number in range(folds)]
        unseen = np.array([self.table[picked[number], i] for i, number in enumerate(fold)])
        best = _best(self.table)
        return TuningReport(
            questions=len(self.relevant),
            passages=self.passages,
            folds=folds,
            tried=len(self.choices),
            current=self.choices[0],
            current_score=bootstrap(current.tolist()),
            best=self.choices[best],
            best_seen=bootstrap(self.table[best].tolist()),
            chosen_by_fold=tuple(self.choices[i] for i in picked),
            tuned=bootstrap(unseen.tolist()),
            gain=bootstrap((unseen - current).tolist()),
        )


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
    """The weights that find the most, by cross-validation over `try_all`.

    Raises KnowledgeError where there are too few questions for the folds, EncoderError where the encoder fails.
    """
    asked = sum(len(each.queries) for each in rounds)
    if asked < max(FEWEST, folds):
        raise KnowledgeError(f"{asked} questions are too few to tune by; give at least {max(FEWEST, folds)}")
    return try_all(rounds, encoder, settings=settings, lexical=lexical, prepare=prepare, told=told).report(folds)


def try_all(
    rounds: Sequence[Asked],
    encoder: Encoder | None,
    *,
    settings: SearchSettings | None = None,
    lexical: LexicalSettings | None = None,
    prepare: Prepare = as_is,
    told: Told | None = None,
) -> Trials:
    """Every question asked with every set of weights.

    `settings` and `lexical` are those in use. Without an encoder `alpha` decides nothing and stays, and so does
    `maxsim_weight` where late interaction is switched off or the encoder has no token vectors. Raises EncoderError.
    """
    told = told or (lambda _done, _total: None)
    scores = _scores(rounds, encoder, settings or SearchSettings(), lexical or LexicalSettings(), prepare, told)
    relevant = tuple(query.relevant for asked in rounds for query in asked.queries)
    return Trials(tuple(scores), np.array(list(scores.values())), relevant, len(rounds[0].passages))


def _best(table: NDArray[np.float64]) -> int:
    """The row of the highest mean; the current weights, which come first, win a tie, and where there is no question."""
    return int(np.argmax(table.mean(axis=1).round(9))) if table.size else 0


def _folds(relevant: Sequence[frozenset[str]], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each question."""
    kinds = {ids: number for number, ids in enumerate(dict.fromkeys(relevant))}
    place = np.random.default_rng(seed).permutation(len(kinds)) % folds
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
    searches, models = _search_settings(settings, encoder), _lexical_settings(lexical)
    found: dict[Choice, list[float]] = {Choice.of(search, model): [] for model in models for search in searches}
    index: Index | None = None
    for number, (asked, model) in enumerate(product(rounds, models), 1):
        index = Index.from_passages(asked.passages, remembering, lexical=model, prepare=prepare, reuse=index)
        for search in searches:
            retriever = HybridRetriever(index, remembering, settings=search, prepare=prepare)
            found[Choice.of(search, model)] += [
                _score(retriever, query.text, query.relevant) for query in asked.queries
            ]
        told(number, len(rounds) * len(models))
    return found


def _search_settings(current: SearchSettings, encoder: Encoder | None) -> list[SearchSettings]:
    reads = current.rerank and encoder is not None and encoder.has_tokens
    alphas = dict.fromkeys((current.alpha, *(ALPHAS if encoder else ())))
    weights = dict.fromkeys((current.maxsim_weight, *(WEIGHTS if reads else ())))
    # Conflicts change no order, and would be logged each time.
    plain = replace(current, conflicts=False)
    return [replace(plain, alpha=alpha, maxsim_weight=weight) for alpha, weight in product(alphas, weights)]


def _lexical_settings(current: LexicalSettings) -> list[LexicalSettings]:
    grid = [replace(current, method="lucene", k1=k1, b=b) for k1, b in product(K1S, BS)]
    return list(dict.fromkeys([current, *grid, *(replace(current, method=variant) for variant in VARIANTS)]))


def _score(retriever: HybridRetriever, question: str, relevant: frozenset[str]) -> float:
    return ndcg([hit.passage.id for hit in retriever.search(question, top_k=CUTOFF)], relevant, CUTOFF)
