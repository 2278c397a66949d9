"""From which score on a high-risk intent may run without asking, so that few other messages pass for it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from munshi.intents.trial import Trial

Floats = NDArray[np.float64]

FALSE_ACCEPT = 0.01
EVEN_ODDS = 0.5
"""What is likelier wrong than right is not run unasked, however seldom the examples were mistaken for each other: real
messages stray further ("5000" alone passes for a transfer of it).
"""
ALWAYS_ASK = 2.0
"""A threshold that no acceptance score reaches: confidence and in-scope score are at most 1."""


def choose_accept(
    trial: Trial, scores: Floats, intents: Sequence[str], *, rate: float = FALSE_ACCEPT, least: float = 0.0
) -> dict[str, float]:
    """For each intent the least acceptance score (confidence times in-scope score) that lets in at most `rate` of the
    messages that want something else: other intents' texts, and texts out of scope.

    `scores` (n,) are those of the trial's predictions. No threshold is below `least`.
    """
    return {
        name: max(least, conformal(np.where(trial.predicted == number, scores, 0.0)[trial.wanted != number], rate))
        for number, name in enumerate(intents)
    }


def conformal(negatives: Floats, rate: float) -> float:
    """The least score above the ceil((n + 1) (1 - rate))-th smallest of n held-out negatives (n,).

    One more negative, exchangeable with these, reaches it with a chance of at most `rate`: the order statistic of
    split conformal prediction; Angelopoulos and Bates, "A Gentle Introduction to Conformal Prediction" (2021),
    section 1. With fewer than 1 / rate - 1 negatives nothing can be promised, and it is `ALWAYS_ASK`.
    """
    # Rounded, since 100 * (1 - 0.01) may come out a hair above 99.
    rank = ceil(round((len(negatives) + 1) * (1 - rate), 9))
    if rank > len(negatives):
        return ALWAYS_ASK
    return float(np.nextafter(np.sort(negatives)[max(rank, 1) - 1], ALWAYS_ASK))
