"""The classifiers by name: what a pack's setting and the command line choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol, runtime_checkable

from munshi.intents.base import Classifier, IntentError
from munshi.intents.calibration import Thresholds
from munshi.intents.examples import Examples
from munshi.knowledge.base import ChatModel, Encoder


def _silent(_text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Training:
    """What a classifier may be trained or loaded with beside its examples; each takes what it needs.

    `seed` is for those that draw at random, `mask` hides a message's private pieces from the language `model`, `base`
    is the Hugging Face folder of those that start from one (fine-tuned, entailment), `work` where a long training
    keeps what it needs to go on after a stop, `false_accept` the share of other messages that may pass for a high-risk
    intent.
    """

    encoder: Encoder | None = None
    prepare: Callable[[str], str] = str
    seed: int = 0
    model: ChatModel | None = None
    base: Path | None = None
    work: Path | None = None
    false_accept: float = 0.01
    progress: Callable[[str], None] = field(default=_silent)
    mask: Callable[[str], str] = str


class Trained(Classifier, Protocol):
    """A classifier that brings its thresholds, chosen on the examples it learnt from."""

    @property
    def thresholds(self) -> Thresholds:
        """When to reject, and when to ask back."""


@runtime_checkable
class Savable(Protocol):
    """A classifier that can be kept in a folder and loaded again without its examples."""

    def save(self, folder: Path) -> None:
        """Keep it, without the encoder. Raises IntentError where the folder cannot be written."""


Factory = Callable[[Examples, Training], Trained]
Loader = Callable[[Path, Training], Trained]

# The module of each classifier: its `train` is a Factory and its `load`, where it has one, a Loader.
_MODULES: Mapping[str, str] = {
    "few_shot": "munshi.intents.few_shot",
    "zero_shot": "munshi.intents.zero_shot",
    "zero_shot_entailment": "munshi.intents.zero_shot_entailment",
    "zero_shot_llm": "munshi.intents.language_model_zero_shot",
    "few_shot_llm": "munshi.intents.language_model_few_shot",
    "cascade": "munshi.intents.cascade",
    "fine_tuned": "munshi.intents.fine_tuned",
    "ensemble": "munshi.intents.ensemble",
}


def names() -> tuple[str, ...]:
    """The classifiers there are."""
    return tuple(_MODULES)


def factory(name: str) -> Factory:
    """What trains the classifier of that name. Raises IntentError where there is none."""
    made: Factory = _from_module(name, "train")
    return made


def loader(name: str) -> Loader:
    """What loads a saved classifier of that name. Raises IntentError where there is none, or nothing to load."""
    made: Loader = _from_module(name, "load")
    return made


def _from_module(name: str, function: str) -> Callable[..., Trained]:
    if name not in _MODULES:
        raise IntentError(f"there is no classifier {name!r}: choose one of {', '.join(names())}")
    found: Callable[..., Trained] | None = getattr(import_module(_MODULES[name]), function, None)
    if found is None:
        raise IntentError(f"the classifier {name} cannot be saved: there is nothing in it to keep")
    return found
