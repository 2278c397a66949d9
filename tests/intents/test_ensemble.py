from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.intents.base import IntentError, Prediction
from munshi.intents.calibration import Thresholds
from munshi.intents.ensemble import FILE, Ensemble, load
from munshi.intents.examples import Examples
from munshi.intents.few_shot import FewShotClassifier
from munshi.intents.registry import Training
from munshi.knowledge.base import Encoder
from tests.intents.contract import LearnsFromExamples, Train

INTENTS = ("a", "b", "c", "d")


class TestEnsemble(LearnsFromExamples):
    """Two real parts that see a text differently: by meaning, and by its letters alone."""

    @pytest.fixture(scope="class")
    @classmethod
    def train(cls, encoder: Encoder) -> Train:
        def both(examples: Examples) -> Ensemble:
            parts = [FewShotClassifier.fit(examples, each) for each in (encoder, None)]
            return Ensemble(parts, examples.intents)

        return both


class Saying:
    """A part that always says the same."""

    name = "saying"

    def __init__(self, in_scope: float, *shares: float, threshold: float = 0.5, **accept: float) -> None:
        ranked = tuple(sorted(zip(INTENTS, shares, strict=False), key=lambda pair: -pair[1]))
        self._made = Prediction(ranked[0][0], ranked[0][1], in_scope, ranked, self.name)
        self.thresholds = Thresholds(threshold, 0.6, accept)

    def classify(self, texts: list[str]) -> list[Prediction]:
        return [self._made for _ in texts]


def said(*parts: Saying) -> Prediction:
    return Ensemble(parts, INTENTS).classify(["text"])[0]


@given(st.lists(st.floats(0.01, 1), min_size=4, max_size=4), st.floats(0.01, 0.99))
def test_parts_that_agree_say_together_what_each_says(shares: list[float], in_scope: float) -> None:
    even = [share / sum(shares) for share in shares]
    part = Saying(in_scope, *even)
    made = said(part, part)
    assert dict(made.ranked) == pytest.approx(dict(zip(INTENTS, even, strict=True)))
    assert made.in_scope == pytest.approx(in_scope)


def test_the_surer_part_decides() -> None:
    assert said(Saying(0.9, 0.45, 0.55), Saying(0.9, 0.95, 0.05)).intent == "a"
    assert said(Saying(0.9, 0.05, 0.95), Saying(0.9, 0.55, 0.45)).intent == "b"


@given(st.permutations(range(3)))
def test_the_order_of_the_parts_does_not_matter(order: list[int]) -> None:
    parts = [Saying(0.9, 0.7, 0.3), Saying(0.2, 0.1, 0.1, 0.8), Saying(0.6, 0.25, 0.25, 0.25, 0.25)]
    mixed = said(*(parts[at] for at in order))
    assert dict(mixed.ranked) == pytest.approx(dict(said(*parts).ranked))


def test_an_intent_that_a_part_does_not_rank_keeps_what_that_part_left_over() -> None:
    # The second part gives 0.4 to the two it does not name, half of it to "c".
    made = dict(said(Saying(0.9, 0.0, 0.1, 0.9), Saying(0.9, 0.3, 0.3)).ranked)
    assert made["c"] / made["b"] == pytest.approx((0.9 * 0.2 / (0.1 * 0.3)) ** 0.5)


def test_certainty_and_impossibility_silence_nobody() -> None:
    made = said(Saying(1.0, 1.0, 0.0), Saying(0.0, 0.0, 1.0))
    assert 0 < made.confidence < 1
    assert 0 < made.in_scope < 1


def test_the_parts_reject_together_what_both_would_reject_alone() -> None:
    # Each is a little under its own threshold, though one score is above the other's threshold.
    ensemble = Ensemble([Saying(0.25, 0.5, 0.5, threshold=0.3), Saying(0.75, 0.5, 0.5, threshold=0.8)], INTENTS)
    assert ensemble.classify(["text"])[0].in_scope < ensemble.thresholds.in_scope


def test_a_high_risk_intent_needs_what_the_stricter_part_asks() -> None:
    parts = [Saying(0.9, 0.5, 0.5, a=0.4, b=0.9), Saying(0.9, 0.5, 0.5, a=0.7)]
    accept = Ensemble(parts, INTENTS).thresholds.accept
    assert accept["a"] == 0.7
    assert accept["b"] > 1  # one part has no threshold for it: always ask


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"parts": ["few_shot"], "intents": ["a"]}', '{"parts": 3}'])
def test_what_is_no_kept_ensemble_is_told_in_a_line(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / FILE).write_text(content, encoding="utf-8")
    with pytest.raises(IntentError, match=FILE):
        load(tmp_path, Training())


def test_a_part_that_cannot_be_kept_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntentError, match="saying"):
        Ensemble([Saying(0.9, 0.5, 0.5)], INTENTS).save(tmp_path)
