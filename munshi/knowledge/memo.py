"""An encoder that remembers: one question is asked of it by the dense arm, the reranker and the extractor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder

Vectors = NDArray[np.float32]


@runtime_checkable
class PairEncoder(Protocol):
    """An encoder that gives both kinds of vectors from one pass."""

    def encode_both(self, texts: Sequence[str]) -> tuple[Vectors, list[Vectors]]:
        """What `encode` and `encode_tokens` give."""


class RememberingEncoder:
    """Another encoder, with the vectors of the last `size` single texts kept. Safe to call from several threads."""

    def __init__(self, encoder: Encoder, size: int = 64) -> None:
        self.name = encoder.name
        self.dim = encoder.dim
        self.has_tokens = encoder.has_tokens
        self._encoder = encoder
        self._both = lru_cache(size)(self._encode_both)
        self._sentence = lru_cache(size)(lambda text: encoder.encode([text]))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Sentence vectors, (n, dim), L2-normalised."""
        if len(texts) != 1:
            return self._encoder.encode(texts)
        return self._both(texts[0])[0] if self.has_tokens else self._sentence(texts[0])

    def encode_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """Token vectors, one (tokens, dim) array a text. Raises EncoderError where the encoder has none."""
        if len(texts) != 1 or not self.has_tokens:
            return self._encoder.encode_tokens(texts)
        return self._both(texts[0])[1]

    def _encode_both(self, text: str) -> tuple[Vectors, list[Vectors]]:
        if isinstance(self._encoder, PairEncoder):
            return self._encoder.encode_both([text])
        return self._encoder.encode([text]), self._encoder.encode_tokens([text])


def remembering(encoder: Encoder) -> RememberingEncoder:
    """The encoder with a memory: the same one where it has one already."""
    return encoder if isinstance(encoder, RememberingEncoder) else RememberingEncoder(encoder)
