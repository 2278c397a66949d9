"""Calibrating a fine-tuned classifier on texts held out from its training.

Confidence comes from the examples held out. Texts out of scope are those held out of `Examples.out_of_scope`, and a
stand-in: each example held out once more, its own intent taken from the head, the class means and the known n-grams.
That costs nothing, where training without each intent in turn would cost a training each. It flatters: the encoder
has learnt to set the missing intent apart, so a stranger close to the shop's own business looks nearer than its
stand-in does. With 40 intents of BANKING77's training file learnt and the other 37 for strangers, the threshold came
out at 0.52 where 0.68 would have been best (MCC 0.70 instead of 0.74); for strangers far off, the out-of-scope
training texts of CLINC150, 0.18 would have been best (0.86 instead of 0.91). It lies between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from munshi.intents.calibration import Calibration
from munshi.intents.fine_tuned_model import FineTunedModel, Vectors
from munshi.intents.grams import grams
from munshi.intents.support import Support
from munshi.intents.training_split import Split
from munshi.intents.trial import OUTSIDE, Trial

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# As many examples held out tell as much of the temperature as training does, after which the logits are about right
# as they are; from fewer it would be a guess.
TEMPERATURE_TEXTS = 20
# A gram that the texts of more than one class hold.
SHARED = -2


def learn(
    support: Support, split: Split, vectors: Vectors, head: tuple[Vectors, Vectors], *, false_accept: float
) -> tuple[FineTunedModel, Calibration]:
    """The head (weights and bias) with all that serving needs beside it; see `Calibration.learn`.

    `vectors` (n, dim) are the sentence vectors of all the support's texts.
    """
    weights, bias = head
    owners, taught, tested = support.owners, split.train, split.tested
    known = gram_owners([support.texts[row] for row in taught.tolist()], owners[taught])
    best = np.max(vectors[tested] @ weights.T + bias, axis=1)
    model = FineTunedModel(
        intents=support.intents,
        weights=weights,
        bias=bias,
        means=class_means(vectors[taught], owners[taught], len(support.intents)),
        scale=max(float(best[owners[tested] != OUTSIDE].mean()), 1.0),
        known=frozenset(known),
    )
    texts = [support.texts[row] for row in tested.tolist()]
    trial = held_out(model, texts, vectors[tested], owners[tested], known)
    calibration = Calibration.learn(trial, support.intents, false_accept=false_accept)
    told = np.count_nonzero(owners[tested] != OUTSIDE) / TEMPERATURE_TEXTS
    temperature = np.exp((told * np.log(calibration.temperature) + np.log(model.scale)) / (told + 1))
    return model, replace(calibration, temperature=float(temperature))


def class_means(vectors: Vectors, owners: Indices, classes: int) -> Vectors:
    """Mean vector of each class at length 1, (classes, dim); texts of no class (`OUTSIDE`) are left out."""
    means = np.stack([vectors[owners == number].mean(axis=0) for number in range(classes)])
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12), np.float32)


def gram_owners(texts: Iterable[str], owners: Indices) -> dict[str, int]:
    """Every n-gram of the texts in a class, with the one class that has it, or `SHARED`."""
    found: dict[str, int] = {}
    for text, owner in zip(texts, owners.tolist(), strict=True):
        if owner != OUTSIDE:
            for gram in set(grams(text)):
                found[gram] = owner if found.get(gram, owner) == owner else SHARED
    return found


def held_out(
    model: FineTunedModel, texts: Sequence[str], vectors: Vectors, owners: Indices, known: dict[str, int]
) -> Trial:
    """Texts that were held out, with their sentence vectors and class numbers, and the strangers they stand in for.

    For `known` see `gram_owners`.
    """
    scores = model.scores(vectors)
    trial = Trial(scores, model.nearest(texts, vectors, scores), owners)
    return Trial.joined([trial, _strangers(model, texts, vectors, owners, known)])


def _strangers(
    model: FineTunedModel, texts: Sequence[str], vectors: Vectors, owners: Indices, known: dict[str, int]
) -> Trial:
    """The texts of each class as a classifier without that class would see them. Empty for a single class."""
    trials = [Trial.empty(len(model.intents))]
    if len(model.intents) > 1:
        for missing in np.unique(owners[owners != OUTSIDE]).tolist():
            at = np.flatnonzero(owners == missing)
            trials.append(_without(model, missing, [texts[row] for row in at.tolist()], vectors[at], known))
    return Trial.joined(trials)


def _without(
    model: FineTunedModel, missing: int, texts: Sequence[str], vectors: Vectors, known: dict[str, int]
) -> Trial:
    scores = model.scores(vectors)
    scores[:, missing] = np.delete(scores, missing, axis=1).min(axis=1) - 1e-6
    left = frozenset(gram for text in texts for gram in grams(text) if known.get(gram, missing) != missing)
    poorer = FineTunedModel(model.intents, model.weights, model.bias, model.means, model.scale, left)
    outside, origin = np.full(len(texts), OUTSIDE), np.full(len(texts), missing)
    return Trial(scores, poorer.nearest(texts, vectors, scores), outside, origin)
