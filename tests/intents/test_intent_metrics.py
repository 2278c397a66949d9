from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, matthews_corrcoef, roc_auc_score

from munshi.intents.metrics import (
    auroc,
    expected_calibration_error,
    fpr_at_95_recall,
    macro_f1,
    matthews,
    percentile,
    rejecting,
)

pytestmark = pytest.mark.filterwarnings("ignore:A single label was found")

classes = st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), min_size=2, max_size=60)
scores = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9, 1.0]), min_size=1, max_size=30)


@given(classes)
def test_matthews_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    truth, said = zip(*pairs, strict=True)
    assert matthews(truth, said) == pytest.approx(matthews_corrcoef(truth, said), abs=1e-9)


@given(classes, st.integers(0, 1000))
def test_weighted_matthews_is_scikit_learns(pairs: list[tuple[int, int]], seed: int) -> None:
    truth, said = zip(*pairs, strict=True)
    weights = np.random.default_rng(seed).uniform(0.1, 2, len(truth))
    assert matthews(truth, said, weights) == pytest.approx(
        matthews_corrcoef(truth, said, sample_weight=weights), abs=1e-6
    )


def test_matthews_of_two_classes_by_hand() -> None:
    # TP 2, TN 1, FP 1, FN 0: (2 * 1 - 1 * 0) / sqrt(3 * 2 * 2 * 1)
    assert matthews([1, 1, 0, 0], [1, 1, 1, 0]) == pytest.approx(2 / np.sqrt(12))


@given(classes)
def test_macro_f1_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    truth, said = zip(*pairs, strict=True)
    assert macro_f1(truth, said) == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))


@given(scores, scores)
def test_auroc_is_scikit_learns(inside: list[float], outside: list[float]) -> None:
    expected = roc_auc_score([1] * len(inside) + [0] * len(outside), inside + outside)
    assert auroc(inside, outside) == pytest.approx(expected)


def test_fpr95_by_hand() -> None:
    inside = np.arange(1, 101) / 100  # 95 of them are 0.06 or more
    assert fpr_at_95_recall(inside, [0.05, 0.06, 0.5, 0.01]) == 0.5
    assert (inside >= 0.06).mean() == 0.95


def test_ece_by_hand() -> None:
    # bin 15: mean confidence 0.95, half right, weight 2/4; bin 8: 0.5 and all right, weight 2/4
    assert expected_calibration_error([0.95, 0.95, 0.5, 0.5], [1, 0, 1, 1]) == pytest.approx(0.5 * 0.45 + 0.5 * 0.5)


def test_ece_counts_a_border_in_the_lower_bin() -> None:
    # 1/15 is in the first bin, just above it in the second: two bins, gaps 1/15 and 1 - 0.07
    found = expected_calibration_error([1 / 15, 0.07], [0, 1])
    assert found == pytest.approx((1 / 15 + 0.93) / 2)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=50))
def test_ece_is_a_share(rows: list[tuple[float, bool]]) -> None:
    assert 0 <= expected_calibration_error([row[0] for row in rows], [row[1] for row in rows]) <= 1


def test_percentile_interpolates() -> None:
    assert percentile([1, 2, 3, 4], 0.5) == 2.5


def test_rejecting_keeps_what_reaches_the_threshold() -> None:
    assert rejecting([3, 4, 5], [0.4, 0.5, 0.6], 0.5).tolist() == [-1, 4, 5]
