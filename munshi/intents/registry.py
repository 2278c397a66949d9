"""The classifiers by name: what a pack's setting and the command line choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from munshi.intents.base import Classifier, IntentError
from munshi.intents.calibration import Thresholds
from munshi.intents.examples import Examples
from munshi.intents.few_shot import FewShotClassifier
from munshi.knowledge.base import Encoder


@dataclass(frozen=True, slots=True)
class Training:
    """What a classifier may be trained with beside its examples. `seed` is for those that draw at random."""

    encoder: Encoder | None = None
    prepare: Callable[[str], str] = str
    seed: int = 0


class Trained(Classifier, Protocol):
    """A classifier that brings its thresholds, chosen on the examples it learnt from."""

    @property
    def thresholds(self) -> Thresholds:
        """When to reject, and when to ask back."""


Factory = Callable[[Examples, Training], Trained]


def names() -> tuple[str, ...]:
    """The classifiers there are."""
    return tuple(_FACTORIES)


def factory(name: str) -> Factory:
    """What trains the classifier of that name. Raises IntentError where there is none."""
    try:
        return _FACTORIES[name]
    except KeyError:
        raise IntentError(f"there is no classifier {name!r}: choose one of {', '.join(names())}") from None


def _few_shot(examples: Examples, training: Training) -> FewShotClassifier:
    return FewShotClassifier.fit(examples, training.encoder, prepare=training.prepare)


_FACTORIES: Mapping[str, Factory] = {"few_shot": _few_shot}
