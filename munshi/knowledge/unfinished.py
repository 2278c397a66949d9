"""What a build has embedded so far, so that one that is broken off is gone on with and not begun anew."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import numpy as np

from munshi.knowledge.embedding import Embedding
from munshi.knowledge.files import digest_file
from munshi.knowledge.token_vectors import TokenVectors
from munshi.knowledge.vectors import VectorIndex

PART = 256
"""Passages in a part: what a crash can cost, and the size below which nothing is written."""

_KEYS = "keys.json"


class Unfinished:
    """`embedding.Kept` in a folder of its own, which whoever publishes the build takes away.

    A part is written under another name and then renamed; one that is damaged, or holds nothing that is wanted any
    more, is removed. A full disk ends the keeping, not the build.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, Embedding] = {}
        self._writable = True

    def find(self, keys: Set[str]) -> Mapping[str, Embedding]:
        """Those of these keys that were finished before."""
        found: dict[str, Embedding] = {}
        for part in sorted(self._folder.glob("*")) if self._folder.is_dir() else ():
            held = _read(part)
            wanted = {key: embedding for key, embedding in held.items() if key in keys}
            if not wanted:
                _remove(part)
            found.update(wanted)
        return found

    def add(self, finished: Mapping[str, Embedding]) -> Mapping[str, Embedding]:
        """Take one batch more. Once a part is full it is on the disk, and returned as it is mapped from there."""
        self._waiting.update(finished)
        if len(self._waiting) < PART or not self._writable:
            return finished
        part, self._waiting = self._waiting, {}
        try:
            return _read(self._write(list(part), list(part.values()))) or finished
        except OSError:
            self._writable = False  # publishing will tell of it, if there is still no room by then
            return finished

    def file(self) -> Path:
        """The name of a new file, to put what is too large for memory in. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f".{secrets.token_hex(8)}.npy"

    def _write(self, keys: Sequence[str], embeddings: Sequence[Embedding]) -> Path:
        name = secrets.token_hex(8)
        writing = self._folder / f".{name}"
        writing.mkdir(parents=True)
        try:
            VectorIndex(np.concatenate([e.vectors for e in embeddings]), [len(e.vectors) for e in embeddings]).save(
                writing
            )
            dim = embeddings[0].vectors.shape[1]
            TokenVectors.pack([(e.rows.reshape(-1, dim), e.scales) for e in embeddings], dim).save(writing)
            told = {"keys": keys, "files": _fingerprints(writing)}
            (writing / _KEYS).write_text(json.dumps(told), encoding="utf-8")
            return writing.rename(self._folder / name)
        except OSError:
            shutil.rmtree(writing, ignore_errors=True)
            raise


def _read(part: Path) -> dict[str, Embedding]:
    """What a part holds, mapped into memory; nothing where it is damaged."""
    try:
        told = json.loads((part / _KEYS).read_text(encoding="utf-8"))
        if told["files"] != _fingerprints(part):
            return {}
        vectors, tokens = VectorIndex.load(part), TokenVectors.load(part)
        return {key: Embedding(vectors.rows(i), *tokens.of(i)) for i, key in enumerate(told["keys"])}
    except (OSError, EOFError, IndexError, KeyError, TypeError, ValueError):
        return {}


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _fingerprints(folder: Path) -> dict[str, str]:
    return {path.name: digest_file(path) for path in sorted(folder.iterdir()) if path.name != _KEYS}
