"""One build of an index as files in a folder, with the fingerprint of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from munshi.knowledge.base import Passage
from munshi.knowledge.files import digest_file
from munshi.knowledge.index import Index
from munshi.knowledge.lexical import LexicalIndex
from munshi.knowledge.token_vectors import TokenVectors
from munshi.knowledge.vectors import VectorIndex

FORMAT = 3
"""Raised with every change of the files or of what stands in them: an older index is then built anew."""

_MANIFEST = "manifest.json"


class DamagedIndexError(Exception):
    """A generation that is not whole, was changed from outside or is of another format."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What is remembered of a file: its fingerprint, how many passages it gave, what was wrong with it.

    `stale` says that it could not be read as it is now, and its passages are those of an earlier state.
    """

    digest: str
    passages: int
    faults: tuple[str, ...] = ()
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Generation:
    """An index and the papers it was made of, by source."""

    index: Index
    papers: Mapping[str, Paper]


def write_generation(generation: Generation, folder: Path) -> None:
    """Write it into an empty folder. Raises OSError."""
    index = generation.index
    parts = {"lexical": index.lexical, "vectors": index.vectors, "tokens": index.tokens}
    for name, part in parts.items():
        if part is not None:
            (folder / name).mkdir()
            part.save(folder / name)
    lines = [json.dumps(asdict(passage), default=date.isoformat) for passage in index.passages]
    (folder / "passages.jsonl").write_text("\n".join(lines), encoding="utf-8")
    manifest = {
        "format": FORMAT,
        "version": index.version,
        "keys": index.keys,
        "papers": {source: asdict(paper) for source, paper in generation.papers.items()},
        "files": _fingerprints(folder),
    }
    (folder / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def read_generation(folder: Path, *, check: bool = True) -> Generation:
    """Read what `write_generation` wrote. Raises FileNotFoundError where it is gone, DamagedIndexError if not whole.

    Without `check` the files' fingerprints are not compared: for what was written a moment ago.
    """
    manifest = _manifest(folder)
    if manifest.get("format") != FORMAT or (check and manifest.get("files") != _fingerprints(folder)):
        raise DamagedIndexError(str(folder))
    try:
        return _assemble(folder, manifest)
    except (EOFError, KeyError, TypeError, ValueError) as error:  # a library that has changed what it writes
        raise DamagedIndexError(str(folder)) from error


def _assemble(folder: Path, manifest: Mapping[str, Any]) -> Generation:
    lines = (folder / "passages.jsonl").read_text(encoding="utf-8").split("\n")
    index = Index(
        passages=tuple(_passage(json.loads(line)) for line in lines if line),
        keys=tuple(manifest["keys"]),
        lexical=LexicalIndex.load(folder / "lexical"),
        vectors=VectorIndex.load(folder / "vectors") if (folder / "vectors").exists() else None,
        tokens=TokenVectors.load(folder / "tokens") if (folder / "tokens").exists() else None,
        version=manifest["version"],
    )
    papers = {source: Paper(**{**p, "faults": tuple(p["faults"])}) for source, p in manifest["papers"].items()}
    return Generation(index, papers)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (NotADirectoryError, ValueError) as error:
        raise DamagedIndexError(str(folder)) from error
    if not isinstance(manifest, dict):
        raise DamagedIndexError(str(folder))
    return manifest


def _fingerprints(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != _MANIFEST)
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}


def _passage(data: dict[str, Any]) -> Passage:
    dates = {name: date.fromisoformat(data[name]) if data[name] else None for name in ("valid_from", "valid_until")}
    return Passage(**{**data, **dates, "heading": tuple(data["heading"])})
