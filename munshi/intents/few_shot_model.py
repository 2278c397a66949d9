"""What the few-shot classifier has learnt: arrays, and how a text scores under them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.intents.few_shot_views import Views
from munshi.intents.grams import GramSpace

Vectors = NDArray[np.float32]

# How fast likeness falls with the angle between sentence vectors, and what n-grams add to it: a flat optimum of
# cross-validation on the training files of BANKING77, CLINC150 and SOFMattress.
SHARPNESS = 2.0
GRAM_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class FewShotModel:
    """`texts` are the n texts learnt from, in canonical form, `owners` (n,) the number of each one's intent (see
    `Support`).

    `encoder` names what made the `vectors` (n, dim), and `views` how; without one it is empty and they are None.
    `weights` (C, n) are those of the kernel ridge regression.
    """

    intents: tuple[str, ...]
    texts: tuple[str, ...]
    owners: NDArray[np.int64]
    encoder: str
    views: Views | None
    vectors: Vectors | None
    space: GramSpace
    weights: NDArray[np.float32]

    def scores(self, text: str, vector: Vectors | None) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Score of each intent (C,), and the similarity (n,) to each text learnt from.

        `vector` (dim,) is the text's vector under the `views`, None exactly where the model has no vectors.
        """
        similar = self.space.similarities(text)
        # By vecdot, which keeps to one thread: over thousands of texts a product of matrices would wake others, and for
        # so short a sum waiting until a busy computer runs them takes a hundred times as long as the sum.
        close = None if vector is None or self.vectors is None else np.vecdot(self.vectors, vector)
        scores = np.vecdot(self.weights, kernel(close, similar))
        return scores.astype(np.float64), similar if close is None else close

    def nearest(self, scores: NDArray[np.float64], similar: NDArray[np.float32]) -> float:
        """Similarity to the nearest text of the best intent, 0 to 1, from what `scores` gives."""
        return max(float(similar[self.owners == np.argmax(scores)].max()), 0.0)


def kernel(close: NDArray[np.float32] | None, similar: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much each text learnt from says about another, by the cosines of sentence vectors (None: no encoder) and
    of n-grams.
    """
    likeness = np.exp(similar - 1)
    if close is None:
        return np.asarray(likeness)
    return np.asarray(np.exp(SHARPNESS * (close - 1)) + GRAM_SHARE * likeness)
