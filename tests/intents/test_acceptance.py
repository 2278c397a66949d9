from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.intents.acceptance import ALWAYS_ASK, choose_accept, conformal
from munshi.intents.calibration import Calibration
from munshi.intents.trial import OUTSIDE, Trial

NAMES = ("block_card", "opening_hours", "transfer")


def trial(rows: int, seed: int) -> tuple[Trial, np.ndarray]:
    """Texts, a third of them out of scope, with acceptance scores that are higher where the prediction is right."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(OUTSIDE, len(NAMES), rows)
    scores = rng.normal(0, 0.3, (rows, len(NAMES)))
    scores[truth != OUTSIDE, truth[truth != OUTSIDE]] += 0.6
    made = Trial(scores, np.full(rows, 0.5), truth)
    return made, np.clip(rng.normal(0.4, 0.2, rows) + 0.2 * (made.predicted == truth), 0, 1)


def let_in(made: Trial, scores: np.ndarray, number: int, threshold: float) -> float:
    others = made.wanted != number
    return float(((made.predicted == number) & (scores >= threshold))[others].mean())


@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_the_stated_rate_holds_on_unseen_texts_in_the_mean(rate: float) -> None:
    shares = []
    for seed in range(40):
        accept = choose_accept(*trial(400, seed), NAMES, rate=rate)
        unseen, scores = trial(4000, 1000 + seed)
        shares += [let_in(unseen, scores, number, accept[name]) for number, name in enumerate(NAMES)]
    assert 0 < np.mean(shares) <= rate


@given(
    negatives=st.lists(st.floats(0, 1), max_size=300),
    rate=st.sampled_from([0.005, 0.01, 0.02, 0.1, 0.5]),
)
def test_a_threshold_lets_in_no_more_than_its_share_of_what_it_was_chosen_on(
    negatives: list[float], rate: float
) -> None:
    threshold = conformal(np.array(negatives), rate)
    assert sum(score >= threshold for score in negatives) <= rate * (len(negatives) + 1)
    assert threshold == ALWAYS_ASK or threshold <= np.nextafter(1, 2)


def test_a_stricter_rate_asks_more() -> None:
    negatives = np.random.default_rng(0).uniform(0, 1, 500)
    thresholds = [conformal(negatives, rate) for rate in (0.2, 0.05, 0.01, 0.001)]
    assert thresholds == sorted(thresholds)
    assert thresholds[-1] == ALWAYS_ASK


@pytest.mark.parametrize(("count", "enough"), [(0, False), (98, False), (99, True)])
def test_with_too_few_other_texts_it_always_asks(count: int, enough: bool) -> None:
    assert (conformal(np.zeros(count), 0.01) <= 1) is enough


def test_texts_of_an_intent_that_was_left_out_are_not_held_against_it() -> None:
    scores = np.tile([1.0, 0.0, 0.0], (200, 1))
    origin = np.repeat([0, 1], 100)
    made = Trial(scores, np.ones(200), np.full(200, OUTSIDE), origin)
    accept = choose_accept(made, np.where(origin == 0, 0.9, 0.3), NAMES, rate=0.01)
    assert 0.3 < accept["block_card"] < 0.9


def test_calibration_gives_the_named_intents_a_threshold_and_nobody_else() -> None:
    made, _ = trial(300, 0)
    assert not Calibration.learn(made).thresholds.accept
    thresholds = Calibration.learn(made, NAMES, false_accept=0.02).thresholds
    assert set(thresholds.accept) == set(NAMES)
    assert all(value >= thresholds.in_scope * thresholds.clarify for value in thresholds.accept.values())
