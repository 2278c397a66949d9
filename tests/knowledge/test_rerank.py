"""Late interaction: the sums by hand, what a byte a number loses, and the order it makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from munshi.knowledge.base import Encoder, Hit, Passage
from munshi.knowledge.index import Index
from munshi.knowledge.rerank import MaxSimReranker, by_spread
from munshi.knowledge.token_vectors import TokenVectors, mean_max, own_tokens, quantise

EAST, NORTH = np.eye(2, dtype=np.float32)


def store(*passages: np.ndarray) -> TokenVectors:
    return TokenVectors.pack([quantise(passage) for passage in passages], 2)


def test_max_sim_is_the_mean_of_the_nearest_tokens() -> None:
    query = np.stack([EAST, NORTH])
    both, one = np.stack([EAST, NORTH, -EAST]), np.stack([EAST])
    assert mean_max(query, both) == pytest.approx(1.0)
    assert mean_max(query, one) == pytest.approx(0.5)


def test_nearest_tells_each_token_apart() -> None:
    both, one = np.stack([EAST, NORTH, -EAST]), np.stack([EAST])
    found = store(both, one).nearest(np.stack([EAST, NORTH]), [0, 1])
    assert found == pytest.approx(np.array([[1, 1], [1, 0]]))


def test_a_passage_or_a_question_without_tokens_scores_nothing() -> None:
    nothing = np.zeros((0, 2), dtype=np.float32)
    tokens = store(nothing, np.stack([EAST]), nothing)
    assert tokens.nearest(np.stack([EAST]), [0, 1, 2])[:, 0].tolist() == pytest.approx([0, 1, 0])
    assert tokens.nearest(nothing, [0, 1, 2]).shape == (3, 0)
    assert tokens.nearest(np.stack([EAST]), []).shape == (0, 1)
    assert mean_max(nothing, nothing) == 0.0


def test_an_index_of_nothing_holds_no_tokens() -> None:
    assert TokenVectors.pack([], 2).nearest(np.stack([EAST]), []).shape == (0, 1)


@given(arrays(np.float32, st.tuples(st.integers(0, 5), st.just(8)), elements=st.floats(-1, 1, width=32)))
def test_a_byte_a_number_is_exact_to_half_a_step_of_the_row(vectors: np.ndarray) -> None:
    rows, scales = quantise(vectors)
    step = np.abs(vectors).max(axis=1, initial=0) / 127
    error = np.abs(rows * scales[:, None] - vectors).max(axis=1, initial=0)
    assert (error <= step * 0.51 + 1e-9).all()


def test_the_models_own_marks_are_left_out(encoder: Encoder) -> None:
    assert len(own_tokens(encoder.encode_tokens(["clutch plate"])[0])) == 2
    assert len(own_tokens(encoder.encode_tokens([""])[0])) == 0


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    tokens = store(np.stack([EAST, NORTH]), np.stack([NORTH]))
    tokens.save(tmp_path)
    assert TokenVectors.load(tmp_path).nearest(np.stack([EAST]), [0, 1])[:, 0].tolist() == pytest.approx([1, 0])


def texts(*given: str) -> tuple[Passage, ...]:
    return tuple(Passage(id=str(i), text=text, source="a.md") for i, text in enumerate(given))


def test_the_passage_that_says_it_rises(encoder: Encoder) -> None:
    passages = texts(
        "Brake pads are checked at every service of the car.",
        "The bank opens its doors at ten in the morning.",
        "A faulty clutch plate is replaced within six months.",
    )
    hits = [Hit(passage, score=0.5) for passage in passages]
    found = MaxSimReranker(Index.from_passages(passages, encoder), encoder).rerank(
        "how long is a clutch plate replaced", hits, top_k=2
    )
    assert found[0].passage.id == "2"
    assert len(found) == 2
    assert all(hit.rerank is not None and 0 < hit.rerank <= 1 for hit in found)
    assert found[0].score >= found[1].score


def test_a_token_that_all_passages_match_alike_has_no_say() -> None:
    nearest = np.array([[0.9, 0.2, 0.5], [0.9, 0.6, 0.5]], dtype=np.float32)
    assert by_spread(nearest) == pytest.approx(np.array([0.2, 0.6]))
    assert by_spread(nearest[:1]).tolist() == [0]
    assert by_spread(np.zeros((2, 0), dtype=np.float32)).tolist() == [0, 0]


def test_a_question_without_tokens_keeps_the_order(encoder: Encoder) -> None:
    hits = [Hit(passage, score=1.0 - i) for i, passage in enumerate(texts("one thing", "another thing"))]
    index = Index.from_passages([hit.passage for hit in hits], encoder)
    assert [hit.passage.id for hit in MaxSimReranker(index, encoder).rerank("", hits, top_k=2)] == ["0", "1"]


def test_the_order_that_came_keeps_a_say(encoder: Encoder) -> None:
    passages = texts("We are open from ten to eight.", "Open from ten to eight we are.")
    hits = [Hit(passages[0], score=0.0), Hit(passages[1], score=1.0)]
    index = Index.from_passages(passages, encoder)
    assert MaxSimReranker(index, encoder, weight=0.0).rerank("opening hours", hits, top_k=2)[0].passage.id == "1"


def test_without_token_vectors_the_hits_stay_as_they_came(counting: Encoder) -> None:
    passages = texts("one thing", "another thing")
    hits = [Hit(passage, score=0.5) for passage in passages]
    reranker = MaxSimReranker(Index.from_passages(passages, counting), counting)
    assert reranker.rerank("thing", hits, top_k=5) == hits
    assert reranker.rerank("thing", [], top_k=5) == []
