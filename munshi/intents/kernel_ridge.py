"""Kernel ridge regression whose answers to texts it has not seen come in closed form.

It learns from few examples as well as logistic regression does and from many better, has one solution, and gives
cross-validation for the price of one fit: leaving any group out takes a solve of the group's own size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import IntentError
from munshi.intents.trial import OUTSIDE

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KernelRidge:
    """A fit on n examples of C classes.

    `inverse` is (K + diag(ridge))^-1 (n, n), of which only the lower triangle is filled; `targets` the coded labels
    (n, C), `weights` the product of the two (n, C): a text with kernel values k (n,) scores k @ weights (C,).
    """

    inverse: Floats
    targets: Floats
    weights: Floats

    @classmethod
    def fit(cls, kernel: Floats, owners: Indices, classes: int, *, ridge: float) -> KernelRidge:
        """Fit on a kernel matrix (n, n), which is overwritten, and the class number of each example (n,).

        Classes count alike however many examples they have: the ridge of an example is `ridge` times the size of its
        class over the mean size. An example of no class has the number `OUTSIDE`.
        Raises IntentError where the matrix is not positive definite.
        """
        # Only fitting needs scipy, and a start that finds its fit in the cache should not wait for the import.
        from scipy.linalg import lapack

        sizes = np.bincount(owners[owners != OUTSIDE], minlength=classes)
        shares = np.where(owners == OUTSIDE, 1.0, sizes[owners] / sizes.mean())
        kernel[np.diag_indices(len(kernel))] += ridge * shares
        # The transpose of a symmetric matrix is itself, in the memory order that LAPACK works on in place.
        factor, failed = lapack.dpotrf(kernel.T, lower=True, overwrite_a=True)
        targets = simplex(owners, classes)
        weights, _ = lapack.dpotrs(factor, targets, lower=True)
        if failed or not np.isfinite(weights).all():
            raise IntentError("the encoder's vectors are not finite numbers: check the encoder, or set none")
        inverse, _ = lapack.dpotri(factor, lower=True, overwrite_c=True)
        return cls(inverse, targets, weights)

    def without(self, group: Indices) -> Floats:
        """Scores (len(group), C) of examples, given in rising order, by the fit that all of them are left out of.

        From the partitioned inverse: y - (Q_gg)^-1 w_g, with Q the inverse and w the weights; for one example it is
        the leave-one-out formula of Rifkin and Lippert, "Notes on Regularized Least Squares" (2007), section 3.
        """
        lower = np.tril(self.inverse[np.ix_(group, group)])
        block = lower + np.tril(lower, -1).T
        return np.asarray(self.targets[group] - np.linalg.solve(block, self.weights[group]))


def simplex(owners: Indices, classes: int) -> Floats:
    """Labels as targets (n, C): 1 for the own class, -1 / (C - 1) for the others; for `OUTSIDE` all are others."""
    own = owners[:, np.newaxis] == np.arange(classes)
    return np.where(own, 1.0, -1 / max(classes - 1, 1))
