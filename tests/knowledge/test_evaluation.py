"""The metrics against worked examples, and the sets they are read from."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.base import Encoder, KnowledgeError, Passage
from munshi.knowledge.evaluation import (
    Query,
    RetrievalTask,
    bootstrap,
    evaluate_retrieval,
    ndcg,
    precision,
    read_task,
    recall,
    reciprocal_rank,
)

RANKED = ["d3", "d1", "d9", "d2", "d7"]
RELEVANT = frozenset({"d1", "d2", "d4"})


def test_ndcg_by_hand() -> None:
    # Relevant ones at ranks 2 and 4, of three: (1/log2 3 + 1/log2 5) / (1 + 1/log2 3 + 1/log2 4).
    expected = (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / 2)
    assert ndcg(RANKED, RELEVANT, 10) == pytest.approx(expected)
    assert ndcg(RANKED, RELEVANT, 10) == pytest.approx(0.4982, abs=1e-4)


def test_ndcg_is_cut_at_k_and_so_is_its_ideal() -> None:
    assert ndcg(RANKED, RELEVANT, 1) == 0
    assert ndcg(["d1", "d2"], RELEVANT, 2) == pytest.approx(1)


def test_the_other_metrics_by_hand() -> None:
    assert recall(RANKED, RELEVANT, 1) == 0
    assert recall(RANKED, RELEVANT, 5) == pytest.approx(2 / 3)
    assert precision(RANKED, RELEVANT, 5) == pytest.approx(2 / 5)
    assert precision(["d1"], RELEVANT, 5) == pytest.approx(1 / 5)
    assert reciprocal_rank(RANKED, RELEVANT) == pytest.approx(1 / 2)
    assert reciprocal_rank(["d5"], RELEVANT) == 0


@given(st.permutations([f"d{i}" for i in range(8)]), st.frozensets(st.sampled_from([f"d{i}" for i in range(8)])))
def test_every_metric_lies_between_nothing_and_all(ranked: list[str], relevant: frozenset[str]) -> None:
    for value in (ndcg(ranked, relevant, 5), recall(ranked, relevant, 5), precision(ranked, relevant, 5)):
        assert 0 <= value <= 1 + 1e-9
    assert recall(ranked, relevant, 8) == (1.0 if relevant else 0.0)


def test_a_bootstrap_interval_holds_the_mean_and_is_the_same_twice() -> None:
    sample = [0.0, 1.0] * 50
    estimate = bootstrap(sample)
    assert estimate.value == 0.5
    # Normal approximation: 0.5 +- 1.96 * 0.05.
    assert estimate.low == pytest.approx(0.40, abs=0.03)
    assert estimate.high == pytest.approx(0.60, abs=0.03)
    assert bootstrap(sample) == estimate


def test_a_bootstrap_of_one_value_or_none() -> None:
    assert bootstrap([0.7, 0.7]).low == pytest.approx(0.7)
    assert bootstrap([]).value == 0


def squad(tmp_path: Path) -> Path:
    paragraphs = [
        {"context": "The shop opens at ten.", "qas": [{"question": "When does the shop open?"}]},
        {"context": "Clutch plates have a warranty.", "qas": [{"question": "What has a warranty?"}]},
    ]
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"data": [{"title": "Shop", "paragraphs": paragraphs}]}), encoding="utf-8")
    return path


def test_squad_gives_a_passage_for_each_paragraph(tmp_path: Path) -> None:
    task = read_task(squad(tmp_path))
    assert [passage.text for passage in task.passages] == ["The shop opens at ten.", "Clutch plates have a warranty."]
    assert task.queries[1] == Query("What has a warranty?", frozenset({task.passages[1].id}))


def test_documents_and_queries_in_one_file_or_two(tmp_path: Path) -> None:
    documents = [{"id": "1", "text": "one"}, {"id": 2, "text": "two", "title": "Second"}]
    queries = {"what is two": [2]}
    whole, papers, asked = (tmp_path / name for name in ("whole.json", "papers.json", "asked.json"))
    whole.write_text(json.dumps({"documents": documents, "queries": queries}), encoding="utf-8")
    papers.write_text(json.dumps(documents), encoding="utf-8")
    asked.write_text(json.dumps(queries), encoding="utf-8")
    one, two = read_task(whole), read_task(papers, asked)
    assert one.passages == two.passages
    assert one.queries == two.queries == (Query("what is two", frozenset({"2"})),)
    assert one.passages[1].title == "Second"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"data": 3}', '{"documents": [{"id": 1}], "queries": {}}', "7"]
)
def test_a_file_that_is_no_such_set_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"odd\.json"):
        read_task(path)


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"gone\.json"):
        read_task(tmp_path / "gone.json")


def test_the_report_holds_every_arm_and_is_plain_data(tmp_path: Path, encoder: Encoder) -> None:
    report = evaluate_retrieval(read_task(squad(tmp_path)), encoder)
    assert set(report.arms) == {"lexical", "dense", "hybrid", "reranked"}
    assert report.arms["reranked"].metrics["ndcg@10"].value == 1.0
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["arms"]["lexical"]["metrics"]["recall@1"]["value"] == 1.0
    assert plain["passages"] == plain["queries"] == 2


def test_without_an_encoder_there_is_the_lexical_arm_alone(tmp_path: Path) -> None:
    assert set(evaluate_retrieval(read_task(squad(tmp_path)), None).arms) == {"lexical"}


def test_a_set_without_questions_has_figures_of_nothing() -> None:
    task = RetrievalTask("empty", (Passage(id="1", text="one", source="1"),), ())
    assert evaluate_retrieval(task, None).arms["lexical"].metrics["mrr"].value == 0


def test_the_judged_legal_queries_are_found(data_dir: Path, encoder: Encoder) -> None:
    report = evaluate_retrieval(read_task(data_dir / "legal/documents.json", data_dir / "legal/queries.json"), encoder)
    figures = {name: arm.metrics["ndcg@10"].value for name, arm in report.arms.items()}
    assert report.queries == 30
    assert figures["hybrid"] > 0.85
    assert figures["reranked"] > 0.85
