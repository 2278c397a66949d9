"""Two rankings made one: worked figures and what holds for any scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from munshi.knowledge.fusion import convex, min_max, reciprocal_rank

SCORES = arrays(np.float32, st.integers(0, 30), elements=st.floats(-1e6, 1e6, width=32))
RANKINGS = st.lists(st.lists(st.integers(0, 20), unique=True), max_size=4)


def test_the_published_figures() -> None:
    fused = reciprocal_rank([["returns", "delivery"], ["returns", "warranty", "hours"]])

    assert fused["returns"] == pytest.approx(2 / 61)
    assert round(fused["returns"], 4) == 0.0328
    assert round(fused["delivery"], 4) == round(fused["warranty"], 4) == 0.0161
    assert fused["hours"] == pytest.approx(1 / 63)


def test_first_and_second_beats_first_in_one_alone() -> None:
    fused = reciprocal_rank([["a", "b"], ["c", "a"]])

    assert fused["a"] == pytest.approx(1 / 61 + 1 / 62)
    assert max(fused, key=fused.__getitem__) == "a"


def test_a_smaller_k_trusts_the_first_place_more() -> None:
    steep, flat = (reciprocal_rank([["a", "b"]], k=k) for k in (1, 1000))

    assert steep["a"] / steep["b"] > 1.4 > 1.01 > flat["a"] / flat["b"] > 1


def test_no_rankings_fuse_to_nothing() -> None:
    assert reciprocal_rank([]) == reciprocal_rank([[], []]) == {}


@given(RANKINGS)
def test_rank_fusion_keeps_everyone_and_heeds_no_order_of_the_arms(rankings: list[list[int]]) -> None:
    fused = reciprocal_rank(rankings)

    assert set(fused) == {key for ranking in rankings for key in ranking}
    assert fused == pytest.approx(reciprocal_rank(rankings[::-1]))
    assert all(0 < score <= len(rankings) / 61 + 1e-12 for score in fused.values())


@given(st.lists(st.integers(0, 50), unique=True, min_size=1))
def test_arms_that_agree_are_followed(ranking: list[int]) -> None:
    fused = reciprocal_rank([ranking, ranking])

    assert sorted(fused, key=fused.__getitem__, reverse=True) == ranking


@given(SCORES)
def test_stretched_scores_span_0_to_1_or_say_nothing(scores: np.ndarray) -> None:
    stretched = min_max(scores)

    assert stretched.shape == scores.shape
    assert stretched.dtype == np.float32
    if len(set(scores.tolist())) > 1:
        assert stretched.min() == 0
        assert stretched.max() == 1
    else:
        assert not stretched.any()


@given(SCORES)
def test_stretching_keeps_the_order(scores: np.ndarray) -> None:
    order = np.argsort(scores, kind="stable")

    assert (np.diff(min_max(scores)[order]) >= 0).all()


def test_stretching_leaves_its_input_alone() -> None:
    scores = np.array([2, 4, 3], dtype=np.float32)

    assert min_max(scores).tolist() == [0, 1, 0.5]
    assert scores.tolist() == [2, 4, 3]


def test_alpha_weighs_the_dense_arm() -> None:
    lexical, dense = np.array([1, 0, 0.5], dtype=np.float32), np.array([0, 1, 0.5], dtype=np.float32)

    assert convex(lexical, dense, 0).tolist() == lexical.tolist()
    assert convex(lexical, dense, 1).tolist() == dense.tolist()
    assert convex(lexical, dense, 0.25).tolist() == [0.75, 0.25, 0.5]
