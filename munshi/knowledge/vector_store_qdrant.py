"""Qdrant as a vector store: a server's, or a folder of its local mode."""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from munshi.knowledge.base import Encoder
from munshi.knowledge.langchain_embeddings import EncoderEmbeddings
from munshi.knowledge.vector_store import OpenedStore, missing_extra, translated

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_TIMEOUT_SECONDS = 10
_PAGE = 10_000
_MEMORY = ":memory:"
_REMEDY = "check MUNSHI_VECTORS and MUNSHI_VECTORS_KEY, and that Qdrant is running"
_LOCAL_REMEDY = "check the folder in MUNSHI_VECTORS, which serves one process at a time: several need a Qdrant server"


def open_qdrant(where: str, encoder: Encoder, name: str, *, key: str | None = None) -> OpenedStore:
    """The collection that an address names after its host, else `name`; it is made where it is missing.

    `where` is http(s)://HOST:PORT[/COLLECTION], a folder, or ":memory:". Raises VectorStoreError.
    """
    try:
        from langchain_qdrant import QdrantVectorStore
        from langchain_qdrant.qdrant import QdrantVectorStoreError
        from qdrant_client.http.exceptions import ApiException
    except ImportError as error:
        raise missing_extra("Qdrant", "qdrant") from error
    remote = where.startswith(("http://", "https://"))
    told, remedy = _told(where), _REMEDY if remote else _LOCAL_REMEDY
    local = (RuntimeError, sqlite3.Error)
    faults = (ApiException, QdrantVectorStoreError, httpx.HTTPError, OSError, ValueError, *(() if remote else local))
    embeddings = EncoderEmbeddings(encoder)
    with translated(told, faults, remedy):
        client, collection = _connect(where, key) if remote else (_open_local(where), "")
        collection = collection or name
        _ensure(client, collection, encoder.dim)
    store = QdrantVectorStore(
        client, collection, embeddings, validate_embeddings=False, validate_collection_config=False
    )
    return OpenedStore(
        name=told,
        store=store,
        embeddings=embeddings,
        ids=lambda: _ids(client, collection),
        faults=faults,
        remedy=remedy,
        close=client.close,
        guard=nullcontext() if remote else threading.Lock(),
    )


def _connect(where: str, key: str | None) -> tuple[QdrantClient, str]:
    """A client of a server, and the collection that the address names, if it does."""
    from qdrant_client import QdrantClient

    parts = urlsplit(where)
    # Through a proxy from the environment a passage would leave this computer on its way to this computer.
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    client = QdrantClient(
        url=f"{parts.scheme}://{parts.netloc}",
        api_key=key,
        timeout=_TIMEOUT_SECONDS,
        check_compatibility=False,
        trust_env=not local,
    )
    return client, parts.path.strip("/")


def _open_local(where: str) -> QdrantClient:
    from qdrant_client import QdrantClient

    if where == _MEMORY:
        return QdrantClient(_MEMORY)
    return QdrantClient(path=str(Path(where).expanduser()), force_disable_check_same_thread=True)


def _ensure(client: QdrantClient, collection: str, dim: int) -> None:
    """Make the collection where it is missing, for vectors of this length."""
    from qdrant_client import models

    if not client.collection_exists(collection):
        config = models.VectorParams(size=dim, distance=models.Distance.COSINE)
        client.create_collection(collection, vectors_config=config)
        return
    vectors = client.get_collection(collection).config.params.vectors
    size = vectors.size if isinstance(vectors, models.VectorParams) else None
    if size != dim:
        raise ValueError(f"the collection {collection} is not for single vectors of {dim} numbers; name another")


def _ids(client: QdrantClient, collection: str) -> set[str]:
    found: set[str] = set()
    offset = None
    while True:
        points, offset = client.scroll(
            collection, limit=_PAGE, offset=offset, with_payload=False, with_vectors=False, timeout=_TIMEOUT_SECONDS
        )
        found.update(str(point.id) for point in points)
        if offset is None:
            return found


def _told(where: str) -> str:
    """An address without what may be secret in it."""
    return "qdrant:" + re.sub(r"//[^/]*@", "//", where)
