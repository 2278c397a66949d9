"""A LangChain vector store, opened from a setting and told in this room's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from langchain_core.vectorstores import VectorStore

from munshi.knowledge.base import Encoder
from munshi.knowledge.dense import VectorStoreError
from munshi.knowledge.langchain_embeddings import EncoderEmbeddings
from munshi.knowledge.text import digest

_NAME = 30


def _nothing() -> None:
    """What there is to close of a store in memory."""


@dataclass(frozen=True)
class OpenedStore:
    """A store of rows, each with a text, its vector and metadata, whose embeddings are `embeddings`.

    `name` tells it in messages, without a password, and `remedy` what to do where it fails. LangChain's interface
    lists nothing, so `ids` does: the id of every row, a UUID in its usual spelling. `faults` are the errors it raises;
    `guard` is entered for each call, for a store that takes one at a time.
    """

    name: str
    store: VectorStore
    embeddings: EncoderEmbeddings
    ids: Callable[[], set[str]]
    faults: tuple[type[Exception], ...]
    remedy: str
    close: Callable[[], None] = _nothing
    guard: AbstractContextManager[Any] = field(default_factory=nullcontext)

    @contextmanager
    def asked(self) -> Iterator[VectorStore]:
        """The store, for one call. Raises VectorStoreError where it fails."""
        with self.guard, translated(self.name, self.faults, self.remedy):
            yield self.store


@contextmanager
def translated(name: str, faults: tuple[type[Exception], ...], remedy: str) -> Iterator[None]:
    """Raise VectorStoreError, one line, for what a vendor's code raises inside."""
    try:
        yield
    except faults as error:
        said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".")
        told = said or type(error).__name__
        raise VectorStoreError(f"the vector store {name} cannot be used ({told}); {remedy}") from error


def open_store(spec: str, encoder: Encoder, *, business: str, key: str | None = None) -> OpenedStore:
    """The store that a setting names.

    `spec` is "qdrant:" with a folder, ":memory:" or an address, the latter with or without a /COLLECTION, or the URL of
    a PostgreSQL that has pgvector. What it makes there is named after `business` and the encoder; `key` is Qdrant's API
    key. Raises VectorStoreError, one line with the remedy.
    """
    spec = spec.strip()
    scheme, _, rest = spec.partition(":")
    name = _default_name(business, encoder)
    if scheme == "qdrant" and rest:
        from munshi.knowledge.vector_store_qdrant import open_qdrant

        return open_qdrant(rest, encoder, name, key=key)
    if scheme.partition("+")[0] == "postgresql":
        from munshi.knowledge.vector_store_pgvector import open_pgvector

        return open_pgvector(spec, encoder, name)
    raise VectorStoreError(
        f"no vector store is called {scheme!r}; write qdrant:FOLDER, qdrant:http://HOST:6333 or"
        " postgresql+psycopg://USER@HOST/DATABASE, or leave MUNSHI_VECTORS empty"
    )


def missing_extra(what: str, extra: str) -> VectorStoreError:
    """Tells that a store's own package is not installed."""
    return VectorStoreError(f"{what} needs a package that is not installed; run pip install 'munshi[{extra}]'")


def _default_name(business: str, encoder: Encoder) -> str:
    """A name that every store takes: at most 63 small letters, digits and underscores."""
    readable = re.sub(r"[^a-z0-9]+", "_", business.lower()).strip("_")[:_NAME]
    return f"munshi_{readable}_{digest(f'{business} {encoder.name}')[:10]}"
