"""A text's vector for the few-shot classifier: one pass of the encoder, looked at in three ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, LayeredEncoder, States, layered

Vectors = NDArray[np.float32]

# How much the views count in the likeness of two texts: the encoder's own sentence vector, that with rare tokens
# counting more, and that of the middle layer. A flat optimum of cross-validation on the training files of BANKING77,
# CLINC150 and SOFMattress.
SHARES = (0.4, 0.4, 0.2)
# Added to a token's idf, so that one that stands in every text still counts.
COMMON = 0.5
# Texts encoded at once when there are many: their token vectors take up to 400 kB each.
CHUNK = 256


@dataclass(frozen=True, slots=True)
class Views:
    """How texts become vectors: views of length 1, each times the root of its share, side by side.

    The dot product of two such vectors is the mean of the views' cosines under `SHARES`. An encoder that cannot be
    looked into (`LayeredEncoder`) gives its sentence vectors as they are. `token_weights` (tokens,) are by the number
    of a token; the last is that of all higher numbers.
    """

    token_weights: NDArray[np.float32]

    @classmethod
    def fit(cls, texts: Sequence[str], encoder: Encoder) -> Views:
        """Learn how telling tokens are: ln((1 + n) / (1 + df)) + 0.5 for one that df of n texts hold."""
        source = layered(encoder)
        held = [np.unique(ids) for ids in source.token_ids(texts)] if source else []
        frequency = np.append(np.bincount(np.concatenate([np.empty(0, np.int64), *held])), 0)
        return cls((np.log((1 + len(held)) / (1 + frequency)) + COMMON).astype(np.float32))

    def vectors(self, texts: Sequence[str], encoder: Encoder) -> Vectors:
        """A vector of length 1 for each text: (n, dim). Raises EncoderError where the encoder fails."""
        source = layered(encoder)
        if source is None:
            return encoder.encode(texts)
        starts = range(0, len(texts), CHUNK)
        return np.concatenate([self._chunk(texts[start : start + CHUNK], source) for start in starts])

    def _chunk(self, texts: Sequence[str], encoder: LayeredEncoder) -> Vectors:
        return np.stack([self._joined(states) for states in encoder.encode_states(texts)])

    def _joined(self, states: States) -> Vectors:
        weights = self.token_weights[np.minimum(states.ids, len(self.token_weights) - 1)]
        views = [states.sentence, _unit(np.asarray((weights * states.norms) @ states.tokens, np.float32))]
        if states.middle is not None:
            views.append(states.middle)
        shares = np.array(SHARES[: len(views)], np.float32)
        return np.concatenate([np.sqrt(share) * view for share, view in zip(shares / shares.sum(), views, strict=True)])


def _unit(vector: Vectors) -> Vectors:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
