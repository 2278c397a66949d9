"""Two classifiers that err differently, their probabilities pooled: few-shot and fine-tuned together.

They see a text through different encoders, one that knows the language at large and one that was taught the shop's
intents, so that where one is sure and wrong the other often doubts. It costs two passes through an encoder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp, log
from pathlib import Path

from munshi.intents.acceptance import ALWAYS_ASK
from munshi.intents.base import RANKED, IntentError, Prediction
from munshi.intents.calibration import Thresholds
from munshi.intents.examples import Examples
from munshi.intents.registry import Savable, Trained, Training, factory, loader
from munshi.knowledge.files import replace_text

NAME = "ensemble"
PARTS = ("few_shot", "fine_tuned")
FILE = "ensemble.json"
# A probability of 0 or 1 would silence the other part.
_LEAST = 1e-9


class Ensemble:
    """The even logarithmic pool of its parts' probabilities.

    Genest and Zidek, "Combining probability distributions: a critique and an annotated bibliography" (1986): the
    geometric mean, normalised. The in-scope score is pooled in the same way, and so is its threshold, so that the parts
    decide together what they would decide alone if they agreed. Deterministic, and safe to call from several threads.
    """

    name = NAME

    def __init__(self, parts: Sequence[Trained], intents: Sequence[str]) -> None:
        """Join classifiers of the same `intents`."""
        self._parts = tuple(parts)
        self._intents = tuple(sorted(intents))

    @property
    def intents(self) -> tuple[str, ...]:
        """The names it may answer with, sorted."""
        return self._intents

    @property
    def thresholds(self) -> Thresholds:
        """The pool of the parts' own; a high-risk intent needs what the stricter part asks of it."""
        chosen = [part.thresholds for part in self._parts]
        accept = {name: max(each.accept.get(name, ALWAYS_ASK) for each in chosen) for name in self._intents}
        clarify = sum(each.clarify for each in chosen) / len(chosen)
        return Thresholds(_pooled([each.in_scope for each in chosen]), clarify, accept)

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in order; a text that a part finds nothing to read in gets no intent."""
        made = [part.classify(texts) for part in self._parts]
        return [self._joined(predictions) for predictions in zip(*made, strict=True)]

    def save(self, folder: Path) -> None:
        """Keep the parts in folders of their own. Raises IntentError where they cannot be kept."""
        for part in self._parts:
            if not isinstance(part, Savable):
                raise IntentError(f"the classifier {part.name} cannot be saved: there is nothing in it to keep")
            part.save(folder / part.name)
        content = {"parts": [part.name for part in self._parts], "intents": self._intents}
        try:
            replace_text(folder / FILE, json.dumps(content))
        except OSError as error:
            raise IntentError(f"the classifier cannot be kept in {folder} ({error.strerror})") from error

    def _joined(self, made: Sequence[Prediction]) -> Prediction:
        if any(prediction.intent is None for prediction in made):
            return Prediction(None, 0.0, 0.0, (), NAME)
        shares = _pool([dict(prediction.ranked) for prediction in made], len(self._intents))
        ranked = tuple(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))[:RANKED])
        in_scope = _pooled([prediction.in_scope for prediction in made])
        return Prediction(ranked[0][0], ranked[0][1], in_scope, ranked, NAME)


def _pool(parts: Sequence[Mapping[str, float]], intents: int) -> dict[str, float]:
    """Geometric means of the probabilities of each intent that a part ranks, normalised over all the `intents`.

    What a part leaves over is shared evenly among those that it does not rank.
    """
    left = [max(1 - sum(shares.values()), 0.0) / max(intents - len(shares), 1) for shares in parts]
    named = {name for shares in parts for name in shares}
    means = {
        name: exp(
            sum(log(max(shares.get(name, rest), _LEAST)) for shares, rest in zip(parts, left, strict=True)) / len(parts)
        )
        for name in named
    }
    unnamed = (intents - len(named)) * exp(sum(log(max(rest, _LEAST)) for rest in left) / len(parts))
    total = sum(means.values()) + unnamed
    return {name: mean / total for name, mean in means.items()}


def _pooled(shares: Sequence[float]) -> float:
    """The pool of probabilities that something is so: the logistic of the mean of their logits."""
    kept = [min(max(share, _LEAST), 1 - _LEAST) for share in shares]
    return 1 / (1 + exp(-sum(log(share / (1 - share)) for share in kept) / len(kept)))


def train(examples: Examples, training: Training) -> Ensemble:
    """The registry's way in. Needs the train extra, as `fine_tuned` does; raises what its parts raise."""
    return Ensemble([factory(name)(examples, training) for name in PARTS], examples.intents)


def load(folder: Path, training: Training) -> Ensemble:
    """The registry's way in. Needs no extra. Raises IntentError where a part is missing, damaged, or was changed."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        names, intents = [str(name) for name in content["parts"]], [str(name) for name in content["intents"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntentError(f"{folder / FILE} cannot be read ({error}): train the classifier again") from error
    if tuple(names) != PARTS:
        raise IntentError(f"{folder / FILE} names other parts than {', '.join(PARTS)}: train the classifier again")
    return Ensemble([loader(name)(folder / name, replace(training, work=None)) for name in names], intents)
