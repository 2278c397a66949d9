"""What the search's two weights are chosen by: `alpha` of the fusion, and the weight of late interaction.

python -m benchmarks.search_weights [--queries 300] [--alphas 0.6,0.7,0.8] [--weights 0,0.1,0.2,0.3,0.4,0.5]

Eight sets. XQuAD's even articles in English, by paragraphs and by single sentences: of them `benchmarks.retrieval`
gives the odd ones apart. The FAQs of both demo packs, asked with an alternate that is left out of the index, in the
form that the pack's preprocessing gives it. STS-B's training pairs of a score from 4 on, one sentence asked and the
other found. Intents found by their name for training examples of BANKING77, CLINC150 and SOFMattress. Of each task
`--queries` are drawn (seed 0). The figure is nDCG@10; the choice is the pair with the highest mean over the sets, each
of which counts alike, and beside each pair stands how often resampled queries choose it. A weight of 0 is the order
that fusion leaves.

Data: XQuAD (CC BY-SA 4.0), STS-B, BANKING77 (CC BY 4.0), CLINC150 (CC BY 3.0), HINT3 (ODbL).
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.intent_sets import IntentSet, banking77, clinc150, sofmattress
from benchmarks.machine import data_folder, describe
from munshi.bot.opening import open_school
from munshi.bot.settings import load_settings
from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.chunking import passages
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.evaluation import CUTOFF, Query, RetrievalTask, ndcg, read_task
from munshi.knowledge.index import Index
from munshi.knowledge.loaders import load
from munshi.knowledge.memo import RememberingEncoder
from munshi.knowledge.rerank import MaxSimReranker
from munshi.knowledge.reranker_pairs import read_pairs
from munshi.knowledge.search import HybridRetriever, SearchSettings
from munshi.knowledge.text import sentences
from munshi.knowledge.tuning_questions import left_out
from munshi.knowledge.views import Prepare, as_is

LIBRARIES = ("onnxruntime", "bm25s", "pystemmer", "numpy")
SAME = 0.8
RESAMPLES = 1000

Choice = tuple[float, float]
"""Alpha, and the weight of late interaction."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=300, help="how many of each set")
    parser.add_argument("--alphas", default="0.6,0.7,0.8")
    parser.add_argument("--weights", default="0,0.1,0.2,0.3,0.4,0.5")
    options = parser.parse_args()
    choices = list(product(*([float(one) for one in given.split(",")] for given in (options.alphas, options.weights))))
    print(describe(LIBRARIES))
    found: dict[str, NDArray[np.float64]] = {}
    with tempfile.TemporaryDirectory() as home:
        encoder = open_encoder("minilm", home=Path(home))
        if encoder is None:
            raise SystemExit("no encoder")
        for name, tasks, prepare in sets(Path(home)):
            rows = [figures(drawn(task, options.queries), encoder, choices, prepare) for task in tasks]
            found[name] = np.hstack(rows)
            print(f"{name:24} {found[name].shape[1]:5} queries   {best(found[name].mean(axis=1), choices)}", flush=True)
    show(choices, found)


def sets(home: Path) -> Iterator[tuple[str, list[RetrievalTask], Prepare]]:
    """Name, tasks and preprocessing of each set: an FAQ is a task for every place that an alternate is left out of."""
    paragraphs = even(read_task(data_folder() / "xquad" / "xquad.en.json"))
    yield "XQuAD, even articles", [paragraphs], as_is
    yield "the same, by sentences", [by_sentences(paragraphs)], as_is
    for pack in ("auto-parts", "dummy-bank"):
        with open_school(load_settings(business=pack, home=home)) as school:
            papers = [one for path in school.business.papers for one in passages(load(path))]
            tasks = [RetrievalTask(pack, one.passages, one.queries) for one in left_out(papers)]
            yield f"FAQ of {pack}", tasks, school.training.prepare
    yield "STS-B, training pairs", [alike()], as_is
    for intents in (banking77, clinc150, lambda: sofmattress("v1")):
        for one in intents():
            yield f"{one.name} by name", [by_name(one)], as_is


def even(task: RetrievalTask) -> RetrievalTask:
    """The questions to even articles, among all paragraphs."""
    asked = tuple(query for query in task.queries if int(min(query.relevant).split("/")[0]) % 2 == 0)
    return replace(task, queries=asked)


def by_sentences(task: RetrievalTask) -> RetrievalTask:
    """The same questions among single sentences: any sentence of the paragraph answers, as far as is known."""
    found = [
        replace(passage, id=f"{passage.id}#{number}", text=sentence)
        for passage in task.passages
        for number, sentence in enumerate(sentences(passage.text))
    ]
    of = defaultdict(set)
    for one in found:
        of[one.id.partition("#")[0]].add(one.id)
    asked = tuple(Query(query.text, frozenset(of[min(query.relevant)])) for query in task.queries)
    return RetrievalTask(f"{task.name}, sentences", tuple(found), asked)


def alike() -> RetrievalTask:
    pairs, _ = read_pairs(data_folder() / "stsb" / "en-train.csv")
    ids = {text: str(number) for number, text in enumerate(dict.fromkeys(pair.passage for pair in pairs))}
    wanted = defaultdict(set)
    for pair in pairs:
        if pair.label >= SAME and pair.query.casefold() != pair.passage.casefold():
            wanted[pair.query].add(ids[pair.passage])
    found = tuple(Passage(id=one, text=text, source="stsb") for text, one in ids.items())
    return RetrievalTask("stsb", found, tuple(Query(text, frozenset(ids)) for text, ids in wanted.items()))


def by_name(intents: IntentSet) -> RetrievalTask:
    names = dict.fromkeys(intents.train.labels)
    found = tuple(Passage(id=name, text=name.replace("_", " ").lower(), source=name) for name in names)
    asked = zip(intents.train.texts, intents.train.labels, strict=True)
    return RetrievalTask(intents.name, found, tuple(Query(text, frozenset({label})) for text, label in asked))


def drawn(task: RetrievalTask, count: int) -> RetrievalTask:
    order = np.random.default_rng(0).permutation(len(task.queries))[:count]
    return replace(task, queries=tuple(task.queries[place] for place in sorted(order.tolist())))


def figures(task: RetrievalTask, encoder: Encoder, choices: Sequence[Choice], prepare: Prepare) -> NDArray[np.float64]:
    """nDCG@10 of every query by every choice, (choices, queries)."""
    index = Index.from_passages(task.passages, encoder, prepare=prepare)
    remembering = RememberingEncoder(encoder, len(task.queries))
    rows = []
    for alpha, weight in choices:
        settings = SearchSettings(alpha=alpha, cache=0, conflicts=False)
        reranker = MaxSimReranker(index, remembering, weight=weight)
        search = HybridRetriever(index, remembering, settings=settings, reranker=reranker, prepare=prepare).search
        rows.append([score([hit.passage.id for hit in search(q.text, top_k=CUTOFF)], q) for q in task.queries])
    return np.array(rows)


def score(ranked: Sequence[str], query: Query) -> float:
    return ndcg(ranked, query.relevant, CUTOFF)


def best(means: NDArray[np.float64], choices: Sequence[Choice]) -> str:
    alpha, weight = choices[int(np.argmax(means))]
    return f"best {means.max():.4f} at alpha {alpha:g}, weight {weight:g}"


def show(choices: Sequence[Choice], found: dict[str, NDArray[np.float64]]) -> None:
    """Print the mean over the sets of every choice, and how often resampled queries would choose it."""
    rng = np.random.default_rng(0)
    means = np.mean([rows.mean(axis=1) for rows in found.values()], axis=0)
    votes = np.zeros(len(choices), np.int64)
    for _ in range(RESAMPLES):
        drawn = [rows[:, rng.integers(0, rows.shape[1], rows.shape[1])].mean(axis=1) for rows in found.values()]
        votes[np.argmax(np.mean(drawn, axis=0))] += 1
    print(f"\n{'alpha':>6}{'weight':>8}{'mean':>9}{'chosen':>8}" + "".join(f"{name[:12]:>14}" for name in found))
    for place, (alpha, weight) in enumerate(choices):
        cells = "".join(f"{rows[place].mean():14.4f}" for rows in found.values())
        print(f"{alpha:6.2f}{weight:8.2f}{means[place]:9.4f}{votes[place] / RESAMPLES:8.1%}{cells}")
    print(best(means, choices))


if __name__ == "__main__":
    main()
