"""Does the bot know when the papers do not answer? And the fit of the confidence that decides it.

python -m benchmarks.abstention          figures on questions the confidence was not fitted on
python -m benchmarks.abstention --fit    the coefficients that stand in munshi/knowledge/evidence.py, fitted again

A confidence is a logistic regression on what speaks for a passage (`Evidence`); right or wrong is whether the first
passage found holds the answer. Fitted on: the questions to XQuAD's even articles, once with their paragraph in the
index and once with it taken out (weight 0.3 each: long encyclopaedic texts are not a shop's papers); the auto-parts
questions of `data/abstention.csv` on the whole pack, on its FAQ alone and on its other papers alone; CLINC150's
out-of-scope training questions. Held out: XQuAD's odd articles and the dummy-bank questions.

`data/abstention.csv` was written for this: a question is answerable if `contains` is filled, and answered rightly by a
passage that holds any of the `|`-separated strings there. Data: XQuAD (CC BY-SA 4.0), CLINC150 (CC BY 3.0).
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.machine import data_folder, describe
from munshi.knowledge.answer import AnswerSettings, Papers
from munshi.knowledge.base import Encoder, Hit, Passage
from munshi.knowledge.chunking import passages
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.evaluation import RetrievalTask, read_task
from munshi.knowledge.evidence import Evidence, gather
from munshi.knowledge.index import Index
from munshi.knowledge.loaders import load
from munshi.knowledge.search import HybridRetriever, SearchSettings

LIBRARIES = ("onnxruntime", "numpy", "scikit-learn", "bm25s")
PACKS = Path(__file__).resolve().parents[1] / "munshi" / "bot" / "businesses"
QUESTIONS = Path(__file__).with_name("data") / "abstention.csv"
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
PARAGRAPHS = 5  # XQuAD has five of every article
MODELS: dict[str, tuple[SearchSettings, tuple[str, ...]]] = {
    "_ON_TOKENS": (SearchSettings(), ("coverage", "dense", "max_sim", "weakest")),
    "_ON_VECTORS": (SearchSettings(rerank=False), ("coverage", "dense")),
    "_ON_WORDS": (SearchSettings(dense=False, rerank=False), ("coverage", "match")),
}

Rightly = Callable[[Passage], bool]


@dataclass(frozen=True)
class Asked:
    """A question, whether the index it is put to can answer it, and which passages do."""

    text: str
    answerable: bool
    rightly: Rightly


@dataclass(frozen=True)
class Round:
    """Questions put to one index, and what each weighs in the fit."""

    index: Index
    questions: Sequence[Asked]
    weight: float = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fit", action="store_true", help="fit the coefficients again and print them")
    options = parser.parse_args()
    print(describe(LIBRARIES))
    with tempfile.TemporaryDirectory() as home:
        encoder = open_encoder("minilm", home=Path(home))
        if encoder is None:
            raise SystemExit("no encoder")
        if options.fit:
            fit(encoder)
        else:
            report(encoder)


def fit(encoder: Encoder) -> None:
    """Print the coefficients for each amount of evidence."""
    rounds = [*shop_rounds("auto-parts", encoder), *xquad_rounds(encoder, remainder=0)]
    for name, (settings, features) in MODELS.items():
        rows, right, weights = [], [], []
        for one in rounds:
            retriever = HybridRetriever(one.index, encoder, settings=settings)
            for asked, hit, evidence in first_hits(one, retriever):
                rows.append([value(evidence, feature) for feature in features])
                right.append(asked.rightly(hit.passage))
                weights.append(one.weight)
        model = LogisticRegression(C=10, max_iter=10_000).fit(rows, right, sample_weight=weights)
        fitted = {"bias": model.intercept_[0], **dict(zip(features, model.coef_[0], strict=True))}
        print(name, "=", json.dumps({key: round(float(number), 2) for key, number in fitted.items()}))


def first_hits(one: Round, retriever: HybridRetriever) -> Iterator[tuple[Asked, Hit, Evidence]]:
    for asked in one.questions:
        hits = retriever.search(asked.text, top_k=1)
        for hit, evidence in zip(hits, gather(asked.text, hits, retriever), strict=True):
            yield asked, hit, evidence


def value(evidence: Evidence, feature: str) -> float:
    found = getattr(evidence, feature)
    return 0.0 if found is None else float(found)


def report(encoder: Encoder) -> None:
    """Print, for each held-out set, what is answered and how much of it wrongly."""
    own, *_, strangers = shop_rounds("dummy-bank", encoder)
    sets = {
        "dummy-bank, its own questions": [own],
        "CLINC150 out of scope, at dummy-bank": [strangers],
        "XQuAD, odd articles": xquad_rounds(encoder, remainder=1),
    }
    for name, (settings, _) in MODELS.items():
        print(f"\n{name.removeprefix('_ON_').lower()}")
        for title, rounds in sets.items():
            show(title, [answer for one in rounds for answer in answers(one, encoder, settings)])


def answers(one: Round, encoder: Encoder, settings: SearchSettings) -> Iterator[tuple[Asked, bool, float]]:
    """Each question with whether the answer given without a threshold is right, and the confidence in it."""
    retriever = HybridRetriever(one.index, encoder, settings=settings)
    papers = Papers(retriever, AnswerSettings(threshold=0.0))
    for asked in one.questions:
        answer = papers.ask(asked.text)
        cited = [one.index.passages[one.index.position(citation.passage_id)] for citation in answer.citations]
        yield asked, any(asked.rightly(passage) for passage in cited), answer.confidence


def show(title: str, answered: Sequence[tuple[Asked, bool, float]]) -> None:
    sure = np.array([confidence for _, _, confidence in answered])
    known = np.array([asked.answerable for asked, _, _ in answered])
    right = np.array([rightly for _, rightly, _ in answered])
    area = f"AUROC {roc_auc_score(known, sure):.3f}" if known.any() and not known.all() else "nothing answerable"
    print(f"  {title}: {known.sum()} answerable, {(~known).sum()} not; {area}")
    print("    threshold   answered rightly   wrongly   refused | unanswerable: answered all the same")
    for threshold in THRESHOLDS:
        said = sure >= threshold
        print(
            f"    {threshold:9.1f}{share(said & right, known):19.3f}{share(said & ~right, known):10.3f}"
            f"{share(~said, known):10.3f} | {share(said, ~known):.3f}"
        )


def share(which: np.ndarray, among: np.ndarray) -> float:
    return float(which[among].mean()) if among.any() else 0.0


def shop_rounds(pack: str, encoder: Encoder) -> list[Round]:
    """The pack's questions on all its papers, its FAQ and its other papers; then out-of-scope ones on all."""
    papers = [one for path in sorted((PACKS / pack / "knowledge").iterdir()) for one in passages(load(path))]
    with QUESTIONS.open(encoding="utf-8", newline="") as file:
        asked = [shop_question(row) for row in csv.DictReader(file) if row["pack"] == pack]
    parts: Iterable[list[Passage]] = (
        papers,
        [one for one in papers if one.kind == "faq"],
        [one for one in papers if one.kind != "faq"],
    )
    whole, faq, rest = (Index.from_passages(part, encoder) for part in parts)
    clinc = json.loads((data_folder() / "clinc150" / "data_full.json").read_text(encoding="utf-8"))["oos_train"]
    strangers = [Asked(text, False, lambda _passage: False) for text, _ in clinc]
    return [Round(whole, asked), Round(faq, asked), Round(rest, asked), Round(whole, strangers)]


def shop_question(row: dict[str, str]) -> Asked:
    wanted = [one.casefold() for one in row["contains"].split("|") if one]
    return Asked(row["question"], bool(wanted), lambda passage: any(one in passage.text.casefold() for one in wanted))


def xquad_rounds(encoder: Encoder, *, remainder: int) -> list[Round]:
    """Every other article: its questions with all paragraphs there, and each with its own paragraph taken out."""
    task = half(read_task(data_folder() / "xquad" / "xquad.en.json"), remainder)
    whole = Index.from_passages(task.passages, encoder)
    rounds = [Round(whole, [squad_question(query.text, query.relevant) for query in task.queries], 0.3)]
    for number in range(PARAGRAPHS):
        gone = frozenset(one.id for one in task.passages if one.id.endswith(f"/{number}"))
        index = Index.from_passages([one for one in task.passages if one.id not in gone], encoder, reuse=whole)
        orphans = [query.text for query in task.queries if query.relevant <= gone]
        rounds.append(Round(index, [squad_question(text, frozenset()) for text in orphans], 0.3))
    return rounds


def squad_question(text: str, relevant: frozenset[str]) -> Asked:
    return Asked(text, bool(relevant), lambda passage: passage.id in relevant)


def half(task: RetrievalTask, remainder: int) -> RetrievalTask:
    """The articles of even (0) or odd (1) number, and the questions to them."""
    kept = tuple(one for one in task.passages if int(one.source) % 2 == remainder)
    ids = {one.id for one in kept}
    return replace(task, passages=kept, queries=tuple(query for query in task.queries if query.relevant <= ids))


if __name__ == "__main__":
    main()
