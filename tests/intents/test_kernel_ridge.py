from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.intents.base import IntentError
from munshi.intents.kernel_ridge import KernelRidge, simplex
from munshi.intents.trial import OUTSIDE

RIDGE = 0.1


def points(seed: int, count: int) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=(count, 4))
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def kernel(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.exp(2 * (left @ right.T - 1))


def solved(known: np.ndarray, owners: np.ndarray, classes: int, ridge: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Scores by the textbook: k (K + diag(ridge))^-1 Y."""
    return kernel(asked, known) @ np.linalg.solve(kernel(known, known) + np.diag(ridge), simplex(owners, classes))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), count=st.integers(4, 25), data=st.data())
def test_leaving_a_group_out_is_fitting_without_it(seed: int, count: int, data: st.DataObject) -> None:
    known = points(seed, count)
    owners = np.arange(count) % 3
    group = np.array(sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=count - 1))))
    sizes = np.bincount(owners, minlength=3)
    ridge = RIDGE * sizes[owners] / sizes.mean()
    kept = np.setdiff1d(np.arange(count), group)

    fit = KernelRidge.fit(kernel(known, known), owners, 3, ridge=RIDGE)

    expected = solved(known[kept], owners[kept], 3, ridge[kept], known[group])
    np.testing.assert_allclose(fit.without(group), expected, atol=1e-8)


def test_scores_are_those_of_the_textbook_and_classes_count_alike() -> None:
    known, owners = points(1, 12), np.array([0] * 8 + [1] * 4)
    ridge = np.where(owners == 0, RIDGE * 8 / 6, RIDGE * 4 / 6)

    fit = KernelRidge.fit(kernel(known, known), owners, 2, ridge=RIDGE)

    asked = points(2, 3)
    np.testing.assert_allclose(kernel(asked, known) @ fit.weights, solved(known, owners, 2, ridge, asked), atol=1e-8)


def test_targets_add_up_to_nothing() -> None:
    np.testing.assert_allclose(simplex(np.array([0, 2]), 3), [[1, -0.5, -0.5], [-0.5, -0.5, 1]])


def test_what_is_known_to_fit_nothing_is_pushed_away_from_every_class() -> None:
    known = points(3, 9)
    owners = np.array([0, 1, 2] * 2 + [OUTSIDE] * 3)
    fit = KernelRidge.fit(kernel(known, known), owners, 3, ridge=RIDGE)
    scores = kernel(known, known) @ fit.weights
    assert (scores[6:] < 0.1).all()
    assert (scores[np.arange(6), owners[:6]] > 0.5).all()


def test_vectors_that_are_no_numbers_are_told() -> None:
    with pytest.raises(IntentError, match="encoder"):
        KernelRidge.fit(np.full((2, 2), np.nan), np.array([0, 1]), 2, ridge=RIDGE)
