"""The hybrid search as a LangChain retriever, to be put into any chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field, SkipValidation

from munshi.knowledge.base import Hit, Retriever


class LangChainRetriever(BaseRetriever):
    """Any `Retriever` in LangChain's words: `invoke`, `ainvoke`, `batch`, and `|` with other parts of a chain.

    `filters` lift what fits them, as `Retriever.search` has it. The room's own errors come through as they are.
    """

    retriever: SkipValidation[Retriever]
    top_k: int = Field(default=5, ge=0)
    filters: Mapping[str, str] | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
    ) -> list[Document]:
        return [document_of(hit) for hit in self.retriever.search(query, top_k=self.top_k, filters=self.filters)]


def document_of(hit: Hit) -> Document:
    """A hit as a document: the passage's text, where it stands, and each stage's score in the metadata.

    An FAQ entry's text is the answer, its `title` the question. All of it can be written as JSON.
    """
    passage = hit.passage
    metadata: dict[str, Any] = {
        "id": passage.id,
        "source": passage.source,
        "title": passage.title,
        "page": passage.page,
        "heading": list(passage.heading),
        "kind": passage.kind,
        "score": hit.score,
        "lexical": hit.lexical,
        "dense": hit.dense,
        "rerank": hit.rerank,
    }
    return Document(id=passage.id, page_content=passage.text, metadata=metadata)
