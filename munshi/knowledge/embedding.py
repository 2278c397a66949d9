"""Passages through the encoder, batch by batch: each distinct text once, and what is finished is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, layered
from munshi.knowledge.token_vectors import own_tokens, quantise

Progress = Callable[[int, int], None]
"""Called with (passages embedded, passages to embed) before the first batch and after every one; never if none."""

BATCH = 32


@dataclass(frozen=True, slots=True)
class Embedding:
    """What the encoder made of one passage: vectors (views, dim), token rows (tokens, dim) with a scale each."""

    vectors: NDArray[np.float32]
    rows: NDArray[np.int8]
    scales: NDArray[np.float32]


NO_TOKENS = (np.zeros((0, 0), dtype=np.int8), np.zeros(0, dtype=np.float32))


class Views(NamedTuple):
    """The texts that stand for one passage: those embedded whole, and those compared token by token."""

    sentences: tuple[str, ...]
    tokens: tuple[str, ...]


class Kept(Protocol):
    """Where finished embeddings outlive a crash."""

    def find(self, keys: Set[str]) -> Mapping[str, Embedding]:
        """Those of these keys that were finished before."""

    def add(self, finished: Mapping[str, Embedding]) -> Mapping[str, Embedding]:
        """Take one batch more; what is returned may be held in memory instead of what was given."""

    def file(self) -> Path:
        """The name of a new file, to put what is too large for memory in."""


class Embedder:
    """Embeds passages by their keys."""

    def __init__(self, encoder: Encoder, progress: Progress | None = None, kept: Kept | None = None) -> None:
        self._encoder = encoder
        self._progress = progress or (lambda _done, _total: None)
        self._kept = kept

    def embed(
        self, keys: Sequence[str], views: Sequence[Views], known: Mapping[str, Embedding] | None = None
    ) -> list[Embedding]:
        """An embedding for each key. What is `known` or was kept is not embedded again.

        Raises EncoderError where the encoder fails.
        """
        found = dict(known or {})
        if self._kept is not None:
            found.update(self._kept.find(set(keys) - found.keys()))
        missing = list({key: i for i, key in enumerate(keys) if key not in found}.values())
        if missing:
            self._progress(0, len(missing))
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            made = self._encode([views[i] for i in batch])
            finished: Mapping[str, Embedding] = {keys[i]: one for i, one in zip(batch, made, strict=True)}
            found.update(finished if self._kept is None else self._kept.add(finished))
            self._progress(start + len(batch), len(missing))
        return [found[key] for key in keys]

    def _encode(self, views: Sequence[Views]) -> list[Embedding]:
        texts = list(dict.fromkeys(text for view in views for text in (*view.sentences, *view.tokens)))
        place = {text: i for i, text in enumerate(texts)}
        if not self._encoder.has_tokens:
            vectors = self._encoder.encode(texts)
            return [Embedding(vectors[[place[text] for text in view.sentences]], *NO_TOKENS) for view in views]
        vectors, tokens = self._both(texts)
        own = [own_tokens(rows) for rows in tokens]
        return [
            Embedding(
                vectors[[place[text] for text in view.sentences]],
                *quantise(np.concatenate([own[place[text]] for text in view.tokens])),
            )
            for view in views
        ]

    def _both(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """Sentence and token vectors, from one pass where the encoder can be looked into."""
        encoder = layered(self._encoder)
        if encoder is None:
            return self._encoder.encode(texts), self._encoder.encode_tokens(texts)
        states = encoder.encode_states(texts)
        return np.stack([state.sentence for state in states]), [state.tokens for state in states]
