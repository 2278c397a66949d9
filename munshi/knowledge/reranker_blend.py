"""A cross-encoder together with the encoder's own cosine: each is wrong where the other is not.

What part the cosine has is chosen on development pairs when the reranker is trained, and kept in its folder.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from munshi.knowledge.base import Encoder, KnowledgeError
from munshi.knowledge.reranker_metrics import Correlations, correlations
from munshi.knowledge.search_cache import LruCache

SHARES = tuple(tenth / 10 for tenth in range(11))
# Vectors of passages that are kept; one of MiniLM's takes 1.5 KiB.
_KEPT = 4096

Scores = NDArray[np.float64]

_log = logging.getLogger(__name__)


class PairScorer(Protocol):
    """What judges a question and passages together."""

    def score(self, query: str, passages: Sequence[str]) -> Scores:
        """How well each passage answers the query, (passages,): the higher, the better."""


@dataclass(frozen=True, slots=True)
class Cosine:
    """The cosine's part in a trained reranker's score: `share` of it, by the encoder of that name.

    `dev` and `test` are what both together do on the pairs that the share was chosen on, and on those it has not seen.
    """

    encoder: str
    share: float
    dev: Correlations
    test: Correlations | None


class Blended:
    """A cross-encoder's score, 0 to 1, and the encoder's cosine, -1 to 1, which has `share` of the sum.

    Vectors of passages are remembered. Safe to call from several threads.
    """

    def __init__(self, model: PairScorer, encoder: Encoder, share: float) -> None:
        self._model = model
        self._encoder = encoder
        self._share = share
        self._vectors: LruCache[NDArray[np.float32]] = LruCache(_KEPT)

    def score(self, query: str, passages: Sequence[str]) -> Scores:
        """How well each passage answers the query: (passages,). Raises EncoderError where the encoder fails."""
        own = self._model.score(query, passages)
        if not len(own):
            return own
        return blended(own, self._encoded(passages) @ self._encoder.encode([query])[0], self._share)

    def _encoded(self, passages: Sequence[str]) -> NDArray[np.float32]:
        found = {text: self._vectors.get(text) for text in passages}
        new = [text for text, vector in found.items() if vector is None]
        for text, vector in zip(new, self._encoder.encode(new) if new else (), strict=True):
            found[text] = vector
            self._vectors.put(text, vector)
        return np.array([found[text] for text in passages])


def with_cosine(model: PairScorer, manifest: Mapping[str, Any] | None, encoder: Encoder | None) -> PairScorer:
    """The scorer that is served: with the cosine's share that the folder's `manifest` names, if any.

    The share is another encoder's to no use: without the one that it was chosen with the model is asked alone, and the
    log tells of it. Raises KnowledgeError where the manifest is damaged.
    """
    kept = (manifest or {}).get("cosine")
    if kept is None:
        return model
    try:
        named, share = str(kept["encoder"]), float(kept["share"])
        if not 0 <= share <= 1:
            raise ValueError(f"a share of {share}")
    except (KeyError, TypeError, ValueError) as error:
        raise KnowledgeError(f"the reranker's model.json is damaged ({error}): train the reranker again") from error
    if share == 0:
        return model
    if encoder is None or encoder.name != named:
        _log.warning("The reranker is asked without the encoder's cosine: it was trained beside the encoder %s", named)
        return model
    return Blended(model, encoder, share)


def blended(own: Scores, cosines: ArrayLike, share: float) -> Scores:
    """Scores of both together, (pairs,)."""
    return np.asarray((1 - share) * own + share * np.asarray(cosines, np.float64))


def cosines(encoder: Encoder, queries: Sequence[str], passages: Sequence[str]) -> Scores:
    """The cosine of each query with its own passage, (pairs,). Raises EncoderError."""
    return np.asarray((encoder.encode(queries) * encoder.encode(passages)).sum(axis=1), np.float64)


def best_share(own: Scores, others: Scores, labels: Sequence[float]) -> float:
    """The cosine's share that goes along best with the labels, in tenths; the smallest where several do alike."""
    return max(SHARES, key=lambda share: round(correlations(blended(own, others, share), labels).mean, 9))
