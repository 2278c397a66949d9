"""How well the papers are searched: standard figures for each arm, from questions whose passages are known."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from munshi.knowledge.base import Encoder, KnowledgeError, Passage
from munshi.knowledge.embedding import Progress
from munshi.knowledge.index import Index
from munshi.knowledge.search import HybridRetriever, SearchSettings
from munshi.knowledge.views import Prepare, as_is

CUTOFF = 10
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Query:
    """A question and the ids of all passages that answer it."""

    text: str
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class RetrievalTask:
    """Passages, and questions whose passages are known."""

    name: str
    passages: tuple[Passage, ...]
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ArmReport:
    """One arm's figures, by metric, and how long a query took (milliseconds, encoding included)."""

    metrics: Mapping[str, Estimate]
    ms_p50: float
    ms_p95: float


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Every arm's figures on one task."""

    task: str
    passages: int
    queries: int
    encoder: str | None
    build_seconds: float
    arms: Mapping[str, ArmReport]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data for JSON."""
        return asdict(self)


METRICS: Mapping[str, Callable[[Sequence[str], frozenset[str]], float]] = {
    "ndcg@10": lambda ranked, relevant: ndcg(ranked, relevant, CUTOFF),
    "recall@1": lambda ranked, relevant: recall(ranked, relevant, 1),
    "recall@3": lambda ranked, relevant: recall(ranked, relevant, 3),
    "recall@5": lambda ranked, relevant: recall(ranked, relevant, 5),
    "recall@10": lambda ranked, relevant: recall(ranked, relevant, 10),
    "mrr": lambda ranked, relevant: reciprocal_rank(ranked, relevant),
    "precision@5": lambda ranked, relevant: precision(ranked, relevant, 5),
}


def ndcg(ranked: Sequence[str], relevant: frozenset[str], k: int) -> float:
    """Normalised discounted cumulative gain at k, every relevant id worth 1 (Järvelin & Kekäläinen, TOIS 2002)."""
    gain = sum(1 / np.log2(rank + 1) for rank, one in enumerate(ranked[:k], 1) if one in relevant)
    ideal = sum(1 / np.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
    return float(gain / ideal) if ideal else 0.0


def recall(ranked: Sequence[str], relevant: frozenset[str], k: int) -> float:
    """The share of the relevant ids among the first k."""
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def precision(ranked: Sequence[str], relevant: frozenset[str], k: int) -> float:
    """The share of relevant ids in the first k places."""
    return len(relevant.intersection(ranked[:k])) / k


def reciprocal_rank(ranked: Sequence[str], relevant: frozenset[str]) -> float:
    """1 / the rank of the first relevant id, 0 where none is there."""
    return next((1 / rank for rank, one in enumerate(ranked, 1) if one in relevant), 0.0)


def bootstrap(values: Sequence[float], *, resamples: int = _RESAMPLES, seed: int = 0) -> Estimate:
    """The mean with the 2.5 % and 97.5 % quantiles of the means of resamples (Efron's percentile interval)."""
    sample = np.asarray(values, dtype=np.float64)
    if not len(sample):
        return Estimate(0.0, 0.0, 0.0)
    drawn = np.random.default_rng(seed).integers(0, len(sample), (resamples, len(sample)))
    low, high = np.quantile(sample[drawn].mean(axis=1), (0.025, 0.975))
    return Estimate(float(sample.mean()), float(low), float(high))


def evaluate_retrieval(
    task: RetrievalTask,
    encoder: Encoder | None,
    *,
    settings: SearchSettings | None = None,
    prepare: Prepare = as_is,
    progress: Progress | None = None,
) -> RetrievalReport:
    """Every arm's figures: `lexical`, and where there is an encoder `dense`, `hybrid` and `reranked`.

    `progress` is told of passages embedded and to embed. Raises EncoderError where the encoder fails.
    """
    started = time.perf_counter()
    index = Index.from_passages(task.passages, encoder, prepare=prepare, progress=progress)
    built = time.perf_counter() - started
    reports = {}
    for name, arm in _arms(settings or SearchSettings(), index).items():
        # A retriever of its own for each arm: none finds a query remembered from another.
        reports[name] = _measure(task, HybridRetriever(index, encoder, settings=arm, prepare=prepare))
    used = encoder.name if encoder else None
    return RetrievalReport(task.name, len(task.passages), len(task.queries), used, built, reports)


def report_arm(rankings: Sequence[Sequence[str]], queries: Sequence[Query], seconds: Sequence[float]) -> ArmReport:
    """Figures of any searcher from the ids it ranked for each query, best first, and the time each query took."""
    values = {
        name: [metric(ranked[:CUTOFF], query.relevant) for ranked, query in zip(rankings, queries, strict=True)]
        for name, metric in METRICS.items()
    }
    p50, p95 = np.quantile(seconds, (0.5, 0.95)) * 1000 if len(seconds) else (0.0, 0.0)
    return ArmReport({name: bootstrap(sample) for name, sample in values.items()}, float(p50), float(p95))


def _arms(settings: SearchSettings, index: Index) -> dict[str, SearchSettings]:
    settings = replace(settings, cache=0)  # a question asked twice would be answered in no time
    arms = {"lexical": replace(settings, lexical=True, dense=False, rerank=False)}
    if index.vectors is not None:
        arms["dense"] = replace(settings, lexical=False, dense=True, rerank=False)
        arms["hybrid"] = replace(settings, lexical=True, dense=True, rerank=False)
    if index.tokens is not None:
        arms["reranked"] = replace(settings, lexical=True, dense=True, rerank=True)
    return arms


def _measure(task: RetrievalTask, retriever: HybridRetriever) -> ArmReport:
    rankings, seconds = [], []
    for query in task.queries:
        started = time.perf_counter()
        hits = retriever.search(query.text, top_k=CUTOFF)
        seconds.append(time.perf_counter() - started)
        rankings.append([hit.passage.id for hit in hits])
    return report_arm(rankings, task.queries, seconds)


def read_task(corpus: Path, queries: Path | None = None) -> RetrievalTask:
    """A task from files: SQuAD JSON (its paragraphs are the passages), or `{documents, queries}` JSON.

    In the second form documents are `[{"id", "text", "title"?}]` and queries `{"text of the query": [ids]}`, in one
    file or in two. Raises KnowledgeError where a file is not of that form.
    """
    data = _read_json(corpus)
    try:
        if isinstance(data, dict) and "data" in data:
            return _squad(corpus.stem, data)
        documents = data["documents"] if isinstance(data, dict) else data
        asked = _read_json(queries) if queries else data["queries"]
        return _judged(corpus.parent.name, documents, asked.get("queries", asked))
    except (AttributeError, KeyError, TypeError) as error:
        raise KnowledgeError(
            f"{corpus}: no retrieval set ({error!r}); give SQuAD JSON, or documents (id, text) and queries (ids)"
        ) from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KnowledgeError(f"{path}: cannot be read as JSON ({error}); check the file") from error


def _squad(name: str, data: Mapping[str, Any]) -> RetrievalTask:
    passages, queries = [], []
    for article, entry in enumerate(data["data"]):
        for number, paragraph in enumerate(entry["paragraphs"]):
            one = f"{article}/{number}"
            passages.append(Passage(id=one, text=paragraph["context"], source=str(article)))
            queries += [Query(qa["question"], frozenset({one})) for qa in paragraph["qas"]]
    return RetrievalTask(name, tuple(passages), tuple(queries))


def _judged(name: str, documents: Sequence[Mapping[str, str]], queries: Mapping[str, Sequence[str]]) -> RetrievalTask:
    passages = tuple(
        Passage(id=str(one["id"]), text=one["text"], source=str(one["id"]), title=one.get("title", ""))
        for one in documents
    )
    return RetrievalTask(name, passages, tuple(Query(text, frozenset(map(str, ids))) for text, ids in queries.items()))
