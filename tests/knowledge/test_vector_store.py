"""Opening a vector store, and what becomes of a search when one is gone."""

from __future__ import annotations

import logging
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from munshi.knowledge.base import Encoder
from munshi.knowledge.dense import VectorStoreError
from munshi.knowledge.index import Index
from munshi.knowledge.langchain_embeddings import EmbeddingsEncoder
from munshi.knowledge.search import HybridRetriever
from munshi.knowledge.vector_mirror import Synced, VectorMirror
from munshi.knowledge.vector_store import open_store
from tests.knowledge.dense_contract import CLUTCH, PAPERS
from tests.servers.qdrant import QdrantServer


@pytest.fixture
def short() -> Encoder:
    """An encoder of eight numbers."""
    return EmbeddingsEncoder(DeterministicFakeEmbedding(size=8), "eight")


@pytest.mark.parametrize(
    "spec",
    [
        "chroma:somewhere",
        "qdrant",
        "qdrant:",
        "qdrant:http://127.0.0.1:1",
        "qdrant:http://:secret@127.0.0.1:1/papers",
        "qdrant:http://[::1",
        "qdrant:http://127.0.0.1:notaport",
        "qdrant:/dev/null/folder",
        "qdrant:nul\0nul",
        "postgresql+psycopg://user:secret@127.0.0.1:1/shop",
        "postgresql://user:secret@127.0.0.1:1/shop",
        "postgresql+psycopg:/user:secret@127.0.0.1",
        "postgresql+psycopg://user:secret@127.0.0.1:port/shop",
        "user:secret@127.0.0.1",
        "👍",
    ],
)
def test_what_cannot_be_opened_is_told_in_one_line_without_secrets(spec: str, short: Encoder) -> None:
    with pytest.raises(VectorStoreError) as told:
        open_store(spec, short, business="shop")
    assert "\n" not in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("spec", "package", "extra"),
    [
        ("qdrant::memory:", "langchain_qdrant", "munshi[qdrant]"),
        ("postgresql+psycopg://u@127.0.0.1/x", "langchain_postgres", "munshi[pgvector]"),
    ],
)
def test_a_package_that_is_not_installed_is_named(
    spec: str, package: str, extra: str, short: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(VectorStoreError, match=extra.replace("[", r"\[")):
        open_store(spec, short, business="shop")


def test_a_folder_is_for_one_process(short: Encoder, tmp_path: Path) -> None:
    spec = f"qdrant:{tmp_path}"
    first = open_store(spec, short, business="shop")
    with pytest.raises(VectorStoreError):
        open_store(spec, short, business="shop")
    first.close()
    open_store(spec, short, business="shop").close()


def test_a_server_is_asked_without_a_proxy_and_with_the_key(short: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with QdrantServer() as server:
        opened = open_store(f"qdrant:{server.url}", short, business="shop", key="k")
        assert opened.ids() == set()
        assert set(server.keys) == {"k"}
        server.down = True
        with pytest.raises(VectorStoreError), opened.asked() as store:
            store.similarity_search("brakes")


def test_a_collection_of_other_vectors_is_left_alone(short: Encoder, encoder: Encoder) -> None:
    with QdrantServer() as server:
        first = open_store(f"qdrant:{server.url}/papers", short, business="shop")
        with pytest.raises(VectorStoreError, match="papers"):
            open_store(f"qdrant:{server.url}/papers", encoder, business="shop")
        first.close()


@pytest.mark.parametrize("business", ["shop", "मेरी दुकान", "x" * 300, "'; drop table", "👍", ""])
def test_any_business_has_a_place_of_its_own(business: str, short: Encoder, tmp_path: Path) -> None:
    for name in (business, f"{business} 2"):
        opened = open_store(f"qdrant:{tmp_path}", short, business=name)
        mirror = VectorMirror(opened, tmp_path / "lock", owner=name)
        assert mirror.sync(Index.from_passages([CLUTCH], short)) == Synced(1, 0)
        assert len(opened.ids()) == 1
        mirror.close()


def test_another_encoder_begins_anew(short: Encoder, encoder: Encoder, tmp_path: Path) -> None:
    for one in (short, encoder, short):
        opened = open_store(f"qdrant:{tmp_path}", one, business="shop")
        mirror = VectorMirror(opened, tmp_path / "lock", owner="shop")
        mirror.sync(Index.from_passages([CLUTCH], one))
        assert len(opened.ids()) == 1
        mirror.close()


def test_a_store_that_is_gone_costs_its_share_of_the_search_and_nothing_else(
    encoder: Encoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index = Index.from_passages(PAPERS, encoder)
    mirror = VectorMirror(open_store(f"qdrant:{tmp_path}", encoder, business="s"), tmp_path / "lock", owner="s")
    mirror.sync(index)
    retriever = HybridRetriever(index, encoder, dense=mirror.arm(index))
    assert retriever.trace("clutch plate").candidates["dense"]
    mirror.close()
    with caplog.at_level(logging.WARNING):
        traces = [retriever.trace(question) for question in ("fitting a clutch", "brake pads", "fitting a clutch")]
    assert [(trace.dense_missing, trace.cached, trace.candidates["dense"]) for trace in traces] == [
        (True, False, 0)
    ] * 3
    first = HybridRetriever(index, encoder).search("fitting a clutch")[0]
    assert first.passage is CLUTCH
    assert (traces[0].hits[0].passage, traces[0].hits[0].dense) == (CLUTCH, pytest.approx(first.dense))
    assert len(caplog.records) == 1
    with pytest.raises(VectorStoreError):
        mirror.sync(index)


@pytest.mark.services
def test_what_could_not_be_written_is_made_up_for_when_the_store_is_back(
    pgvector: Any, encoder: Encoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = open_store(pgvector.get_uri(driver="psycopg"), encoder, business=uuid.uuid4().hex)
    mirror = VectorMirror(opened, tmp_path / "lock", owner="shop", pause=0)
    before = Index.from_passages(PAPERS, encoder)
    mirror.sync(before)
    after = Index.from_passages([replace(CLUTCH, text="Clutches take two days."), *PAPERS[:2]], encoder)
    retriever = HybridRetriever(after, encoder, dense=mirror.arm(after))
    pgvector.stop()
    with caplog.at_level(logging.WARNING):
        mirror.follow(after)
        mirror.catch_up()
        assert retriever.trace("clutches").dense_missing
    assert len(caplog.records) == 1
    pgvector.start()
    mirror.catch_up()
    assert mirror.sync(after) == Synced(0, 0)
    found = retriever.trace("clutches")
    assert not found.dense_missing
    assert found.candidates["dense"]
    mirror.close()
