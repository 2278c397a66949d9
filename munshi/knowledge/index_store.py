"""An index kept in a folder: brought up to date with the papers, switched in one step, checked when opened."""

from __future__ import annotations

import secrets
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from munshi.knowledge.base import Encoder, KnowledgeError, LoadError, Passage
from munshi.knowledge.chunking import ChunkSettings, passages
from munshi.knowledge.files import digest_file, replace_text, settle
from munshi.knowledge.generation import DamagedIndexError, Generation, Paper, read_generation, write_generation
from munshi.knowledge.index import Index, Progress
from munshi.knowledge.lexical import LexicalSettings
from munshi.knowledge.loaders import load
from munshi.knowledge.text import digest, slug
from munshi.knowledge.views import Prepare, as_is

_CURRENT = "current"
_BUILDING = ".building-"
_READ_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What an update did, by source. `skipped` says what could not be read and the remedy, a line each.

    `embedded` counts the passages that the encoder had to look at; `rebuilt` says that the index which lay there was
    damaged and everything was made anew.
    """

    documents: int
    passages: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: tuple[str, ...]
    embedded: int
    rebuilt: bool
    seconds: float


class IndexStore:
    """The index of one business in one folder, one for each encoder.

    Every build is a folder of its own (a generation) and a one-line file names the current one: a crash midway leaves
    the old index whole. One builder works at a time, also across processes; readers never wait.
    """

    def __init__(
        self,
        folder: Path,
        encoder: Encoder | None = None,
        *,
        chunks: ChunkSettings | None = None,
        lexical: LexicalSettings | None = None,
        prepare: Prepare = as_is,
    ) -> None:
        self._folder = folder / slug(encoder.name if encoder else "words only")
        self._encoder = encoder
        self._chunks = chunks or ChunkSettings()
        self._lexical = lexical or LexicalSettings()
        self._prepare = prepare

    def open(self) -> Index | None:
        """The current index; None where there is none, or where it is damaged and must be built anew."""
        generation = self._read()
        return generation.index if generation else None

    def update(self, papers: Sequence[Path], *, progress: Progress | None = None) -> tuple[Index, BuildReport]:
        """Bring the index up to date with the papers and open it.

        Unchanged papers are not read again and unchanged passages not embedded again; papers that are no longer named
        are dropped; one that cannot be read is skipped and named. Raises KnowledgeError where the folder cannot be
        written, EncoderError where the encoder fails.
        """
        started = time.perf_counter()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / ".lock"):
                old = self._read()
                damaged = old is None and (self._folder / _CURRENT).exists()
                new = self._build(papers, old, progress)
                if old is None or new.index is not old.index or new.papers != old.papers:
                    self._publish(new)
                self._sweep()
        except OSError as error:
            raise KnowledgeError(
                f"{self._folder}: the index cannot be written ({error.strerror or error}); check room and rights there"
            ) from error
        return new.index, _report(old, new, damaged=damaged, seconds=time.perf_counter() - started)

    def _read(self) -> Generation | None:
        for _ in range(_READ_ATTEMPTS):
            name = self._current()
            if name is None:
                return None
            try:
                return read_generation(self._folder / name)
            except (FileNotFoundError, DamagedIndexError):
                if self._current() == name:
                    return None
                # A builder has switched since the name was read, and swept what was being read.
        return None

    def _current(self) -> str | None:
        """The name of the current generation; None where there is none, or the file that holds it is damaged."""
        try:
            return (self._folder / _CURRENT).read_text(encoding="utf-8").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def _build(self, papers: Sequence[Path], old: Generation | None, progress: Progress | None) -> Generation:
        held: defaultdict[str, list[Passage]] = defaultdict(list)
        for passage in old.index.passages if old else ():
            held[passage.source].append(passage)
        before = old.papers if old else {}
        read = {
            source: self._paper(source, path, before.get(source), held[source])
            for source, path in _sources(papers).items()
        }
        index = Index.from_passages(
            [passage for _, found in read.values() for passage in found],
            self._encoder,
            lexical=self._lexical,
            prepare=self._prepare,
            reuse=old.index if old else None,
            progress=progress,
        )
        return Generation(index, {source: paper for source, (paper, _) in read.items()})

    def _paper(
        self, source: str, path: Path, before: Paper | None, held: Sequence[Passage]
    ) -> tuple[Paper, Sequence[Passage]]:
        """A paper and its passages: `held` if the file is as it was `before`, else read anew."""
        try:
            fingerprint = digest(f"{digest_file(path)} {self._chunks}")
        except OSError as error:
            return Paper("", 0, (f"{source}: cannot be opened ({error.strerror}); check that it is there",)), ()
        if before and before.digest == fingerprint:
            return before, held
        try:
            document = load(path, source=source)
        except LoadError as error:
            return Paper(fingerprint, 0, (str(error),)), ()
        found = passages(document, self._chunks)
        return Paper(fingerprint, len(found), document.faults), found

    def _publish(self, generation: Generation) -> None:
        name = f"{generation.index.version[:12]}-{secrets.token_hex(4)}"
        building = self._folder / f"{_BUILDING}{name}"
        building.mkdir()
        write_generation(generation, building)
        settle(building)
        building.rename(self._folder / name)
        replace_text(self._folder / _CURRENT, name)

    def _sweep(self) -> None:
        """Remove older generations and what a crash left. One that is still open (on Windows) goes the next time."""
        current = (self._folder / _CURRENT).read_text(encoding="utf-8")
        for path in self._folder.iterdir():
            if path.is_dir() and path.name != current:
                shutil.rmtree(path, ignore_errors=True)


def _sources(papers: Sequence[Path]) -> dict[str, Path]:
    """The papers by the name they are cited under: the file's own, with its folder's where two are called the same."""
    counts = Counter(path.name for path in papers)
    named = {path.name if counts[path.name] == 1 else f"{path.parent.name}/{path.name}": path for path in papers}
    return dict(sorted(named.items()))


def _report(old: Generation | None, new: Generation, *, damaged: bool, seconds: float) -> BuildReport:
    before = old.papers if old else {}
    after = new.papers
    old_keys = set(old.index.keys) if old else set()
    return BuildReport(
        documents=sum(paper.passages > 0 for paper in after.values()),
        passages=len(new.index.passages),
        added=tuple(source for source in after if source not in before),
        changed=tuple(source for source in after if source in before and after[source].digest != before[source].digest),
        removed=tuple(source for source in before if source not in after),
        skipped=tuple(fault for paper in after.values() for fault in paper.faults),
        embedded=len(set(new.index.keys) - old_keys) if new.index.vectors is not None else 0,
        rebuilt=damaged,
        seconds=seconds,
    )
