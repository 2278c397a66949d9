"""An encoder that remembers: classifier, dense arm, reranker and extractor all ask it for the same message."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, EncoderError, LayeredEncoder, States, layered

Vectors = NDArray[np.float32]


class RememberingEncoder:
    """Another encoder, with what it made of the last `size` single texts kept. Safe to call from several threads.

    One that can be looked into passes over such a text once, whatever is asked of it, and in whatever order.
    """

    def __init__(self, encoder: Encoder, size: int = 64) -> None:
        self.name = encoder.name
        self.dim = encoder.dim
        self.has_tokens = encoder.has_tokens
        self._encoder = encoder
        self._layered = layered(encoder)
        self.has_states = self._layered is not None
        self._states = lru_cache(size)(lambda text: self._looked_into().encode_states([text])[0])
        self._sentence = lru_cache(size)(lambda text: encoder.encode([text])[0])
        self._tokens = lru_cache(size)(lambda text: encoder.encode_tokens([text])[0])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Sentence vectors, (n, dim), L2-normalised."""
        if len(texts) != 1:
            return self._encoder.encode(texts)
        vector = self._states(texts[0]).sentence if self.has_states else self._sentence(texts[0])
        return vector[np.newaxis]

    def encode_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """Token vectors, one (tokens, dim) array a text. Raises EncoderError where the encoder has none."""
        if len(texts) != 1:
            return self._encoder.encode_tokens(texts)
        return [self._states(texts[0]).tokens if self.has_states else self._tokens(texts[0])]

    def encode_states(self, texts: Sequence[str]) -> list[States]:
        """What one pass knows, for each text. Raises EncoderError where the encoder cannot be looked into."""
        if len(texts) != 1:
            return self._looked_into().encode_states(texts)
        return [self._states(texts[0])]

    def token_ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """The numbers of each text's tokens. Raises EncoderError where the encoder cannot be looked into."""
        return self._looked_into().token_ids(texts)

    def _looked_into(self) -> LayeredEncoder:
        if self._layered is None:
            raise EncoderError(f"the encoder {self.name} gives vectors only; choose a local one")
        return self._layered


def remembering(encoder: Encoder) -> RememberingEncoder:
    """The encoder with a memory: the same one where it has one already."""
    return encoder if isinstance(encoder, RememberingEncoder) else RememberingEncoder(encoder)
