"""The zero-shot classifier by entailment: which of the descriptions follows from the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import IntentError, Prediction
from munshi.intents.calibration import Calibration, Thresholds
from munshi.intents.entailment import Entailment, open_entailment
from munshi.intents.examples import Examples
from munshi.intents.registry import Training
from munshi.intents.scope import ScopeModel
from munshi.intents.zero_shot_calibration import Scored, calibrate, held_out
from munshi.intents.zero_shot_file import Kept, read_zero_shot, write_zero_shot
from munshi.intents.zero_shot_model import Wanted

NAME = "zero_shot_entailment"
# Pairs of a text and a hypothesis that a calibration may take: with a model as small as MiniLM some ten seconds.
CALIBRATION_PAIRS = 2000
# Where there are too few examples to calibrate on. Chosen, not learnt: models differ, and the examples say more.
PRIOR = Calibration(8.0, ScopeModel((-3.0, 4.0, 2.0, 0.0)), Thresholds(0.5, 0.7))


class EntailmentClassifier:
    """Each intent's description is a hypothesis, and the text a premise; the likeliest hypothesis wins.

    An intent without a description goes by its name, "The customer's message is about ...". Examples are never shown
    to the model: what there are of them calibrates the confidence and the scope. Every text takes one pass of the
    model for each intent. Deterministic, and safe to call from several threads.
    """

    name = NAME

    def __init__(
        self,
        wanted: Wanted,
        calibration: Calibration,
        entailment: Entailment,
        *,
        base: str,
        prepare: Callable[[str], str] = str,
    ) -> None:
        """`base` names the model, so that a calibration is never used with another."""
        self._wanted = wanted
        self._calibration = calibration
        self._entailment = entailment
        self._base = base
        self._prepare = prepare
        named = zip(wanted.names, wanted.descriptions, strict=True)
        self._hypotheses = [said or f"The customer's message is about {name}." for name, said in named]

    def save(self, folder: Path) -> None:
        """Keep it in a folder, without the model. Raises IntentError where the folder cannot be written."""
        try:
            write_zero_shot(folder, Kept(self._base, self._wanted, self._calibration))
        except OSError as error:
            raise IntentError(f"the classifier cannot be kept in {folder} ({error.strerror})") from error

    @property
    def thresholds(self) -> Thresholds:
        """Those chosen on the examples, or fixed ones where there are too few."""
        return self._calibration.thresholds

    @property
    def intents(self) -> tuple[str, ...]:
        """The names it may answer with, sorted."""
        return self._wanted.intents

    def calibrate(self, examples: Examples, *, false_accept: float, progress: Callable[[str], None]) -> None:
        """Learn confidence, scope and thresholds from examples; see `zero_shot_calibration.calibrate`."""
        limit = CALIBRATION_PAIRS // len(self.intents)
        texts, truth = held_out(examples, self.intents, self._prepare, limit=limit)
        progress(f"Reading {len(texts)} examples against {len(self.intents)} descriptions")
        scores = np.array([self._scores(text) for text in texts]).reshape(len(texts), len(self.intents))
        scored = Scored(scores, scores, truth)
        self._calibration = calibrate(scored, self.intents, self._calibration, false_accept=false_accept)

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in order; a text without anything to read gets no intent."""
        return [self._predict(self._prepare(text)) for text in texts]

    def _scores(self, prepared: str) -> NDArray[np.float64]:
        return self._entailment(prepared, self._hypotheses)

    def _predict(self, prepared: str) -> Prediction:
        if not prepared.strip():
            return Prediction(None, 0.0, 0.0, (), self.name)
        scores = self._scores(prepared)
        return self._calibration.prediction(scores, float(scores.max()), self.intents, self.name)


def train(examples: Examples, training: Training) -> EntailmentClassifier:
    """The registry's way in. Raises TrainingDataError where there is no intent, IntentError as `open_entailment`."""
    wanted = Wanted.of(examples, training.prepare)
    made = _opened(wanted, PRIOR, training)
    made.calibrate(examples, false_accept=training.false_accept, progress=training.progress)
    return made


def load(folder: Path, training: Training) -> EntailmentClassifier:
    """The registry's way in. Raises IntentError as `open_entailment` does, and where the folder is of no use."""
    kept = read_zero_shot(folder, _name(training.base))
    return _opened(kept.wanted, kept.calibration, training)


def _opened(wanted: Wanted, calibration: Calibration, training: Training) -> EntailmentClassifier:
    entailment = open_entailment(training.base)
    return EntailmentClassifier(wanted, calibration, entailment, base=_name(training.base), prepare=training.prepare)


def _name(base: Path | None) -> str:
    return base.resolve().name if base else ""
