"""Our encoders as LangChain's embeddings, and LangChain's embeddings as an encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx
import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, EncoderError

Vectors = NDArray[np.float32]

FAULTS: tuple[type[Exception], ...] = (httpx.HTTPError, OSError, ValueError)
"""What embeddings raise, as far as they keep to what Python and httpx have."""


class EncoderEmbeddings(Embeddings):
    """An `Encoder` in LangChain's words."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: Mapping[str, Sequence[float]] = {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A unit vector for each text. Raises EncoderError where the encoder fails."""
        if all(text in self._known for text in texts):
            return [list(self._known[text]) for text in texts]
        vectors: list[list[float]] = self._encoder.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a question. Raises EncoderError where the encoder fails."""
        return self.embed_documents([text])[0]

    @contextmanager
    def knowing(self, vectors: Mapping[str, Sequence[float]]) -> Iterator[None]:
        """Inside, texts whose vectors are given are not embedded again: a LangChain store takes texts, not vectors.

        Not for several threads at once.
        """
        self._known = vectors
        try:
            yield
        finally:
            self._known = {}


class EmbeddingsEncoder:
    """LangChain `Embeddings` as an `Encoder`; no token vectors."""

    has_tokens = False

    def __init__(self, embeddings: Embeddings, name: str, *, faults: tuple[type[Exception], ...] = FAULTS) -> None:
        """Ask it once, for the length of its vectors.

        `name` must change when the vectors do: passages are embedded anew then. `faults` are the errors that these
        embeddings raise. Raises EncoderError where they fail or give no vectors.
        """
        self.name = name
        self._embeddings = embeddings
        self._faults = faults
        self.dim = self._vectors(["."]).shape[1]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Sentence vectors, (n, dim), L2-normalised. Raises EncoderError where the embeddings fail."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        # Many services refuse an empty text; a full stop says as little.
        vectors = self._vectors([text if text.strip() else "." for text in texts])
        if vectors.shape[1] != self.dim:
            raise EncoderError(f"{self.name} gave vectors of {vectors.shape[1]} numbers, {self.dim} before")
        return vectors

    def encode_tokens(self, texts: Sequence[str]) -> list[Vectors]:  # noqa: ARG002 - the contract's signature
        """Raise EncoderError: LangChain knows no token vectors."""
        raise EncoderError(f"{self.name} gives no token vectors; use the minilm encoder to re-rank by them")

    def _vectors(self, texts: list[str]) -> Vectors:
        try:
            vectors = np.asarray(self._embeddings.embed_documents(texts), dtype=np.float64)
        except self._faults as error:
            raise EncoderError(f"{self.name} failed: {str(error).partition(chr(10))[0]}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.shape[1]:
            raise EncoderError(f"{self.name} gave an array of shape {vectors.shape} for {len(texts)} texts")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise EncoderError(f"{self.name} gave vectors that are zero or not finite")
        return np.asarray(vectors / lengths, dtype=np.float32)
