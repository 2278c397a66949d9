"""The dense arm against sums done by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from munshi.knowledge.dense import highest
from munshi.knowledge.short_vectors import ShortVectors
from munshi.knowledge.vectors import MANY, VectorIndex

EAST, NORTH, WEST = np.eye(2, dtype=np.float32)[0], np.eye(2, dtype=np.float32)[1], np.array([-1, 0], dtype=np.float32)


def test_a_passage_with_one_vector_scores_its_cosine() -> None:
    index = VectorIndex(np.stack([EAST, NORTH, WEST]), [1, 1, 1])
    assert index.scores(EAST).tolist() == [1, 0, -1]


def test_several_vectors_count_by_the_mean_of_the_whole_and_the_nearest() -> None:
    index = VectorIndex(np.stack([NORTH, WEST, EAST, WEST]), [3, 1])
    # The whole points north (0), the nearest of its three vectors east (1).
    assert index.scores(EAST).tolist() == [0.5, -1]


def test_an_empty_index_scores_nothing() -> None:
    assert VectorIndex(np.zeros((0, 4), dtype=np.float32), []).scores(np.ones(4, dtype=np.float32)).shape == (0,)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.data())
def test_every_passage_gets_its_own_vectors(counts: list[int], data: st.DataObject) -> None:
    numbers = st.floats(-1, 1, width=32)
    matrix = data.draw(arrays(np.float32, (sum(counts), 3), elements=numbers))
    query = data.draw(arrays(np.float32, 3, elements=numbers))
    index = VectorIndex(matrix, counts)
    starts = np.cumsum([0, *counts])
    for i, count in enumerate(counts):
        rows = matrix[starts[i] : starts[i] + count]
        assert index.rows(i).tolist() == rows.tolist()
        cosines = rows @ query
        expected = cosines[0] if count == 1 else (cosines[0] + cosines.max()) / 2
        assert index.scores(query)[i] == pytest.approx(expected, abs=1e-5)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.data())
def test_some_passages_alone_score_as_among_all(counts: list[int], data: st.DataObject) -> None:
    numbers = st.floats(-1, 1, width=32)
    index = VectorIndex(data.draw(arrays(np.float32, (sum(counts), 3), elements=numbers)), counts)
    query = data.draw(arrays(np.float32, 3, elements=numbers))
    some = np.array(data.draw(st.lists(st.integers(0, len(counts) - 1))), dtype=np.int64)
    assert index.scores_at(some, query) == pytest.approx(index.scores(query)[some], abs=1e-6)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    index = VectorIndex(np.stack([NORTH, WEST, EAST]), [2, 1])
    index.save(tmp_path)
    again = VectorIndex.load(tmp_path)
    assert again.scores(EAST).tolist() == index.scores(EAST).tolist()
    assert again.counts.tolist() == [2, 1]


@pytest.mark.parametrize("content", [b"", b"not an array", b"\x93NUMPY\x01\x00"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    VectorIndex(np.stack([NORTH]), [1]).save(tmp_path)
    (tmp_path / "vectors.npy").write_bytes(content)
    with pytest.raises((OSError, ValueError, EOFError)):
        VectorIndex.load(tmp_path)


def flat(rows: int, dim: int = 48, rank: int = 12) -> np.ndarray:
    """Unit vectors that lie, but for a little, on a few axes: as those of texts do."""
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((rows, rank)) @ rng.standard_normal((rank, dim))
    vectors += 0.05 * rng.standard_normal((rows, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def many() -> VectorIndex:
    """Three thousand passages, each second one with two vectors."""
    counts = np.array([1, 2] * 1500)
    matrix = flat(int(counts.sum()))
    return VectorIndex(matrix, counts, ShortVectors.of(matrix, 16))


@pytest.mark.parametrize("count", [1, 10, 100])
def test_a_first_look_at_short_vectors_loses_nothing_that_is_near(many: VectorIndex, count: int) -> None:
    allowed = np.arange(len(many.counts)) % 7 != 0
    for query in flat(5):
        exact = highest(many.scores(query), allowed, count)
        found = many.similar(query, count).best(allowed, count)
        assert found.tolist() == exact.tolist()
        assert many.similar(query, count).at(found) == pytest.approx(many.scores(query)[found], abs=1e-6)


def test_what_only_looked_near_and_scores_nothing_is_not_found() -> None:
    rng = np.random.default_rng(5)
    matrix = rng.standard_normal((3000, 48)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    blurred = VectorIndex(matrix, np.ones(3000, dtype=np.int64), ShortVectors.of(matrix, 2))
    allowed = np.arange(3000) < 60
    found = blurred.similar(matrix[0], 60).best(allowed, 60)
    assert 0 in found
    assert (blurred.scores(matrix[0])[found] > 0).all()


def test_where_nothing_is_allowed_nothing_is_near(many: VectorIndex) -> None:
    nowhere = np.zeros(len(many.counts), dtype=bool)
    assert many.similar(flat(1)[0], 10).best(nowhere, 10).tolist() == []


def test_short_vectors_are_kept_with_the_rest(many: VectorIndex, tmp_path: Path) -> None:
    many.save(tmp_path)
    again = VectorIndex.load(tmp_path)
    assert again.short is not None
    query, allowed = flat(1)[0], np.ones(len(many.counts), dtype=bool)
    assert again.similar(query, 10).best(allowed, 10).tolist() == many.similar(query, 10).best(allowed, 10).tolist()


def test_only_many_vectors_are_made_short() -> None:
    few = VectorIndex(flat(100), np.ones(100, dtype=np.int64)).prepared()
    assert few.short is None
    enough = VectorIndex(flat(MANY), np.ones(MANY, dtype=np.int64)).prepared()
    assert enough.short is not None
    assert enough.short.matrix.shape == (MANY, 48)
