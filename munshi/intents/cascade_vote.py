"""A language model's vote among the likeliest labels, weighed against what the classifier knew before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from munshi.intents.base import Prediction
from munshi.intents.calibration import Thresholds

MAX_OPTIONS = 5
RELIABILITY = 0.8
"""How often a small model that chooses among five labels knows; in the other cases it is taken to guess.

On held-out rows of BANKING77's training file (10 shots, 10 intents left out) a vote weighed so still helps where the
model in truth knows 6 times in 10, and the ECE falls.
"""

# Of the way from 0 to the in-scope threshold, what is below is hopeless; of the way from it to 1, what is above is
# surely in scope.
_HOPELESS = 0.5
_SURE = 0.25
# The likeliest labels must hold this much of the probability, or the right one is likely not among them.
_LEAST_SHARE = 0.5
# A score of 0 or 1 would leave a vote nothing to change.
_SURELY_NOT = 1e-6
# Stands for all the labels that a prediction does not rank.
_UNRANKED = ""


@dataclass(frozen=True, slots=True)
class GreyZone:
    """Where a second opinion is worth its time: what the classifier's thresholds call neither clear nor hopeless."""

    thresholds: Thresholds

    def holds(self, made: Prediction) -> bool:
        """Whether the prediction is in doubt: its confidence is one to ask back at, or its scope is borderline.

        With the in-scope threshold t, borderline is from t / 2 up to t + (1 - t) / 4; below lies what fits nothing.
        Where the five likeliest labels hold less than half the probability, choosing among them would not help.
        """
        edge = self.thresholds.in_scope
        if made.intent is None or made.in_scope < edge * _HOPELESS:
            return False
        if sum(share for _, share in made.ranked[:MAX_OPTIONS]) < _LEAST_SHARE:
            return False
        return made.confidence < self.thresholds.clarify or made.in_scope < edge + (1 - edge) * _SURE


@dataclass(frozen=True, slots=True)
class Vote:
    """What a model said of the `options` it was given: `shares` of them (those left out share evenly in what is left)
    and the share of `none` of them, together at most 1.
    """

    options: tuple[str, ...]
    shares: Mapping[str, float]
    none: float

    def likelihood(self, label: str | None) -> float:
        """P(this vote | `label` is right), up to a constant; for a label not among the options, none of them is right.

        The one-coin model of Dawid and Skene (1979): with probability `RELIABILITY` the model knows, and `shares` is
        how sure it is; else it guesses, one in all there is to choose.
        """
        return RELIABILITY * self._share(label) + (1 - RELIABILITY) / (len(self.options) + 1)

    def _share(self, label: str | None) -> float:
        if label not in self.options:
            return self.none
        left = max(1 - self.none - sum(self.shares.values()), 0.0)
        unnamed = len(self.options) - len(self.shares)
        return self.shares.get(label, left / unnamed if unnamed else 0.0)


def weigh(made: Prediction, vote: Vote, *, classifier: str) -> Prediction:
    """The prediction after a vote, by Bayes' rule; `classifier` is what it says it comes from.

    The classifier's `in_scope` s and shares p are the prior: s * p for a label, 1 - s for none at all, the rest of s
    for the labels it did not rank. The new `in_scope` is 1 less the posterior of none at all, the new shares are the
    labels' parts of it. Whatever comes of it, the router runs no high-risk intent on a model's word unconfirmed.
    """
    weighed = {label: share * vote.likelihood(label) for label, share in _prior(made).items()}
    total = sum(weighed.values())
    scope = 1 - weighed[None] / total
    shares = [(name, weighed[name] / (total - weighed[None])) for name, _ in made.ranked]
    ranked = tuple(sorted(shares, key=lambda pair: -pair[1]))
    intent, confidence = ranked[0]
    return replace(made, intent=intent, confidence=confidence, in_scope=scope, ranked=ranked, classifier=classifier)


def _prior(made: Prediction) -> dict[str | None, float]:
    """Probabilities of each ranked label, of `_UNRANKED` for all other labels, and of None for no label at all."""
    scope = min(max(made.in_scope, _SURELY_NOT), 1 - _SURELY_NOT)
    prior: dict[str | None, float] = {name: scope * share for name, share in made.ranked}
    unranked = scope * max(1 - sum(share for _, share in made.ranked), 0.0)
    return {**prior, _UNRANKED: unranked, None: 1 - scope}
