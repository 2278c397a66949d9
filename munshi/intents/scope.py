"""How likely it is that a text is about any of the intents at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.intents.trial import OUTSIDE, Trial

Floats = NDArray[np.float64]

# Bias and weights of the three features where there is nothing to learn from, and how strongly the learnt ones are
# held to them. Fitted on intents drawn from the training files of BANKING77 and CLINC150.
PRIOR = (-4.5, 5.0, 2.5, 3.0)
PRIOR_STRENGTH = 1.0


@dataclass(frozen=True, slots=True)
class ScopeModel:
    """Logistic regression on the best score, its margin over the second, and the similarity to the nearest example.

    `weights` are the bias and three weights that are never negative: more of each always speaks for being in scope.
    """

    weights: tuple[float, ...] = PRIOR

    @classmethod
    def fit(cls, trial: Trial) -> ScopeModel:
        """Maximum a posteriori under a normal prior around `PRIOR`; see `Trial.weights`.

        Without texts on both sides the prior is all there is.
        """
        inside = trial.truth != OUTSIDE
        if inside.all() or not inside.any():
            return cls()
        # Only fitting needs scipy.
        from scipy.optimize import minimize

        features = _features(trial.scores, trial.nearest)
        signs = np.where(inside, 1.0, -1.0)
        shares = trial.weights

        def loss(weights: Floats) -> tuple[float, Floats]:
            margins = signs * (features @ weights)
            pull = weights - PRIOR
            value = shares @ np.logaddexp(0, -margins) + PRIOR_STRENGTH / 2 * pull @ pull
            slope = -(shares * signs / (1 + np.exp(margins))) @ features + PRIOR_STRENGTH * pull
            return float(value), slope

        bounds = [(None, None)] + [(0, None)] * (len(PRIOR) - 1)
        found = minimize(loss, np.array(PRIOR), jac=True, method="L-BFGS-B", bounds=bounds)
        return cls(tuple(map(float, found.x)))

    def probability(self, scores: Floats, nearest: Floats) -> Floats:
        """In scope, 0 to 1, (n,), from scores (n, C) and similarity to the nearest example (n,)."""
        return np.asarray(1 / (1 + np.exp(-_features(scores, nearest) @ np.array(self.weights))))


def _features(scores: Floats, nearest: Floats) -> Floats:
    ordered = np.sort(scores, axis=1)
    best = ordered[:, -1]
    margin = best - ordered[:, -2] if scores.shape[1] > 1 else best
    return np.column_stack([np.ones(len(best)), best, margin, nearest])
