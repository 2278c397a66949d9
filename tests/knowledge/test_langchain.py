"""LangChain's side of the search: our retriever and encoder in its chains, its embeddings in our index."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore

from munshi.knowledge.base import Encoder, EncoderError
from munshi.knowledge.index import Index
from munshi.knowledge.index_store import IndexStore
from munshi.knowledge.langchain_embeddings import EmbeddingsEncoder, EncoderEmbeddings
from munshi.knowledge.langchain_retriever import LangChainRetriever
from munshi.knowledge.search import HybridRetriever
from tests.knowledge.dense_contract import PAPERS, WARRANTY

QUESTION = "how long is the guarantee"


@pytest.fixture
def hybrid(encoder: Encoder) -> HybridRetriever:
    return HybridRetriever(Index.from_passages(PAPERS, encoder), encoder)


@pytest.fixture
def retriever(hybrid: HybridRetriever) -> LangChainRetriever:
    return LangChainRetriever(retriever=hybrid, top_k=2)


def test_documents_say_what_the_hits_say(hybrid: HybridRetriever, retriever: LangChainRetriever) -> None:
    hits, documents = hybrid.search(QUESTION, top_k=2), retriever.invoke(QUESTION)
    assert [document.page_content for document in documents] == [hit.passage.text for hit in hits]
    assert documents[0].page_content == WARRANTY.text
    assert documents[0].id == documents[0].metadata["id"] == WARRANTY.id
    for hit, document in zip(hits, documents, strict=True):
        told = json.loads(json.dumps(document.metadata))
        stages = ("score", "lexical", "dense", "rerank")
        assert [told[stage] for stage in stages] == [hit.score, hit.lexical, hit.dense, hit.rerank]
        place = (hit.passage.source, hit.passage.title, hit.passage.page, list(hit.passage.heading), hit.passage.kind)
        assert tuple(told[name] for name in ("source", "title", "page", "heading", "kind")) == place


def test_every_way_of_asking_gives_the_same(retriever: LangChainRetriever) -> None:
    questions = [QUESTION, "brake pads", "क्या रविवार को खुला है"]
    single = [retriever.invoke(question) for question in questions]
    assert retriever.batch(questions) == single
    assert asyncio.run(retriever.abatch(questions)) == single
    assert asyncio.run(retriever.ainvoke(QUESTION)) == single[0]


@pytest.mark.parametrize("question", ["", " \n", "?", "\ud800", "a" * 5000, "<|im_start|>"])
def test_any_question_is_answered(retriever: LangChainRetriever, question: str) -> None:
    assert len(retriever.invoke(question)) <= 2


def test_it_is_a_link_of_a_chain(retriever: LangChainRetriever) -> None:
    def joined(documents: list[Document]) -> str:
        return " | ".join(document.metadata["source"] for document in documents)

    assert (retriever | RunnableLambda(joined)).invoke(QUESTION).startswith("faq.csv")


def test_filters_and_size_are_passed_on(hybrid: HybridRetriever) -> None:
    filters = {"source": "a.md"}
    wide = LangChainRetriever(retriever=hybrid, top_k=4, filters=filters)
    expected = [hit.passage.id for hit in hybrid.search("warranty", top_k=4, filters=filters)]
    assert [document.id for document in wide.invoke("warranty")] == expected


def test_a_langchain_store_can_be_filled_with_our_encoder(encoder: Encoder) -> None:
    store = InMemoryVectorStore(EncoderEmbeddings(encoder))
    store.add_texts(["brake pads", "opening hours"])
    assert store.similarity_search("when are you open", k=1)[0].page_content == "opening hours"
    assert EncoderEmbeddings(encoder).embed_documents([]) == []


def test_an_index_can_be_built_with_langchain_embeddings(tmp_path: Path) -> None:
    encoder = EmbeddingsEncoder(DeterministicFakeEmbedding(size=8), "eight")
    assert encoder.dim == 8
    vectors = encoder.encode(["brakes", "", "brakes"])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert vectors[0].tolist() == vectors[2].tolist()
    assert encoder.encode([]).shape == (0, 8)
    with pytest.raises(EncoderError):
        encoder.encode_tokens(["brakes"])
    paper = tmp_path / "parking.txt"
    paper.write_text("Park in the yard.", encoding="utf-8")
    index, report = IndexStore(tmp_path / "index", encoder).update([paper])
    assert report.embedded == 1
    assert HybridRetriever(index, encoder).search("where may I park")[0].dense is not None


class Faulty(Embeddings):
    """Embeddings that give what they are told to, whatever the texts."""

    def __init__(self, *answers: list[list[float]] | Exception) -> None:
        self._answers = list(answers)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.mark.parametrize(
    "answer",
    [[], [[]], [[0.0, 0.0]], [[float("nan"), 1.0]], [[1.0], [2.0]], [[1.0, 2.0, 3.0]], ConnectionError("gone\nfar")],
)
def test_embeddings_that_give_rubbish_are_refused(answer: list[list[float]] | Exception) -> None:
    encoder = EmbeddingsEncoder(Faulty([[1.0, 0.0]], answer), "faulty")
    with pytest.raises(EncoderError) as told:
        encoder.encode(["brakes"])
    assert "\n" not in str(told.value)
    assert "faulty" in str(told.value)
