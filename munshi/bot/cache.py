"""What is dear to make and the same for all workers, kept for a while: a served encoder's vectors, costly rerankings.

Searches are not among it: each process keeps its own, and a search takes no longer than a way to Redis and back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, Hit, Reranker

if TYPE_CHECKING:
    from munshi.bot.redis_link import RedisLink

KEEP_SECONDS = 24 * 3600
MAX_BYTES = 64 * 1024


class Cache:
    """Bytes in Redis by what they were made of; the keys tell nothing of that. A value may be gone at any time."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    def get(self, kind: str, *made_of: str) -> bytes | None:
        """What was kept, None where nothing is, or Redis does not answer."""
        found = self._link.ask(lambda redis: redis.get(self._link.key(kind, *made_of)), None)
        return found if isinstance(found, bytes) else None

    def put(self, value: bytes, kind: str, *made_of: str) -> None:
        """Keep it for a day, unless it is too large."""
        if len(value) <= MAX_BYTES:
            self._link.ask(lambda redis: redis.set(self._link.key(kind, *made_of), value, ex=KEEP_SECONDS), None)


class SharedEncoder:
    """An encoder on a server, whose vectors of single texts the workers share."""

    def __init__(self, encoder: Encoder, cache: Cache) -> None:
        self.name = encoder.name
        self.dim = encoder.dim
        self.has_tokens = encoder.has_tokens
        self._encoder = encoder
        self._cache = cache

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sentence vectors, (n, dim), L2-normalised. Raises EncoderError."""
        if len(texts) != 1:
            return self._encoder.encode(texts)
        made_of = (self.name, str(self.dim), texts[0])
        known = _vector(self._cache.get("vector", *made_of), self.dim)
        if known is not None:
            return known
        made = self._encoder.encode(texts)
        self._cache.put(made.astype("<f4").tobytes(), "vector", *made_of)
        return made

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Token vectors, one (tokens, dim) array a text. Raises EncoderError."""
        return self._encoder.encode_tokens(texts)


class SharedReranker:
    """A costly reranker, whose orders the workers share."""

    def __init__(self, reranker: Reranker, name: str, cache: Cache) -> None:
        """`name` says which reranker it is: another's orders are no use."""
        self._reranker = reranker
        self._name = name
        self._cache = cache

    def rerank(self, query: str, hits: Sequence[Hit], *, top_k: int) -> list[Hit]:
        """The best `top_k` of `hits`, as the reranker orders them."""
        given = [f"{hit.passage.id}\0{hit.score!r}\0{hit.passage.text}" for hit in hits]
        made_of = (self._name, str(top_k), query, *given)
        known = _order(self._cache.get("order", *made_of), hits, top_k)
        if known is not None:
            return known
        made = self._reranker.rerank(query, hits, top_k=top_k)
        places = {hit.passage.id: place for place, hit in enumerate(hits)}
        order = [[places[hit.passage.id], hit.score, hit.rerank] for hit in made]
        self._cache.put(json.dumps(order).encode(), "order", *made_of)
        return made


def _vector(kept: bytes | None, dim: int) -> NDArray[np.float32] | None:
    """The vector again; None where it is none of ours."""
    if kept is None or len(kept) != 4 * dim:
        return None
    vector = np.frombuffer(kept, dtype="<f4").astype(np.float32)
    return vector[np.newaxis] if np.isfinite(vector).all() and abs(np.linalg.norm(vector) - 1) < 1e-3 else None


def _order(kept: bytes | None, hits: Sequence[Hit], top_k: int) -> list[Hit] | None:
    """The hits in a kept order; None where it is none of ours."""
    try:
        rows = [(int(place), float(score), rerank) for place, score, rerank in json.loads(kept or b"")]
        places = {place for place, _, _ in rows}
        sound = len(rows) == len(places) == min(top_k, len(hits)) and places <= set(range(len(hits)))
        if not sound or not all(math.isfinite(score) for _, score, _ in rows):
            return None
        return [
            replace(hits[place], score=score, rerank=None if rerank is None else float(rerank))
            for place, score, rerank in rows
        ]
    except (ValueError, TypeError, OverflowError):
        return None
