"""Calibration for classifiers that learn from no example: examples, where there are some, are honest held-out texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from munshi.intents.acceptance import ALWAYS_ASK
from munshi.intents.calibration import Calibration
from munshi.intents.examples import Examples
from munshi.intents.trial import OUTSIDE, Trial

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# With fewer texts than this a calibration says more of them than of the classifier, and the prior is kept.
ENOUGH = 40


@dataclass(frozen=True, slots=True)
class Scored:
    """`scores` (n, C) of n texts, their `likeness` (n, C) to each intent, and the number of the right one (n,), which
    is `OUTSIDE` for a text that fits none.
    """

    scores: Floats
    likeness: Floats
    truth: Indices

    def as_they_are(self) -> Trial:
        """All texts, with every intent on the list."""
        return self._trial(self.scores, np.arange(len(self.truth)), self.truth)

    def left_out(self) -> Trial:
        """The texts in scope once more, the intent of each taken off the list: they are then out of scope."""
        rows = np.flatnonzero(self.truth != OUTSIDE)
        scores = self.scores[rows]
        scores[np.arange(len(rows)), self.truth[rows]] = np.minimum(0, scores.min(axis=1) - 1e-6)
        return self._trial(scores, rows, np.full(len(rows), OUTSIDE))

    def _trial(self, scores: Floats, rows: Indices, truth: Indices) -> Trial:
        return Trial(scores, self.likeness[rows, scores.argmax(axis=1)], truth, self.truth[rows])


def calibrate(scored: Scored, intents: Sequence[str], prior: Calibration, *, false_accept: float) -> Calibration:
    """Learn from texts that the classifier has not; see `Calibration.learn`.

    With fewer than `ENOUGH` texts in scope it is `prior`, and an intent of high risk is always confirmed.
    """
    if (scored.truth != OUTSIDE).sum() < ENOUGH:
        return replace(prior, thresholds=replace(prior.thresholds, accept=dict.fromkeys(intents, ALWAYS_ASK)))
    trials = [scored.as_they_are()]
    if len(intents) > 1:
        trials.append(scored.left_out())
    return Calibration.learn(Trial.joined(trials), intents, false_accept=false_accept)


def held_out(
    examples: Examples, intents: Sequence[str], prepare: Callable[[str], str], *, limit: int
) -> tuple[list[str], Indices]:
    """At most `limit` of the examples, prepared and spread evenly over them, and the number of each one's intent.

    None at all where they are fewer than `ENOUGH`, which spares scoring them.
    """
    number: dict[str | None, int] = {None: OUTSIDE, **{intent: at for at, intent in enumerate(intents)}}
    texts = [*examples.texts, *examples.out_of_scope]
    labels = [*examples.labels, *[None] * len(examples.out_of_scope)]
    most = min(limit, len(texts))
    kept = np.linspace(0, len(texts) - 1, most if most >= ENOUGH else 0).astype(int).tolist()
    pairs = [(prepare(texts[at]), labels[at]) for at in kept]
    # A label whose texts are all blank is no intent.
    told = [(text, number[label]) for text, label in pairs if text.strip()]
    return [text for text, _ in told], np.array([owner for _, owner in told], np.int64)
