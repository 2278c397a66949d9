"""The cascade: what an example says needs no thought, and only what is in doubt is worth a language model's time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from munshi.intents.base import IntentError, Prediction
from munshi.intents.calibration import Thresholds
from munshi.intents.cascade_count import StepReport
from munshi.intents.cascade_match import ExampleIndex, Trust, fold
from munshi.intents.cascade_steps import NAME, Asking, Matching, Step, Thinking
from munshi.intents.cascade_vote import GreyZone
from munshi.intents.examples import Examples
from munshi.intents.language_model import LabelPicker
from munshi.intents.registry import Savable, Trained, Training, factory, loader
from munshi.knowledge.encoder import known_words

BASE = "few_shot"
FILE = "cascade.json"

MODEL_TIMEOUT = 4.0
"""Seconds that a language model may take over one message: a customer is waiting."""

LEAST_TRUST = 0.95
"""Near matches are used where the examples, held out in turn, give them at least this chance of being right."""

# Forms of messages kept, so that a message is prepared once for all steps.
_REMEMBERED = 64


class Cascade:
    """Exact and near examples, then a trained classifier, then a language model for what that one is in doubt about.

    Where the model fails, is slow or talks rubbish, what the classifier said stands. Asking the customer back and
    falling back are decisions on the result and the router's. Safe to call from several threads.
    """

    name = NAME

    def __init__(self, base: Trained, examples: Examples, steps: Sequence[Step]) -> None:
        """Join what `around` makes; a message goes through the steps in order."""
        self._base = base
        self._examples = examples
        self._steps = tuple(steps)

    @classmethod
    def around(
        cls, base: Trained, examples: Examples, training: Training, *, model_timeout: float = MODEL_TIMEOUT
    ) -> Cascade:
        """A cascade round a classifier that has learnt from `examples`.

        Of `training` it takes what prepares texts and the language model; without a model that step is left out.
        `model_timeout` is in seconds.
        """
        prepare = training.prepare
        index = _index(examples, prepare)
        trust = Trust.learn(index)
        folded = lru_cache(maxsize=_REMEMBERED)(lambda text: fold(prepare(text)))
        steps: list[Step] = [Matching("exact", index.exact, folded, trust.exact)]
        if trust.near >= LEAST_TRUST:
            steps.append(Matching("near", index.near, folded, trust.near))
        steps.append(Thinking(base))
        if training.model is not None:
            picker = LabelPicker(training.model, examples.descriptions, mask=training.mask)
            steps.append(Asking(picker, GreyZone(base.thresholds), examples, timeout=model_timeout))
        return cls(base, examples, steps)

    @property
    def thresholds(self) -> Thresholds:
        """Those of the classifier within."""
        return self._base.thresholds

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in order; its `classifier` names the step that settled it, as in `cascade:exact`.

        Raises what the classifier within raises.
        """
        found: list[Prediction | None] = [None] * len(texts)
        for step in self._steps:
            mine = [at for at, made in enumerate(found) if step.wants(made)]
            if mine:
                with step.count.timing(len(mine)):
                    answers = step.take([texts[at] for at in mine], [found[at] for at in mine])
                for at, answer in zip(mine, answers, strict=True):
                    found[at] = found[at] if answer is None else answer
        settled = [made for made in found if made is not None]
        self._tally(settled)
        return settled

    def _tally(self, settled: Sequence[Prediction]) -> None:
        by_step = Counter(made.classifier.removeprefix(f"{NAME}:") for made in settled)
        for step in self._steps:
            step.count.settle(by_step[step.name])

    def steps(self) -> tuple[StepReport, ...]:
        """What each step has settled, and how long it took, since the start or the last `reset_steps`."""
        total = sum(step.count.settled for step in self._steps)
        return tuple(step.count.report(step.name, total) for step in self._steps)

    def reset_steps(self) -> None:
        """Count from nought."""
        for step in self._steps:
            step.count.reset()

    def save(self, folder: Path) -> None:
        """Keep the classifier within and the examples. Raises IntentError where either cannot be kept."""
        if not isinstance(self._base, Savable):
            raise IntentError(f"the classifier {self._base.name} in the cascade cannot be saved: choose another")
        self._base.save(folder / self._base.name)
        kept = {"base": self._base.name, "examples": asdict(self._examples)}
        try:
            with TemporaryDirectory(prefix=".writing-", dir=folder) as scratch:
                fresh = Path(scratch) / FILE
                fresh.write_text(json.dumps(kept), encoding="ascii")
                fresh.replace(folder / FILE)
        except OSError as error:
            raise IntentError(f"the cascade cannot be kept in {folder} ({error.strerror})") from error


def train(examples: Examples, training: Training) -> Cascade:
    """The registry's way in: round a few-shot classifier."""
    return Cascade.around(factory(BASE)(examples, training), examples, training)


def load(folder: Path, training: Training) -> Cascade:
    """The registry's way in. Raises IntentError where a part is missing, damaged or of another version."""
    path = folder / FILE
    try:
        kept = json.loads(path.read_text(encoding="ascii"))
        base, examples = str(kept["base"]), _examples(kept["examples"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntentError(f"{path} cannot be read ({error}): train the classifier again") from error
    return Cascade.around(loader(base)(folder / base, training), examples, training)


def _examples(kept: Mapping[str, Any]) -> Examples:
    texts, labels, outside = (tuple(map(str, kept[name])) for name in ("texts", "labels", "out_of_scope"))
    return Examples(texts, labels, outside, dict(kept["descriptions"]))


def _index(examples: Examples, prepare: Callable[[str], str]) -> ExampleIndex:
    texts = (*examples.texts, *examples.out_of_scope)
    labels = (*examples.labels, *[None] * len(examples.out_of_scope))
    return ExampleIndex([fold(prepare(text)) for text in texts], labels, known_words())
