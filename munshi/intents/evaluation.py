"""How good a classifier is on a test set that it has not seen, thresholds included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from time import perf_counter
from typing import Any, Protocol, runtime_checkable

from munshi.intents.base import Classifier, Prediction, TrainingDataError
from munshi.intents.evaluation_outcome import Outcome, Timing
from munshi.intents.evaluation_report import Report, ShotsReport
from munshi.intents.examples import Examples
from munshi.intents.registry import Factory, Training
from munshi.knowledge.base import Encoder

# Texts timed one at a time, spread evenly over the test set.
TIMED = 300
# Texts classified between two words of progress.
CHUNK = 250

Progress = Callable[[int, int], None]


@runtime_checkable
class Stepwise(Protocol):
    """A classifier that goes by steps and counts them."""

    def steps(self) -> Sequence[Any]:
        """A dataclass for each step, in order, with the milliseconds `p50_ms` and `p95_ms` among its fields."""

    def reset_steps(self) -> None:
        """Begin to count anew."""


def evaluate(
    train: Examples,
    test: Examples,
    factory: Factory,
    training: Training,
    *,
    progress: Progress | None = None,
) -> Report:
    """Train on one set, measure on another. `Examples.splitting_off` tells either set which label is out of scope.

    `progress` is told how many test texts of how many are done. Raises TrainingDataError where the training set has
    fewer than two labels, or the test set is empty or has labels that the training set lacks.
    """
    check_sets(train, test)
    classifier = factory(train, training)
    texts = (*test.texts, *test.out_of_scope)
    outcome = Outcome.of(train.intents, test, _classified(classifier, texts, progress))
    counted = _steps(classifier)
    timing = _timed(classifier, training.encoder, texts)
    return Report(
        classifier=classifier.name,
        train=len(train.texts),
        thresholds=classifier.thresholds,
        metrics=outcome.metrics(classifier.thresholds.in_scope, timing),
        outcome=outcome,
        steps=tuple({**row, **_times(timed)} for row, timed in zip(counted, _steps(classifier), strict=True)),
    )


def evaluate_shots(
    train: Examples,
    test: Examples,
    factory: Factory,
    training: Training,
    *,
    shots: int,
    seeds: int,
    progress: Progress | None = None,
) -> ShotsReport:
    """`evaluate` on `shots` examples an intent drawn from the training set, for the seeds 0 to `seeds` - 1."""
    runs = [
        evaluate(train.sample(shots, seed=seed), test, factory, replace(training, seed=seed), progress=progress)
        for seed in range(seeds)
    ]
    return ShotsReport(shots, tuple(range(seeds)), tuple(runs))


def check_sets(train: Examples, test: Examples) -> None:
    """Raise TrainingDataError where nothing can be learnt from the one, or measured on the other."""
    if len(train.intents) < 2:
        raise TrainingDataError("the training set has fewer than two labels: there is nothing to tell apart")
    if not test.texts:
        raise TrainingDataError("the test set has no texts in scope: there is nothing to measure on")
    unknown = sorted(set(test.intents) - set(train.intents))
    if unknown:
        raise TrainingDataError(
            f"the test set has labels that the training set lacks ({', '.join(unknown[:5])}): "
            "drop those rows, or say which label means out of scope"
        )


def _classified(classifier: Classifier, texts: Sequence[str], progress: Progress | None) -> list[Prediction]:
    made: list[Prediction] = []
    for start in range(0, len(texts), CHUNK):
        made += classifier.classify(texts[start : start + CHUNK])
        if progress is not None:
            progress(len(made), len(texts))
    return made


def _steps(classifier: Classifier) -> tuple[dict[str, Any], ...]:
    """What each step did since this was last asked."""
    if not isinstance(classifier, Stepwise):
        return ()
    rows = tuple(asdict(step) for step in classifier.steps())
    classifier.reset_steps()
    return rows


def _times(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step's times, which count for single texts only: many at a time share their time among them."""
    return {name: step[name] for name in ("p50_ms", "p95_ms")}


def _timed(classifier: Classifier, encoder: Encoder | None, texts: Sequence[str]) -> Timing:
    """Single texts, one at a time, after the pass over all of them has warmed everything up.

    The encoder alone takes its turn on each text, so that both meet the machine in the same mood.
    """
    alone, whole = [], []
    for text in texts[:: -(-len(texts) // TIMED)]:
        if encoder is not None:
            alone.append(_milliseconds(encoder.encode, text))
        whole.append(_milliseconds(classifier.classify, text))
    return Timing(tuple(whole), tuple(alone))


def _milliseconds(work: Callable[[Sequence[str]], object], text: str) -> float:
    started = perf_counter()
    work([text])
    return (perf_counter() - started) * 1000
