"""What a fine-tuning trains on and what it holds out to choose, to stop and to calibrate by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.intents.support import Support
from munshi.intents.trial import OUTSIDE

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# Share of the examples that is held out; where they are few, one example of so many intents at least.
SHARE = 0.1
INTENTS = 50
# How far a rare intent's examples are weighed up: 0 not at all, 1 until all intents count alike.
BALANCE = 0.5


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of a support set, rising: `train` (m,) and `validation` (k,).

    The validation rows are examples, never names or descriptions, and of every intent some example stays in `train`.
    """

    train: Indices
    validation: Indices

    @classmethod
    def stratified(cls, support: Support, *, seed: int) -> Split:
        """Hold out of each intent, and of the texts out of scope, its share, rounded by largest remainder.

        An intent of one example gives none; nor does one give more than half.
        """
        random = np.random.default_rng(seed)
        rows = random.permutation(support.real)
        owners = support.owners[rows]
        groups = [rows[owners == owner] for owner in np.unique(owners)]
        shares = _shares(groups)
        held_out = [group[:take] for group, take in zip(groups, shares, strict=True)]
        # Texts out of scope alone would tell nothing of the intents.
        told = any(take and support.owners[group[0]] != OUTSIDE for group, take in zip(groups, shares, strict=True))
        validation = np.sort(np.concatenate(held_out)) if told else np.empty(0, np.int64)
        return cls(np.setdiff1d(np.arange(len(support.texts)), validation), validation)

    @property
    def tested(self) -> Indices:
        """Rows to choose and calibrate by: those held out, else, where every intent has one example, all."""
        return self.validation if len(self.validation) else self.train


def _shares(groups: list[Indices]) -> Indices:
    """How many of each group to hold out, (groups,)."""
    sizes = np.array([len(group) for group in groups])
    most = sizes // 2
    total = min(max(round(SHARE * sizes.sum()), min(np.count_nonzero(most), INTENTS)), int(most.sum()))
    wanted = np.minimum(total * sizes / sizes.sum(), most)
    taken = np.floor(wanted).astype(np.int64)
    while taken.sum() < total:
        taken[np.argmax(np.where(taken < most, wanted - taken, -np.inf))] += 1
    return np.asarray(taken)


def class_weights(owners: Indices, classes: int) -> Floats:
    """What an example of each class counts in the loss, (classes,): (mean size / size)^`BALANCE`."""
    sizes = np.maximum(np.bincount(owners[owners != OUTSIDE], minlength=classes), 1)
    return np.asarray((sizes.mean() / sizes) ** BALANCE)


def first_of_each(owners: Indices, rows: Indices, most: int) -> Indices:
    """Those of `rows` that are in a class, at most so many of each, in the order they stand in."""
    chosen = [rows[owners[rows] == number][:most] for number in np.unique(owners[owners != OUTSIDE])]
    return np.sort(np.concatenate(chosen))
