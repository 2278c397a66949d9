"""Passages made searchable, in memory: built from passages, or from an older index and what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field

import numpy as np

from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.embedding import NO_TOKENS, Embedder, Embedding, Kept, Progress, Views
from munshi.knowledge.lexical import LexicalIndex, LexicalSettings
from munshi.knowledge.text import digest
from munshi.knowledge.token_vectors import TokenVectors
from munshi.knowledge.vectors import VectorIndex
from munshi.knowledge.views import Prepare, as_is, sentence_views, stem_view, token_views

IN_MEMORY = 1 << 25
"""Bytes of token vectors up to which they are gathered in memory."""

_WORDS = 2
"""Raised with every change of how words are cut: the lexical part of an older index is then built anew."""


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
        kept: Kept | None = None,
    ) -> Index:
        """An index over passages with distinct ids.

        `prepare` is what questions go through too (see `views`). What `reuse` or `kept` holds of the same words by the
        same encoder is not embedded again; `kept` is given what is. Raises EncoderError where the encoder fails.
        """
        lexical = lexical or LexicalSettings()
        views = [Views(sentence_views(passage, prepare), token_views(passage, prepare)) for passage in passages]
        keys = tuple(digest(json.dumps([encoder.name if encoder else "", *pair])) for pair in views)
        version = digest(json.dumps([_WORDS, asdict(lexical), keys, [repr(passage) for passage in passages]]))
        if reuse is not None and reuse.version == version:
            return reuse
        known = reuse.embeddings(set(keys)) if encoder and reuse else {}
        parts = Embedder(encoder, progress, kept).embed(keys, views, known) if encoder else []
        return cls(
            passages=tuple(passages),
            keys=keys,
            lexical=_lexical(passages, lexical, prepare),
            vectors=_vectors(parts, encoder) if encoder else None,
            tokens=_tokens(parts, encoder, kept) if encoder and encoder.has_tokens else None,
            version=version,
        )

    def position(self, passage_id: str) -> int:
        """Where a passage stands in `passages`. Raises KeyError on an unknown id."""
        return self._positions[passage_id]

    def embedding(self, position: int) -> Embedding:
        """What the encoder made of the passage there. Only for an index with vectors."""
        if self.vectors is None:
            raise ValueError("this index has no vectors")
        rows, scales = self.tokens.of(position) if self.tokens else NO_TOKENS
        return Embedding(self.vectors.rows(position), rows, scales)

    def embeddings(self, keys: Set[str]) -> dict[str, Embedding]:
        """What the encoder made of the passages with these keys, as far as they are here."""
        if self.vectors is None:
            return {}
        return {key: self.embedding(i) for i, key in enumerate(self.keys) if key in keys}


def _lexical(passages: Sequence[Passage], settings: LexicalSettings, prepare: Prepare) -> LexicalIndex:
    weights = {"title": settings.title, "heading": settings.heading}
    return LexicalIndex.build([stem_view(passage, prepare, **weights) for passage in passages], settings)


def _vectors(parts: list[Embedding], encoder: Encoder) -> VectorIndex:
    matrices = [part.vectors for part in parts] or [np.zeros((0, encoder.dim), dtype=np.float32)]
    return VectorIndex(np.concatenate(matrices), [len(part.vectors) for part in parts]).prepared()


def _tokens(parts: list[Embedding], encoder: Encoder, kept: Kept | None) -> TokenVectors:
    size = sum(part.rows.nbytes for part in parts)
    file = kept.file() if kept is not None and size > IN_MEMORY else None
    return TokenVectors.pack([(part.rows, part.scales) for part in parts], encoder.dim, file)
