"""A text's vector for the few-shot classifier: one pass of the encoder, looked at in three ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from munshi.intents.unit import unit
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
# From MANY texts on, their vectors are put on their AXES first principal axes. Held-out examples of BANKING77 and
# CLINC150 fare alike with and without, and comparing a message with ten thousand texts takes an eighth of the time.
MANY = 2000
AXES = 192


@dataclass(frozen=True, slots=True)
class Views:
    """How texts become vectors: views of length 1, each times the root of its share, side by side.

    The dot product of two such vectors is the mean of the views' cosines under `SHARES`. An encoder that cannot be
    looked into (`LayeredEncoder`) gives its sentence vectors as they are. `token_weights` (tokens,) are by the number
    of a token; the last is that of all higher numbers. `axes` (AXES, dim), where there are any, are what vectors are
    put on at last.
    """

    token_weights: Vectors
    axes: Vectors | None = None

    @classmethod
    def fit(cls, texts: Sequence[str], encoder: Encoder) -> tuple[Views, Vectors]:
        """The views learnt from texts, and the texts' vectors. Raises EncoderError where the encoder fails.

        A token that df of n texts hold weighs ln((1 + n) / (1 + df)) + 0.5.
        """
        source = layered(encoder)
        held = [np.unique(ids) for ids in source.token_ids(texts)] if source else []
        frequency = np.append(np.bincount(np.concatenate([np.empty(0, np.int64), *held])), 0)
        views = cls((np.log((1 + len(held)) / (1 + frequency)) + COMMON).astype(np.float32))
        vectors = views.vectors(texts, encoder)
        if len(texts) < MANY or vectors.shape[1] <= AXES:
            return views, vectors
        axes = _principal(vectors)
        return replace(views, axes=axes), vectors @ axes.T

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Views:
        """From what `arrays` gave. Raises KeyError where that is not whole."""
        return cls(arrays["token_weights"], arrays.get("axes"))

    def arrays(self) -> dict[str, Vectors]:
        """All there is to keep, by name."""
        return {"token_weights": self.token_weights} | ({} if self.axes is None else {"axes": self.axes})

    def vectors(self, texts: Sequence[str], encoder: Encoder) -> Vectors:
        """A vector for each text, (n, dim), of length 1 before it is put on the axes.

        Raises EncoderError where the encoder fails.
        """
        source = layered(encoder)
        if source is None:
            return self._on_axes(encoder.encode(texts))
        starts = range(0, len(texts), CHUNK)
        return np.concatenate([self._chunk(texts[start : start + CHUNK], source) for start in starts])

    def _chunk(self, texts: Sequence[str], encoder: LayeredEncoder) -> Vectors:
        return self._on_axes(np.stack([self._joined(states) for states in encoder.encode_states(texts)]))

    def _on_axes(self, vectors: Vectors) -> Vectors:
        # One by one, so that a text's vector does not hang on its company.
        return vectors if self.axes is None else np.stack([np.vecdot(self.axes, vector) for vector in vectors])

    def _joined(self, states: States) -> Vectors:
        weights = self.token_weights[np.minimum(states.ids, len(self.token_weights) - 1)]
        views = [states.sentence, unit(np.asarray((weights * states.norms) @ states.tokens, np.float32))]
        if states.middle is not None:
            views.append(states.middle)
        shares = np.array(SHARES[: len(views)], np.float32)
        return np.concatenate([np.sqrt(share) * view for share, view in zip(shares / shares.sum(), views, strict=True)])


def _principal(vectors: Vectors) -> Vectors:
    """The AXES directions in which vectors (n, dim) are longest together: (AXES, dim), orthonormal."""
    _, directions = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    return np.ascontiguousarray(directions[:, -AXES:].T, dtype=np.float32)
