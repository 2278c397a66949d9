"""PostgreSQL with pgvector as a vector store, through LangChain's PGVectorStore."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import URL, Engine, NullPool, Uuid, column, create_engine, inspect, make_url, select, table
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from munshi.knowledge.base import Encoder
from munshi.knowledge.dense import VectorStoreError
from munshi.knowledge.langchain_embeddings import EncoderEmbeddings
from munshi.knowledge.vector_store import OpenedStore, missing_extra, translated

if TYPE_CHECKING:
    from langchain_postgres import PGEngine

_ID = "langchain_id"
_FAULTS: tuple[type[Exception], ...] = (SQLAlchemyError, OSError, ValueError)
# Of libpq: seconds for a connection, milliseconds until an unanswered packet ends one.
_PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
_REMEDY = "check MUNSHI_VECTORS, that PostgreSQL is running, and that its vector extension (pgvector) is installed"


def open_pgvector(address: str, encoder: Encoder, name: str) -> OpenedStore:
    """The table `name` in the database at a SQLAlchemy URL; it is made where it is missing.

    Raises VectorStoreError.
    """
    try:
        import psycopg  # noqa: F401 - the driver, looked for before SQLAlchemy does
        from langchain_postgres import PGEngine, PGVectorStore
    except ImportError as error:
        raise missing_extra("PostgreSQL with pgvector", "pgvector") from error
    url = _url(address)
    told = url.render_as_string(hide_password=True)
    embeddings = EncoderEmbeddings(encoder)
    # A row lost in a crash is written again: no commit need wait for the disk, and each row is one.
    options = f"{url.query.get('options', '')} -c synchronous_commit=off".strip()
    connecting = {**_PATIENCE, "options": options}
    plain = create_engine(url, connect_args=connecting, poolclass=NullPool)
    with translated(told, _FAULTS, _REMEDY):
        engine = PGEngine.from_connection_string(url, connect_args=connecting, pool_pre_ping=True)
        _ensure(plain, engine, name, encoder.dim)
        store = PGVectorStore.create_sync(engine, embeddings, name)
    return OpenedStore(
        name=told,
        store=store,
        embeddings=embeddings,
        ids=lambda: _ids(plain, name),
        faults=_FAULTS,
        remedy=_REMEDY,
        close=lambda: asyncio.run(engine.close()),
    )


def _url(address: str) -> URL:
    try:
        return make_url(address).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError) as error:
        raise VectorStoreError(
            "MUNSHI_VECTORS is no database URL; write postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
        ) from error


def _ensure(plain: Engine, engine: PGEngine, name: str, dim: int) -> None:
    """Make the table where it is missing."""
    if inspect(plain).has_table(name):
        return
    try:
        engine.init_vectorstore_table(name, dim)
    except SQLAlchemyError:
        if not inspect(plain).has_table(name):  # else another process was quicker
            raise


def _ids(plain: Engine, name: str) -> set[str]:
    with plain.connect() as db:
        return {str(one) for one in db.execute(select(column(_ID, Uuid)).select_from(table(name))).scalars()}
