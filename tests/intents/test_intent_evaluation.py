from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from munshi.intents.base import IntentError, Prediction, TrainingDataError
from munshi.intents.calibration import Thresholds
from munshi.intents.evaluation import evaluate, evaluate_shots
from munshi.intents.evaluation_outcome import OUT_OF_SCOPE
from munshi.intents.examples import Examples, read_examples
from munshi.intents.registry import Training, factory, names
from munshi.knowledge.base import Encoder

TRAIN = Examples(("a", "b", "c", "d"), ("x", "x", "y", "y"))


THRESHOLDS = Thresholds(in_scope=0.5, clarify=0.5)


@dataclass
class Scripted:
    """A classifier that reads its answer from the text: `x 0.9 0.7` is intent x, confidence 0.9, in scope 0.7."""

    thresholds: Thresholds = THRESHOLDS
    name: str = "scripted"

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        return [self._read(*text.split()) for text in texts]

    def _read(self, intent: str, confidence: str, in_scope: str) -> Prediction:
        known = None if intent == "-" else intent
        return Prediction(known, float(confidence), float(in_scope), ((intent, float(confidence)),), self.name)


def scripted(_examples: Examples, _training: Training) -> Scripted:
    return Scripted()


def test_figures_by_hand() -> None:
    test = Examples(
        ("x 0.9 0.9", "x 0.8 0.45", "y 0.6 0.8", "x 0.7 0.6"),
        ("x", "x", "y", "y"),
        ("x 0.9 0.48", "y 0.5 0.1"),
    )
    found = evaluate(TRAIN, test, scripted, Training()).to_dict()
    assert found["in_scope_accuracy"] == 3 / 4
    assert found["in_scope_accuracy_rejecting"] == 2 / 4
    assert found["oos_recall"] == 2 / 2
    assert found["accuracy"] == 4 / 6
    # in scope 0.9 0.45 0.8 0.6 against 0.48 0.1: one of eight pairs stands the wrong way round
    assert found["auroc"] == pytest.approx(7 / 8)
    # the lowest text in scope, 0.45, lets one of two in
    assert found["fpr95"] == 1 / 2
    assert found["confusion"] == {"labels": ("x", "y", OUT_OF_SCOPE), "counts": ((1, 0, 1), (1, 1, 0), (0, 0, 2))}
    # at 0.5: s 6, c 4, t (2, 2, 2), p (2, 1, 3): (24 - 12) / sqrt((36 - 14) (36 - 12))
    assert found["mcc"] == pytest.approx(12 / (22 * 24) ** 0.5)
    # at 0.4: c 4, p (4, 1, 1): (24 - 12) / sqrt((36 - 18) (36 - 12)) is the best of the sweep
    assert found["mcc_swept"] == pytest.approx(12 / (18 * 24) ** 0.5)
    assert found["ece"] == pytest.approx((0.1 + 0.2 + 0.4 + 0.7) / 4)
    assert 0 <= found["p50_ms"] <= found["p95_ms"]


def test_without_texts_out_of_scope_nothing_is_rejected() -> None:
    found = evaluate(TRAIN, Examples(("x 0.9 0.1", "y 0.9 0.9"), ("x", "y")), scripted, Training()).to_dict()
    assert found["accuracy"] == found["mcc"] == found["macro_f1"] == 1
    assert found["in_scope_accuracy_rejecting"] == 1 / 2
    assert [found[name] for name in ("oos_recall", "auroc", "fpr95", "mcc_swept")] == [None] * 4
    assert found["confusion"]["labels"] == ("x", "y")


def test_no_intent_counts_as_out_of_scope() -> None:
    test = Examples(("- 0 0", "y 0.9 0.9"), ("x", "y"))
    found = evaluate(TRAIN, test, scripted, Training()).to_dict()
    assert found["accuracy"] == 1 / 2
    assert found["confusion"]["counts"] == ((0, 0, 1), (0, 1, 0), (0, 0, 0))


def test_a_report_is_json() -> None:
    report = evaluate(TRAIN, Examples(("x 0.9 0.9", "y 0.9 0.9"), ("x", "y"), ("x 0.1 0.1",)), scripted, Training())
    assert json.loads(json.dumps(report.to_dict()))["thresholds"] == {"in_scope": 0.5, "clarify": 0.5}


def test_progress_reaches_the_end() -> None:
    told: list[tuple[int, int]] = []
    test = Examples(("x 0.9 0.9",) * 300, ("x",) * 300, ("x 0.1 0.1",) * 300)
    evaluate(TRAIN, test, scripted, Training(), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (600, 600)
    assert len(told) > 1


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        (Examples(("a", "b"), ("x", "x")), Examples(("x 1 1",), ("x",)), "two labels"),
        (Examples((), ()), Examples(("x 1 1",), ("x",)), "two labels"),
        (TRAIN, Examples((), ()), "no texts in scope"),
        (TRAIN, Examples((), (), ("x 1 1",)), "no texts in scope"),
        (TRAIN, Examples(("x 1 1",), ("zebra",)), "zebra"),
    ],
)
def test_sets_that_cannot_be_measured_on_are_told(train: Examples, test: Examples, told: str) -> None:
    with pytest.raises(TrainingDataError, match=told):
        evaluate(train, test, scripted, Training())


def test_shots_are_drawn_and_told_over_seeds(shop: Examples) -> None:
    seen: list[tuple[int, int]] = []

    def noting(examples: Examples, training: Training) -> Scripted:
        seen.append((training.seed, len(examples.texts)))
        return Scripted()

    test = Examples(("order_status 0.9 0.9", "check_price 0.9 0.9"), ("order_status", "order_status"))
    found = evaluate_shots(shop, test, noting, Training(), shots=2, seeds=3).to_dict()
    assert seen == [(0, 8), (1, 8), (2, 8)]
    assert (found["shots"], found["seeds"], found["train"]) == (2, [0, 1, 2], 8)
    assert found["mean"]["in_scope_accuracy"] == 0.5
    assert found["std"]["in_scope_accuracy"] == 0
    assert "auroc" not in found["mean"]
    assert json.loads(json.dumps(found))


def test_classifiers_are_found_by_name(shop: Examples) -> None:
    assert "few_shot" in names()
    assert factory("few_shot")(shop, Training()).name == "few_shot"
    with pytest.raises(IntentError, match="few_shot"):
        factory("nonesuch")


def test_sofmattress_is_understood_as_well_as_the_readme_says(data_dir: Path, encoder: Encoder) -> None:
    """Half a point is left for processors whose int8 arithmetic rounds otherwise."""
    folder = data_dir / "hint3" / "v1"
    train, test = (
        read_examples(folder / f"sofmattress_{part}.csv").splitting_off("NO_NODES_DETECTED")
        for part in ("train", "test")
    )
    found = evaluate(train, test, factory("few_shot"), Training(encoder)).metrics
    assert found.in_scope_accuracy >= 0.785 - 0.005
    assert found.mcc_swept is not None
    assert found.mcc_swept >= 0.66 - 0.005
    assert found.mcc >= 0.64 - 0.005
