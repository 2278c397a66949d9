"""Pairs that an encoder scores: of the texts there are, on the scale of the labels, none that was scored already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from munshi.knowledge.reranker_imitation import imitated
from munshi.knowledge.reranker_pairs import Pair


@dataclass(frozen=True)
class OnACircle:
    """Texts are angles in degrees."""

    name: str = "circle"
    dim: int = 2
    has_tokens: bool = False

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        angles = np.radians([float(text) for text in texts])
        return np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)

    def encode_tokens(self, texts: Sequence[str]) -> list[np.ndarray]:
        raise NotImplementedError


def cosine(pair: Pair) -> float:
    one, other = OnACircle().encode([pair.query, pair.passage])
    return float(one @ other)


@pytest.fixture
def scored() -> list[Pair]:
    rng = np.random.default_rng(0)
    pairs = [Pair(str(a), str(b), 0.0, symmetric=True) for a, b in rng.integers(0, 180, (300, 2)).tolist()]
    return [replace(pair, label=(1 + cosine(pair)) / 2) for pair in pairs]


def test_new_pairs_of_the_same_texts_get_the_label_that_their_cosine_stands_for(scored: list[Pair]) -> None:
    made = imitated(scored, OnACircle(), 400, seed=0)
    texts = {text for pair in scored for text in (pair.query, pair.passage)}
    known = {frozenset((pair.query, pair.passage)) for pair in scored}
    new = [frozenset((pair.query, pair.passage)) for pair in made]
    assert len(made) > 200
    assert len(set(new)) == len(new)
    assert not known.intersection(new)
    assert all(pair.symmetric and len(both) == 2 and both <= texts for pair, both in zip(made, new, strict=True))
    assert [pair.label for pair in made] == pytest.approx([(1 + cosine(pair)) / 2 for pair in made], abs=0.05)


def test_labels_are_spread_as_those_of_the_scored_pairs(scored: list[Pair]) -> None:
    high = [pair for pair in scored if pair.label > 0.9]
    made = imitated(high, OnACircle(), 100, seed=0)
    assert made
    assert min(pair.label for pair in made) >= 0.9


def test_the_same_seed_draws_the_same(scored: list[Pair]) -> None:
    assert imitated(scored, OnACircle(), 50, seed=1) == imitated(scored, OnACircle(), 50, seed=1)
    assert imitated(scored, OnACircle(), 50, seed=1) != imitated(scored, OnACircle(), 50, seed=2)


@pytest.mark.parametrize("count", [0, -1])
def test_none_are_made_where_none_are_wanted(scored: list[Pair], count: int) -> None:
    assert imitated(scored, OnACircle(), count, seed=0) == []


def test_a_question_and_its_answer_are_no_sentence_pair() -> None:
    assert imitated([Pair("1", "2", 1.0), Pair("3", "4", 0.0)], OnACircle(), 9, seed=0) == []


@pytest.mark.parametrize("pairs", [[Pair("1", "1", 1.0, True)], [Pair("1", "2", 1.0, True)]])
def test_too_few_texts_make_no_pair(pairs: list[Pair]) -> None:
    assert imitated(pairs, OnACircle(), 9, seed=0) == []
