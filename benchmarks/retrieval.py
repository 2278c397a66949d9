"""How well and how fast the papers are searched, each arm by itself, beside the well-known recipe.

python -m benchmarks.retrieval [--no-peer]

Tasks: XQuAD in English and in Hindi (240 paragraphs, 1,190 questions; the paragraph a question was asked about is
relevant), and 30 queries judged by hand over 100 sentences of Indian law. Settings are the defaults; what was chosen by
looking at data (alpha, the reranker's weight, the stemmer) was chosen on XQuAD's even articles, so the odd ones are
given beside the whole. On the legal set more rows show what an owner with labelled questions gets from
`munshi tune retrieval`: five folds, each searched with what was chosen on the other four, for every seed that draws the
folds; late interaction's weight alone (0 keeps hybrid's order), and all weights together, hybrid's and re-ranked.

The recipe: rank_bm25 over lower-cased words, sentence-transformers on the same weights, numpy; both min-max fused half
and half. It runs in the same process after ours where the train extra is installed. Intervals are 95 % bootstrap
intervals over queries (1,000 resamples, seed 0). Milliseconds are per query, encoding included.

Data: XQuAD (CC BY-SA 4.0), legal (documents MIT; queries of this project).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import data_folder, describe, memory_mib
from munshi.knowledge.base import Encoder
from munshi.knowledge.chunking import passages
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.evaluation import ArmReport, Query, RetrievalTask, evaluate_retrieval, read_task, report_arm
from munshi.knowledge.loaders import load
from munshi.knowledge.tuning import Trials, try_all
from munshi.knowledge.tuning_questions import Asked
from munshi.knowledge.weights import minilm_folder

LIBRARIES = ("onnxruntime", "bm25s", "pystemmer", "numpy", "rank-bm25", "sentence-transformers", "torch")
PACK = Path(__file__).resolve().parents[1] / "munshi" / "bot" / "businesses" / "auto-parts" / "knowledge"
LEGAL = "legal"
SEEDS, FOLDS = range(5), 5
METRICS = ("ndcg@10", "recall@1", "recall@3", "recall@5", "recall@10", "mrr", "precision@5")

Scores = Callable[[str], NDArray[np.float64]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-peer", action="store_true", help="leave the recipe out, though it is installed")
    options = parser.parse_args()
    peer = not options.no_peer and all(map(find_spec, ("rank_bm25", "sentence_transformers")))
    print(describe(LIBRARIES))
    if not peer:
        print("the recipe is left out: pip install -e '.[train]' for it")
    with tempfile.TemporaryDirectory() as home:
        encoder = open_encoder("minilm", home=Path(home))
        if encoder is None:
            raise SystemExit("no encoder")
        for task in tasks():
            compare(task, encoder, peer=peer)
            if task.name == LEGAL:
                tuned(task, encoder)


def tasks() -> list[RetrievalTask]:
    data = data_folder()
    english = read_task(data / "xquad" / "xquad.en.json")
    odd = tuple(query for query in english.queries if int(min(query.relevant).split("/")[0]) % 2)
    return [
        english,
        replace(english, name="xquad.en, questions to odd articles", queries=odd),
        read_task(data / "xquad" / "xquad.hi.json"),
        read_task(data / "legal" / "documents.json", data / "legal" / "queries.json"),
        pack(),
    ]


def pack() -> RetrievalTask:
    """The demo shop's papers, asked with its FAQ's alternates: they stand in the index, so the time is what counts."""
    found = [one for path in sorted(PACK.iterdir()) for one in passages(load(path))]
    queries = tuple(
        Query(alternate, frozenset({one.id}))
        for one in found
        for alternate in one.metadata.get("alternates", "").splitlines()
    )
    return RetrievalTask("auto-parts, alternates as they stand in the index", tuple(found), queries)


def compare(task: RetrievalTask, encoder: Encoder, *, peer: bool) -> None:
    """Print ours and, if it is there, the recipe's figures."""
    ours = evaluate_retrieval(task, encoder)
    print(f"\n{task.name}: {len(task.passages)} passages, {len(task.queries)} queries")
    print(f"  built in {ours.build_seconds:.1f} s")
    print(f"  {'':18}" + "".join(f"{metric:>22}" for metric in METRICS) + f"{'ms p50':>9}{'p95':>7}")
    show("", ours.arms)
    if peer:
        show("recipe ", recipe(task))
    print(f"  memory of this process {memory_mib() or float('nan'):.0f} MiB")


def show(prefix: str, arms: Mapping[str, ArmReport]) -> None:
    for name, arm in arms.items():
        figures = (arm.metrics[metric] for metric in METRICS)
        cells = "".join(f"{one.value:8.4f} ({one.low:.3f}-{one.high:.3f})" for one in figures)
        print(f"  {prefix + name:18}{cells}{arm.ms_p50:9.2f}{arm.ms_p95:7.2f}")


def tuned(task: RetrievalTask, encoder: Encoder) -> None:
    """Print what weights chosen on other questions are worth, nDCG@10, for each drawing of the folds."""
    trials = try_all([Asked(task.passages, task.queries)], encoder)
    now = trials.choices[0]
    rows = {
        "hybrid as it comes": trials.only(lambda one: one == replace(now, maxsim_weight=0.0)),
        "re-ranked, its weight": trials.only(lambda one: one == replace(now, maxsim_weight=one.maxsim_weight)),
        "hybrid, all weights": trials.only(lambda one: one.maxsim_weight == 0),
        "re-ranked, all weights": trials,
    }
    print(f"  tuned by cross-validation in {FOLDS} folds, nDCG@10 on the folds that the choice has not seen; by seed:")
    print(f"  {'':24}" + "".join(f"{f'seed {seed}':>22}" for seed in SEEDS) + f"{'mean':>9}")
    for name, some in rows.items():
        show_tuned(name, some)


def show_tuned(name: str, trials: Trials) -> None:
    found = [trials.report(FOLDS, seed=seed) for seed in SEEDS]
    cells = "".join(f"{one.tuned.value:8.4f} ({one.tuned.low:.3f}-{one.tuned.high:.3f})" for one in found)
    weights = sorted({choice.maxsim_weight for one in found for choice in one.chosen_by_fold})
    mean = np.mean([one.tuned.value for one in found])
    print(f"  {name:24}{cells}{mean:9.4f}   late interaction at {', '.join(f'{weight:g}' for weight in weights)}")


def recipe(task: RetrievalTask) -> dict[str, ArmReport]:
    """The recipe's three arms on the same passages and queries."""
    texts = ["\n".join((one.title, one.text, one.metadata.get("alternates", ""))) for one in task.passages]
    lexical, dense = recipe_lexical(texts), recipe_dense(texts)
    arms: dict[str, Scores] = {
        "lexical": lexical,
        "dense": dense,
        "hybrid": lambda query: 0.5 * stretched(lexical(query)) + 0.5 * stretched(dense(query)),
    }
    return {name: measured(task, scores) for name, scores in arms.items()}


def recipe_lexical(texts: list[str]) -> Scores:
    from rank_bm25 import BM25Okapi

    model: Any = BM25Okapi([text.lower().split() for text in texts])
    return lambda query: np.asarray(model.get_scores(query.lower().split()))


def recipe_dense(texts: list[str]) -> Scores:
    from sentence_transformers import SentenceTransformer

    model: Any = SentenceTransformer(str(minilm_folder().path), device="cpu")
    matrix = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    return lambda query: matrix @ model.encode(query, normalize_embeddings=True, show_progress_bar=False)


def stretched(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return (scores - scores.min()) / (np.ptp(scores) or 1.0)


def measured(task: RetrievalTask, scores: Scores) -> ArmReport:
    rankings, seconds = [], []
    for query in task.queries:
        started = time.perf_counter()
        order = np.argsort(-scores(query.text), kind="stable")[:10]
        seconds.append(time.perf_counter() - started)
        rankings.append([task.passages[i].id for i in order])
    return report_arm(rankings, task.queries, seconds)


if __name__ == "__main__":
    main()
