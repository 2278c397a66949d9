"""Every place where vectors may lie, held to one contract; and what a store adds to it."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore

from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.dense import DenseArm
from munshi.knowledge.index import Index
from munshi.knowledge.langchain_embeddings import EncoderEmbeddings
from munshi.knowledge.search import HybridRetriever
from munshi.knowledge.vector_mirror import Synced, VectorMirror
from munshi.knowledge.vector_store import OpenedStore, open_store
from munshi.knowledge.vectors import VectorIndex
from tests.knowledge.dense_contract import CLUTCH, DELIVERY, PAPERS, Keeper, KeepsTheDenseContract
from tests.servers.qdrant import QdrantServer

Open = Callable[[], OpenedStore]


class OnDisk:
    """The built-in vectors."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def update(self, index: Index) -> DenseArm:
        assert index.vectors is not None
        index.vectors.save(self._folder)
        return index.vectors

    def reopened(self, index: Index) -> DenseArm:
        return VectorIndex.load(self._folder)


class InStore:
    """A store behind a mirror."""

    def __init__(self, opening: Open, lock: Path) -> None:
        self._opening = opening
        self._lock = lock
        self.open()

    def open(self) -> None:
        self.opened = self._opening()
        self.mirror = VectorMirror(self.opened, self._lock, owner="shop")

    def update(self, index: Index) -> DenseArm:
        self.mirror.sync(index)
        return self.mirror.arm(index)

    def reopened(self, index: Index) -> DenseArm:
        self.mirror.close()
        self.open()
        assert self.mirror.sync(index) == Synced(0, 0)
        return self.mirror.arm(index)


class TestBuiltIn(KeepsTheDenseContract):
    @pytest.fixture
    def keeper(self, tmp_path: Path) -> Keeper:
        return OnDisk(tmp_path)


class KeepsTheStoreContract(KeepsTheDenseContract):
    """What every store keeps to on top; a test class gives `opening`, which opens the same store again and again.

    The store's embeddings are `counting`, so that `embedded` tells what it had embedded.
    """

    @pytest.fixture
    def keeper(self, opening: Open, tmp_path: Path) -> Iterator[InStore]:
        keeper = InStore(opening, tmp_path / "lock")
        yield keeper
        keeper.mirror.close()

    def test_only_what_differs_is_written_and_removed(self, keeper: InStore, index: Index, encoder: Encoder) -> None:
        assert index.vectors is not None
        rows = len(index.vectors.matrix)
        assert keeper.mirror.sync(index) == Synced(rows, 0)
        assert keeper.mirror.sync(index) == Synced(0, 0)
        changed = replace(CLUTCH, text="A clutch plate is fitted within two days.")
        after = Index.from_passages([changed if one is CLUTCH else one for one in PAPERS], encoder, reuse=index)
        assert keeper.mirror.sync(after) == Synced(1, 1)
        fewer = Index.from_passages([DELIVERY], encoder, reuse=after)
        assert keeper.mirror.sync(fewer) == Synced(0, rows - 2)
        assert len(keeper.opened.ids()) == 2

    def test_nothing_is_embedded_for_it(self, keeper: InStore, index: Index, embedded: list[str]) -> None:
        keeper.update(index)
        assert embedded == []

    def test_what_a_broken_off_update_left_is_mended(self, keeper: InStore, index: Index, encoder: Encoder) -> None:
        older = Index.from_passages([Passage("gone/1", "A page that is gone.", "gone.md")], encoder)
        keeper.update(older)
        keeper.mirror.sync(index)
        whole = keeper.opened.ids()
        keeper.opened.store.delete(ids=sorted(whole)[::2])
        lost = len(whole) - len(keeper.opened.ids())
        assert keeper.mirror.sync(index) == Synced(lost, 0)
        assert keeper.opened.ids() == whole

    def test_rows_that_are_not_its_own_stay(self, keeper: InStore, index: Index, encoder: Encoder) -> None:
        foreign = str(uuid.uuid4())
        keeper.opened.store.add_documents([Document(page_content="Warranty", metadata={})], ids=[foreign])
        other = VectorMirror(keeper.opened, Path(tempfile.mkdtemp()) / "lock", owner="another shop")
        other.sync(Index.from_passages([CLUTCH], encoder))
        arm = keeper.update(index)
        keeper.update(Index.from_passages([], encoder))
        assert len(keeper.opened.ids()) == 2
        assert foreign in keeper.opened.ids()
        assert arm.similar(encoder.encode(["warranty"])[0], 100).whole

    def test_a_search_finds_what_it_finds_without_the_store(
        self, keeper: InStore, index: Index, encoder: Encoder
    ) -> None:
        built_in = HybridRetriever(index, encoder)
        stored = HybridRetriever(index, encoder, dense=keeper.update(index))
        for question in ("how long is the guarantee", "brake pads", "sunday"):
            ours, theirs = built_in.search(question), stored.search(question)
            assert [hit.passage.id for hit in ours] == [hit.passage.id for hit in theirs]
            assert [hit.score for hit in ours] == pytest.approx([hit.score for hit in theirs], abs=1e-5)

    def test_searches_go_on_while_rows_change(self, keeper: InStore, index: Index, encoder: Encoder) -> None:
        other = Index.from_passages([replace(CLUTCH, text="Clutches take two days.")], encoder)
        arm = keeper.update(index)
        query = encoder.encode(["clutch plate"])[0]
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(lambda: arm.similar(query, 5).whole) for _ in range(30)]
            for _ in range(3):
                keeper.mirror.sync(other)
                keeper.mirror.sync(index)
        assert all(one.result() for one in asked)
        assert keeper.mirror.sync(index) == Synced(0, 0)

    def test_rows_are_documents_of_their_own_text(self, keeper: InStore, index: Index) -> None:
        keeper.update(index)
        found = keeper.opened.store.similarity_search("A clutch plate is fitted within a day.", k=1)
        assert found[0].metadata["passage"] == CLUTCH.id
        assert CLUTCH.text in found[0].page_content


class TestAnyLangChainStore(KeepsTheStoreContract):
    """LangChain's own store in memory stands for those that no setting names."""

    @pytest.fixture
    def opening(self, counting: Encoder) -> Open:
        embeddings = EncoderEmbeddings(counting)
        store = InMemoryVectorStore(embeddings)
        return lambda: OpenedStore("memory", store, embeddings, lambda: set(store.store), (ValueError,), "try again")


class TestQdrantFolder(KeepsTheStoreContract):
    @pytest.fixture
    def opening(self, counting: Encoder, tmp_path: Path) -> Open:
        return lambda: opened(f"qdrant:{tmp_path / 'qdrant'}", counting)


class TestQdrantServer(KeepsTheStoreContract):
    @pytest.fixture
    def opening(self, counting: Encoder) -> Iterator[Open]:
        with QdrantServer() as server:
            yield lambda: opened(f"qdrant:{server.url}/papers", counting)


@pytest.mark.services
class TestPgvector(KeepsTheStoreContract):
    @pytest.fixture
    def opening(self, counting: Encoder, pgvector: Any) -> Open:
        name = uuid.uuid4().hex
        return lambda: opened(pgvector.get_uri(driver="psycopg"), counting, business=name)


def opened(spec: str, encoder: Encoder, *, business: str = "shop") -> OpenedStore:
    return open_store(spec, encoder, business=business)
