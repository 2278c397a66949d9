"""Passages made searchable, in memory: built from passages, or from an older index and what changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.lexical import LexicalIndex, LexicalSettings
from munshi.knowledge.text import digest
from munshi.knowledge.token_vectors import TokenVectors, own_tokens, quantise
from munshi.knowledge.vectors import VectorIndex
from munshi.knowledge.views import Prepare, as_is, sentence_views, stem_view, token_views

Progress = Callable[[int, int], None]
"""Called with (passages embedded, passages to embed) after every batch."""

BATCH = 16


@dataclass(frozen=True, slots=True)
class Embedding:
    """What the encoder made of one passage: vectors (views, dim), token rows (tokens, dim) with a scale each."""

    vectors: NDArray[np.float32]
    rows: NDArray[np.int8]
    scales: NDArray[np.float32]


@dataclass(frozen=True)
class Index:
    """Everything a search needs. Parts that an encoder gives are None where there is none.

    `keys` holds a fingerprint of what was embedded for each passage; `version` one of the whole.
    """

    passages: tuple[Passage, ...]
    keys: tuple[str, ...]
    lexical: LexicalIndex
    vectors: VectorIndex | None
    tokens: TokenVectors | None
    version: str
    _positions: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_positions", {passage.id: i for i, passage in enumerate(self.passages)})

    @classmethod
    def from_passages(
        cls,
        passages: Sequence[Passage],
        encoder: Encoder | None = None,
        *,
        lexical: LexicalSettings | None = None,
        prepare: Prepare = as_is,
        reuse: Index | None = None,
        progress: Progress | None = None,
    ) -> Index:
        """An index over passages with distinct ids.

        `prepare` is what questions go through too (see `views`). What `reuse` holds of the same words by the same
        encoder is not embedded again. Raises EncoderError where the encoder fails.
        """
        lexical = lexical or LexicalSettings()
        views = [(sentence_views(passage, prepare), token_views(passage, prepare)) for passage in passages]
        keys = tuple(digest(json.dumps([encoder.name if encoder else "", *pair])) for pair in views)
        version = digest(json.dumps([asdict(lexical), keys, [repr(passage) for passage in passages]]))
        if reuse is not None and reuse.version == version:
            return reuse
        parts = _Embedder(encoder, reuse, progress).embed(keys, views) if encoder else []
        return cls(
            passages=tuple(passages),
            keys=keys,
            lexical=LexicalIndex.build([stem_view(passage, prepare) for passage in passages], lexical),
            vectors=_vectors(parts, encoder) if encoder else None,
            tokens=_tokens(parts, encoder) if encoder and encoder.has_tokens else None,
            version=version,
        )

    def position(self, passage_id: str) -> int:
        """Where a passage stands in `passages`. Raises KeyError on an unknown id."""
        return self._positions[passage_id]

    def embedding(self, position: int) -> Embedding:
        """What the encoder made of the passage there. Only for an index with vectors."""
        if self.vectors is None:
            raise ValueError("this index has no vectors")
        rows, scales = self.tokens.of(position) if self.tokens else _NO_TOKENS
        return Embedding(self.vectors.rows(position), rows, scales)


_NO_TOKENS = (np.zeros((0, 0), dtype=np.int8), np.zeros(0, dtype=np.float32))


class _Embedder:
    """Embeds what an older index does not hold yet."""

    def __init__(self, encoder: Encoder, reuse: Index | None, progress: Progress | None) -> None:
        self._encoder = encoder
        self._progress = progress or (lambda _done, _total: None)
        self._old = reuse if reuse is not None and reuse.vectors is not None else None

    def embed(self, keys: Sequence[str], views: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> list[Embedding]:
        known: dict[str, Embedding] = {}
        if self._old is not None:
            wanted = set(keys)
            known = {key: self._old.embedding(i) for i, key in enumerate(self._old.keys) if key in wanted}
        missing = list({key: i for i, key in enumerate(keys) if key not in known}.values())
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            for i, embedding in zip(batch, self._encode([views[i] for i in batch]), strict=True):
                known[keys[i]] = embedding
            self._progress(min(start + BATCH, len(missing)), len(missing))
        return [known[key] for key in keys]

    def _encode(self, views: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> list[Embedding]:
        vectors = self._encoder.encode([text for texts, _ in views for text in texts])
        split = np.split(vectors, np.cumsum([len(texts) for texts, _ in views])[:-1])
        if not self._encoder.has_tokens:
            return [Embedding(part, *_NO_TOKENS) for part in split]
        tokens = iter(self._encoder.encode_tokens([text for _, texts in views for text in texts]))
        rows = [quantise(np.concatenate([own_tokens(next(tokens)) for _ in texts])) for _, texts in views]
        return [Embedding(part, *pair) for part, pair in zip(split, rows, strict=True)]


def _vectors(parts: list[Embedding], encoder: Encoder) -> VectorIndex:
    matrices = [part.vectors for part in parts] or [np.zeros((0, encoder.dim), dtype=np.float32)]
    return VectorIndex(np.concatenate(matrices), [len(part.vectors) for part in parts])


def _tokens(parts: list[Embedding], encoder: Encoder) -> TokenVectors:
    return TokenVectors.pack([(part.rows, part.scales) for part in parts], encoder.dim)
