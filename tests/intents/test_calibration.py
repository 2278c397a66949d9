from __future__ import annotations

import numpy as np
import pytest

from munshi.intents.calibration import Calibration, choose_clarify, choose_in_scope, fit_temperature, softmax
from munshi.intents.metrics import expected_calibration_error
from munshi.intents.scope import PRIOR, ScopeModel
from munshi.intents.trial import OUTSIDE, Trial

CLASSES = 4


def trial(*, inside: int, outside: int, seed: int = 0, gap: float = 0.6) -> Trial:
    """Scores as the classifier's are: about 0.3, the right class above by about `gap`."""
    rng = np.random.default_rng(seed)
    count = inside + outside
    truth = np.concatenate([rng.integers(0, CLASSES, inside), np.full(outside, OUTSIDE)])
    scores = rng.normal(0, 0.15, (count, CLASSES))
    scores[np.arange(inside), truth[:inside]] += rng.normal(gap, 0.25, inside)
    nearest = np.clip(np.concatenate([rng.normal(0.7, 0.1, inside), rng.normal(0.5, 0.1, outside)]), 0, 1)
    return Trial(scores, nearest, truth)


def test_confidence_means_what_it_says_on_unseen_texts() -> None:
    temperature = fit_temperature(trial(inside=800, outside=0, seed=1))
    unseen = trial(inside=4000, outside=0, seed=2)
    confidence = softmax(unseen.scores, temperature).max(axis=1)
    assert expected_calibration_error(confidence, unseen.predicted == unseen.truth) < 0.05


def test_sure_and_right_calls_for_a_higher_temperature() -> None:
    assert fit_temperature(trial(inside=300, outside=0, gap=1.2)) > fit_temperature(
        trial(inside=300, outside=0, gap=0.3)
    )


def test_scope_is_learnt_and_separates_unseen_texts() -> None:
    scope = ScopeModel.fit(trial(inside=300, outside=300, seed=3))
    unseen = trial(inside=300, outside=300, seed=4)
    probability = scope.probability(unseen.scores, unseen.nearest)
    assert ((probability >= 0.5) == (unseen.truth != OUTSIDE)).mean() > 0.85


def test_more_of_each_feature_never_speaks_against() -> None:
    # nearest examples farther in scope than out: a free fit would turn the sign
    base = trial(inside=200, outside=200, seed=5)
    scope = ScopeModel.fit(Trial(base.scores, 1 - base.nearest, base.truth))
    assert all(weight >= 0 for weight in scope.weights[1:])


def test_scope_without_texts_on_both_sides_is_the_prior() -> None:
    assert ScopeModel.fit(trial(inside=20, outside=0)).weights == PRIOR
    assert ScopeModel.fit(Trial.empty(CLASSES)).weights == PRIOR


def test_how_many_are_out_of_scope_does_not_move_the_threshold_far() -> None:
    few, many = trial(inside=400, outside=100, seed=6), trial(inside=400, outside=400, seed=6)
    chosen = [Calibration.learn(made).thresholds.in_scope for made in (few, many)]
    assert abs(chosen[0] - chosen[1]) < 0.15


def test_in_scope_threshold_lies_between_two_heaps() -> None:
    made = trial(inside=100, outside=100, gap=1.5)
    probability = np.where(made.truth == OUTSIDE, 0.2, 0.8)
    assert 0.2 < choose_in_scope(probability, made) <= 0.8


def test_clarify_threshold_asks_where_asking_is_cheaper_than_a_mistake() -> None:
    confidence = np.concatenate([np.full(100, 0.4), np.full(100, 0.9)])
    correct = np.concatenate([np.arange(100) < 50, np.ones(100, bool)])
    assert 0.4 < choose_clarify(confidence, correct) <= 0.75
    assert choose_clarify(confidence, np.ones(200, bool)) <= 0.4


@pytest.mark.parametrize("classes", [1, 2])
def test_few_classes_calibrate(classes: int) -> None:
    made = Trial(np.full((3, classes), 0.5), np.full(3, 0.6), np.zeros(3, dtype=np.int64))
    calibration = Calibration.learn(made)
    assert 0 < calibration.thresholds.in_scope < 1
    assert np.isfinite(calibration.scope.probability(made.scores, made.nearest)).all()
