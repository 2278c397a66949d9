"""Sentence pairs that nobody scored, with the scores that an encoder's cosine stands for: what is learnt first.

A base that was made to give each text a vector of its own has never read two together. Taught from a few thousand
scored pairs alone, it comes to judge them worse than its own cosine did; so it first learns to say what the cosine
says, and then from the scored pairs where that is wrong. It is augmented SBERT (Thakur et al., 2021, arXiv:2010.08240)
the other way round: there the cross-encoder is the one that labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder
from munshi.knowledge.reranker_pairs import Pair

PER_PAIR = 5
"""Pairs made for each scored one, by default."""

_NEAREST, _RANDOM = 60, 4
_BINS = 10
_BLOCK = 500

Floats = NDArray[np.floating]
Places = NDArray[np.int64]


def imitated(scored: Sequence[Pair], encoder: Encoder, count: int, *, seed: int) -> list[Pair]:
    """About `count` new pairs of the texts of the scored sentence pairs; others than symmetric ones are passed over.

    A text is paired with some of its nearest and with a few at random. The cosine is brought to the labels' scale by
    isotonic regression on the scored pairs, and pairs are drawn so that their labels are spread as those are. Raises
    EncoderError where the encoder fails.
    """
    known = [pair for pair in scored if pair.symmetric]
    texts = list(dict.fromkeys(text for pair in known for text in (pair.query, pair.passage)))
    if not known or count <= 0:
        return []
    rng = np.random.default_rng(seed)
    vectors, place = encoder.encode(texts), {text: number for number, text in enumerate(texts)}
    asked = np.array([[place[pair.query], place[pair.passage]] for pair in known], np.int64)
    labels = np.array([pair.label for pair in known])
    near = _candidates(vectors, asked, rng)
    guessed = _on_scale(_cosines(vectors, near), _cosines(vectors, asked), labels)
    drawn = _spread_alike(guessed, labels, count, rng)
    return [
        Pair(texts[one], texts[other], round(float(label), 4), symmetric=True)
        for (one, other), label in zip(near[drawn].tolist(), guessed[drawn].tolist(), strict=True)
    ]


def _cosines(vectors: Floats, pairs: Places) -> Floats:
    found: Floats = np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]])
    return found


def _candidates(vectors: Floats, known: Places, rng: np.random.Generator) -> Places:
    """Pairs of places, (pairs, 2), the lower first, each once and none that is known."""
    size = len(vectors)
    beside = min(_NEAREST, size)
    found = []
    for start in range(0, size, _BLOCK):
        similar = vectors[start : start + _BLOCK] @ vectors.T
        nearest = np.argpartition(-similar, beside - 1, axis=1)[:, :beside]
        others = np.hstack([nearest, rng.integers(0, size, (len(similar), _RANDOM))])
        own = np.repeat(np.arange(start, start + len(similar)), others.shape[1])
        found.append(np.sort(np.column_stack([own, others.ravel()]), axis=1))
    pairs = np.vstack(found)
    codes = np.unique(pairs[pairs[:, 0] < pairs[:, 1]] @ np.array([size, 1]))
    given = np.sort(known, axis=1) @ np.array([size, 1])
    return np.column_stack(np.divmod(np.setdiff1d(codes, given), size)).astype(np.int64)


def _on_scale(cosines: Floats, known: Floats, labels: Floats) -> Floats:
    """The label that each cosine stands for, by those of the scored pairs: it never falls as the cosine rises."""
    from scipy.optimize import isotonic_regression

    order = np.argsort(known, kind="stable")
    steps = isotonic_regression(labels[order]).x
    found: Floats = np.interp(cosines, known[order], steps)
    return found


def _spread_alike(guessed: Floats, labels: Floats, count: int, rng: np.random.Generator) -> Places:
    """Places of about `count` of the guessed labels, as many of each tenth as the labels have, or all there are."""
    edges = np.linspace(0, 1, _BINS + 1)[1:-1]
    wanted = np.bincount(np.digitize(labels, edges), minlength=_BINS) / len(labels)
    tenth = np.digitize(guessed, edges)
    drawn = [rng.permutation(np.flatnonzero(tenth == at))[: round(wanted[at] * count)] for at in range(_BINS)]
    return rng.permutation(np.concatenate(drawn)).astype(np.int64)
