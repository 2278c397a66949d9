"""The dense arm that asks a vector store."""

from __future__ import annotations

import logging
import math
import threading
import time

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.dense import Positions, Scores, VectorStoreError
from munshi.knowledge.index import Index
from munshi.knowledge.vector_rows import PASSAGE, passage_positions
from munshi.knowledge.vector_store import OpenedStore
from munshi.knowledge.vectors import VectorIndex

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 30.0


class Outage:
    """Whether a store that failed is left alone for a while. Its failure is written to the log once, and its return."""

    def __init__(self, name: str, pause: float) -> None:
        self._name = name
        self._pause = pause
        self._until: float | None = None
        self._lock = threading.Lock()

    def worth_asking(self) -> bool:
        """Whether to ask the store now. After a pause one caller is told to, the others not until it has answered."""
        with self._lock:
            if self._until is None:
                return True
            if time.monotonic() < self._until:
                return False
            self._until = time.monotonic() + self._pause
        return True

    def begin(self, error: VectorStoreError) -> None:
        """Leave the store alone from now on, for the pause."""
        with self._lock:
            first = self._until is None
            self._until = time.monotonic() + self._pause
        if first:
            _log.warning("The papers are searched by words until the vector store is back: %s", error)

    def end(self) -> None:
        """The store has answered."""
        with self._lock:
            if self._until is None:
                return
            self._until = None
        _log.warning("The vector store %s is back", self._name)


class VectorStoreArm:
    """`DenseArm` over the rows of an index in a store (see `vector_rows`).

    The store says which passages have the nearest rows. They are scored with the index's own vectors, which lie on the
    disk and are looked at in no other place, so that a passage's score is the same whatever found it.
    """

    def __init__(self, index: Index, opened: OpenedStore, outage: Outage) -> None:
        """Raises ValueError for an index without vectors."""
        if index.vectors is None:
            raise ValueError("this index has no vectors")
        self._vectors = index.vectors
        self._opened = opened
        self._outage = outage
        self._positions = passage_positions(index)

    def similar(self, query: NDArray[np.float32], count: int) -> Nearby:
        """What is near a unit vector, (dim,); not `whole` where the store fails, or did so a moment ago."""
        if not self._outage.worth_asking():
            return Nearby(self._vectors, query)
        try:
            found = self._nearest(query, self._rows(count))
        except VectorStoreError as error:
            self._outage.begin(error)
            return Nearby(self._vectors, query)
        self._outage.end()
        return Nearby(self._vectors, query, found)

    def _rows(self, count: int) -> int:
        """How many rows are asked for to have `count` passages: as many as those have on average."""
        passages, rows = len(self._vectors.counts), len(self._vectors.matrix)
        return min(rows, math.ceil(count * rows / passages)) if passages else 0

    def _nearest(self, query: NDArray[np.float32], rows: int) -> Positions:
        """The passages of the nearest rows; rows of other states of the papers are passed over."""
        if not rows:
            return np.zeros(0, dtype=np.int64)
        with self._opened.asked() as store:
            documents = store.similarity_search_by_vector(query.tolist(), k=rows)
        named = (self._positions.get(document.metadata.get(PASSAGE, "")) for document in documents)
        return np.unique(np.array([position for position in named if position is not None], dtype=np.int64))


class Nearby:
    """`Similar` where some passages are known to be the nearest, if any could be, and single scores are looked up."""

    def __init__(self, vectors: VectorIndex, query: NDArray[np.float32], positions: Positions | None = None) -> None:
        self._vectors = vectors
        self._query = query
        self.whole = positions is not None
        self._positions = positions if positions is not None else np.zeros(0, dtype=np.int64)
        self._scores = self.at(self._positions)

    def best(self, allowed: NDArray[np.bool_], count: int) -> Positions:
        """The nearest of those known that are allowed, nearest first, and none that scores nothing."""
        kept = allowed[self._positions] & (self._scores > 0)
        order = np.argsort(-self._scores[kept], kind="stable")[:count]
        return self._positions[kept][order]

    def at(self, positions: Positions) -> Scores:
        """The score of each of some passages, (positions,)."""
        return self._vectors.scores_at(positions, self._query)
