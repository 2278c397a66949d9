"""An index's sentence vectors as rows of a vector store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from langchain_core.documents import Document

from munshi.knowledge.index import Index
from munshi.knowledge.text import digest
from munshi.knowledge.views import Prepare, sentence_views

PASSAGE = "passage"
"""The key in a row's metadata under which its passage's id stands."""

_MARK = 12


class Place(NamedTuple):
    """Where a row comes from: the passage's position in the index, and which of its vectors."""

    passage: int
    view: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows to be written, with the vector of each text among them."""

    ids: list[str]
    documents: list[Document]
    vectors: Mapping[str, Sequence[float]]


class Rows:
    """The rows that stand for an index in a store: one for every vector, under an id made of what is in it.

    A row is never changed: of another text or another encoder it is another row. The ids of one `owner` begin alike, by
    which they are told from other rows in the same place.
    """

    def __init__(self, index: Index, owner: str, prepare: Prepare) -> None:
        """`prepare` must be what the index was built with. Raises ValueError for an index without vectors."""
        if index.vectors is None:
            raise ValueError("this index has no vectors")
        self._passages = index.passages
        self._vectors = index.vectors
        self._prepare = prepare
        self._owner = owner
        self.places = {
            _row_id(owner, passage.id, key, view): Place(position, view)
            for position, (passage, key) in enumerate(zip(index.passages, index.keys, strict=True))
            for view in range(index.vectors.counts[position])
        }

    def owned(self, ids: set[str]) -> set[str]:
        """Those of some ids that are the owner's."""
        mark = str(UUID(_mark(self._owner) + "0" * (32 - _MARK)))[: _MARK + 1]
        return {one for one in ids if one.startswith(mark)}

    def batch(self, ids: Sequence[str]) -> Batch:
        """Some of the rows, to be written."""
        views: dict[int, tuple[str, ...]] = {}
        documents, vectors = [], {}
        for one in ids:
            position, view = self.places[one]
            passage = self._passages[position]
            if position not in views:
                views[position] = sentence_views(passage, self._prepare)
            text = storable(views[position][view])
            documents.append(
                Document(id=one, page_content=text, metadata={PASSAGE: storable(passage.id), "view": view})
            )
            vectors[text] = self._vectors.rows(position)[view].tolist()
        return Batch(list(ids), documents, vectors)


def passage_positions(index: Index) -> dict[str, int]:
    """Where a passage stands in the index, by its id as it stands in the rows."""
    return {storable(passage.id): position for position, passage in enumerate(index.passages)}


def storable(text: str) -> str:
    """A text as every store takes it: no NUL, which PostgreSQL refuses, and no lone surrogate, which UTF-8 does."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _row_id(owner: str, passage_id: str, key: str, view: int) -> str:
    return str(UUID(_mark(owner) + digest(f"{passage_id}\0{key}\0{view}")[: 32 - _MARK]))


def _mark(owner: str) -> str:
    return digest(owner)[:_MARK]
