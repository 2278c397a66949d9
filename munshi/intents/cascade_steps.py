"""The steps of a cascade: each takes what the ones before left to it, and says what it makes of that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from rapidfuzz import fuzz, process

from munshi.intents.base import Prediction
from munshi.intents.cascade_count import StepCounter
from munshi.intents.cascade_match import Match
from munshi.intents.cascade_vote import MAX_OPTIONS, GreyZone, Vote, weigh
from munshi.intents.examples import Examples
from munshi.intents.language_model import LabelPicker
from munshi.intents.registry import Trained
from munshi.knowledge.base import ChatModelError

NAME = "cascade"

# Examples of each label that a model is shown, those most like the message.
_SHOWN = 2


class Step(Protocol):
    """One step of the cascade."""

    @property
    def name(self) -> str:
        """What it is called after `cascade:` in `Prediction.classifier`."""

    @property
    def count(self) -> StepCounter:
        """What has come of it so far."""

    def wants(self, so_far: Prediction | None) -> bool:
        """Whether a message that the steps before left at `so_far` (None: not at all) comes to this step."""

    def take(self, texts: Sequence[str], so_far: Sequence[Prediction | None]) -> list[Prediction | None]:
        """One prediction a text; None leaves it as the steps before did."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Settles what `find`, given the folded text, finds among the examples, with the trust that such a match earns."""

    name: str
    find: Callable[[str], Match | None]
    folded: Callable[[str], str]
    trust: float
    count: StepCounter = field(default_factory=StepCounter)

    def wants(self, so_far: Prediction | None) -> bool:
        """What is not settled."""
        return so_far is None

    def take(self, texts: Sequence[str], _so_far: Sequence[Prediction | None]) -> list[Prediction | None]:
        """The agreed label of the examples found, surely in scope, or surely not."""
        return [self._settled(self.find(self.folded(text))) for text in texts]

    def _settled(self, match: Match | None) -> Prediction | None:
        if match is None:
            return None
        classifier = f"{NAME}:{self.name}"
        if match.label is None:
            return Prediction(None, 0.0, 0.0, (), classifier)
        return Prediction(match.label, self.trust, 1.0, ((match.label, self.trust),), classifier)


@dataclass(frozen=True, slots=True)
class Thinking:
    """The trained classifier."""

    base: Trained
    count: StepCounter = field(default_factory=StepCounter)

    @property
    def name(self) -> str:
        """The classifier's own."""
        return self.base.name

    def wants(self, so_far: Prediction | None) -> bool:
        """What is not settled."""
        return so_far is None

    def take(self, texts: Sequence[str], _so_far: Sequence[Prediction | None]) -> list[Prediction | None]:
        """What the classifier says."""
        return [replace(made, classifier=f"{NAME}:{self.name}") for made in self.base.classify(texts)]


class Asking:
    """A language model, asked about what is in the grey zone."""

    name = "llm"

    def __init__(self, picker: LabelPicker, zone: GreyZone, examples: Examples, *, timeout: float) -> None:
        """`timeout` is in seconds, for one message; a model shown `examples` of each label chooses better."""
        self.count = StepCounter()
        self._picker = picker
        self._zone = zone
        self._timeout = timeout
        self._taught: dict[str, list[str]] = defaultdict(list)
        for text, label in zip(examples.texts, examples.labels, strict=True):
            self._taught[label].append(text)

    def wants(self, so_far: Prediction | None) -> bool:
        """What the classifier is in doubt about."""
        return so_far is not None and self._zone.holds(so_far)

    def take(self, texts: Sequence[str], so_far: Sequence[Prediction | None]) -> list[Prediction | None]:
        """The predictions weighed with the model's vote; None where it fails or names no label it was given."""
        return [self._weighed(text, made) for text, made in zip(texts, so_far, strict=True)]

    def _weighed(self, text: str, made: Prediction | None) -> Prediction | None:
        if made is None:
            return None
        options = tuple(label for label, _ in made.ranked[:MAX_OPTIONS])
        try:
            picked = self._picker.pick(text, options, self._examples(text, options), self._timeout)
        except ChatModelError:
            self.count.fail()
            return None
        if picked.missed:
            self.count.fail()
            return None
        vote = Vote(options, dict(picked.shares), picked.none)
        return weigh(made, vote, classifier=f"{NAME}:{self.name}")

    def _examples(self, text: str, options: Sequence[str]) -> list[tuple[str, str]]:
        """The examples of each label that are most like the text."""
        close = {
            label: process.extract(text, self._taught[label], scorer=fuzz.ratio, limit=_SHOWN) for label in options
        }
        return [(example, label) for label in options for example, _, _ in close[label]]
