"""An index's sentence vectors kept the same in a vector store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from munshi.knowledge.dense import VectorStoreError
from munshi.knowledge.index import Index
from munshi.knowledge.vector_arm import PAUSE_SECONDS, Outage, VectorStoreArm
from munshi.knowledge.vector_rows import Rows
from munshi.knowledge.vector_store import OpenedStore
from munshi.knowledge.views import Prepare, as_is

# PostgreSQL takes 65,535 parameters a statement, Qdrant 32 MB a request.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Synced:
    """How many rows an update wrote and removed."""

    written: int
    removed: int


class VectorMirror:
    """Keeps a store's rows those of the newest index. The index is the truth, and the store a copy of it.

    What the store holds is looked up before anything is written: rows that are there stay as they are, and what an
    update that was broken off has left, or somebody has removed, the next update mends. Safe for several threads; one
    process writes at a time.
    """

    def __init__(
        self,
        opened: OpenedStore,
        lock: Path,
        *,
        owner: str,
        prepare: Prepare = as_is,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        """`lock` is a file that all processes share, `owner` whose rows these are; `prepare` is the index's own.

        A store that fails is left alone for `pause` seconds.
        """
        self._opened = opened
        self._lock = lock
        self._owner = owner
        self._prepare = prepare
        self._outage = Outage(opened.name, pause)
        self._behind: Index | None = None

    def arm(self, index: Index) -> VectorStoreArm:
        """The dense arm for an index that was synced. Raises ValueError for one without vectors."""
        return VectorStoreArm(index, self._opened, self._outage)

    def sync(self, index: Index) -> Synced:
        """Write what the store lacks of an index, remove what is not of it.

        Raises VectorStoreError where the store fails, and ValueError for an index without vectors.
        """
        rows = Rows(index, self._owner, self._prepare)
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):
            with self._opened.asked():
                held = rows.owned(self._opened.ids())
            missing = [one for one in rows.places if one not in held]
            extra = sorted(held - rows.places.keys())
            # Written first: a search meanwhile finds the old or the new, not nothing.
            for ids in _batches(missing):
                batch = rows.batch(ids)
                with self._opened.asked() as store, self._opened.embeddings.knowing(batch.vectors):
                    store.add_documents(batch.documents, ids=batch.ids)
            for ids in _batches(extra):
                with self._opened.asked() as store:
                    store.delete(ids=list(ids))
        return Synced(len(missing), len(extra))

    def follow(self, index: Index) -> None:
        """`sync` for a server that goes on answering: what fails is told in the log, and made up by `catch_up`."""
        try:
            self.sync(index)
        except VectorStoreError as error:
            self._behind = index
            self._outage.begin(error)
        else:
            self._behind = None
            self._outage.end()

    def catch_up(self) -> None:
        """Do what `follow` could not, unless the store has failed a moment ago. Cheap where there is nothing to do."""
        if self._behind is not None and self._outage.worth_asking():
            self.follow(self._behind)

    def close(self) -> None:
        """Let go of the store."""
        self._opened.close()


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
