"""An index kept in a folder: brought up to date with the papers, switched in one step, checked when opened."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from munshi.knowledge.base import Encoder, KnowledgeError
from munshi.knowledge.build_report import BuildReport, report_on
from munshi.knowledge.chunking import ChunkSettings
from munshi.knowledge.embedding import Progress
from munshi.knowledge.files import replace_text, settle
from munshi.knowledge.generation import DamagedIndexError, Generation, Paper, read_generation, write_generation
from munshi.knowledge.index import Index
from munshi.knowledge.lexical import LexicalSettings
from munshi.knowledge.paper_reader import PaperReader, ReadPaper
from munshi.knowledge.text import slug
from munshi.knowledge.unfinished import Unfinished
from munshi.knowledge.views import Prepare, as_is

_CURRENT = "current"
_BUILDING = ".building-"
_UNFINISHED = ".unfinished"
_VERSION = 12
_READ_ATTEMPTS = 50


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
        self._papers: tuple[str, Mapping[str, Paper]] = ("", {})

    def open(self) -> Index | None:
        """The current index; None where there is none, or where it is damaged and must be built anew."""
        generation = self._read()
        return generation.index if generation else None

    def look(self) -> tuple[Index, BuildReport] | None:
        """The current index as `open` gives it, with what there is to tell of it."""
        held = self._read()
        return (held.index, report_on(held, held, damaged=False, seconds=0.0)) if held else None

    def papers(self) -> Mapping[str, Paper]:
        """What is remembered of the papers of the current index, by source."""
        name, known = self._papers
        if name and name == self._current():
            return known
        held = self._read()
        return held.papers if held else {}

    def current(self) -> str | None:
        """The version of the index that is published now, without opening it; None where there is none."""
        name = self._current()
        return name.partition("-")[0] if name else None

    def update(
        self,
        papers: Sequence[Path],
        *,
        progress: Progress | None = None,
        reading: Progress | None = None,
        wait: bool = True,
        again: bool = False,
    ) -> tuple[Index, BuildReport]:
        """Bring the index up to date with the papers and open it.

        Unchanged papers are not read again and unchanged passages not embedded again; papers that are no longer named
        are dropped. One that cannot be read is named, and what was read of it before stays. `reading` is told of
        papers, `progress` of passages. Where another process is building and `wait` is False, the index is opened as
        it is, if there is one. With `again` papers that something was wrong with are read again though they have not
        changed: what they lacked may have been installed. Raises KnowledgeError where the folder cannot be written,
        EncoderError where the encoder fails; the old index stays.
        """
        started = time.perf_counter()
        lock = FileLock(self._folder / ".lock")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not _is_taken(lock, wait=wait):  # another process builds the next
                busy = self._read()
                if busy is not None:
                    return busy.index, report_on(busy, busy, damaged=False, seconds=time.perf_counter() - started)
                lock.acquire()
            try:
                old = self._read()
                damaged = old is None and (self._folder / _CURRENT).exists()
                read = PaperReader(self._chunks, old, again=again).read(papers, reading)
                new = self._publish(old, self._build(read, old, progress))
            finally:
                lock.release()
        except OSError as error:
            raise KnowledgeError(
                f"{self._folder}: the index cannot be written ({error.strerror or error}); check room and rights there"
            ) from error
        return new.index, report_on(old, new, damaged=damaged, seconds=time.perf_counter() - started)

    def _read(self) -> Generation | None:
        for _ in range(_READ_ATTEMPTS):
            name = self._current()
            if name is None:
                return None
            try:
                return self._known(name, read_generation(self._folder / name))
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

    def _build(self, read: Mapping[str, ReadPaper], old: Generation | None, progress: Progress | None) -> Generation:
        index = Index.from_passages(
            [passage for _, found in read.values() for passage in found],
            self._encoder,
            lexical=self._lexical,
            prepare=self._prepare,
            reuse=old.index if old else None,
            progress=progress,
            kept=Unfinished(self._folder / _UNFINISHED),
        )
        return Generation(index, {source: paper for source, (paper, _) in read.items()})

    def _publish(self, old: Generation | None, new: Generation) -> Generation:
        """Put a build in the place of the old one, if it is another, and open it from the disk; sweep what is left."""
        if old is not None and new.index is old.index and new.papers == old.papers:
            self._sweep()
            return old
        name = f"{new.index.version[:_VERSION]}-{secrets.token_hex(4)}"
        building = self._folder / f"{_BUILDING}{name}"
        building.mkdir()
        try:
            write_generation(new, building)
            settle(building)
        except OSError:
            shutil.rmtree(building, ignore_errors=True)  # on a full disk it would only be in the way
            raise
        building.rename(self._folder / name)
        replace_text(self._folder / _CURRENT, name)
        self._sweep()
        # Mapped into memory, the token vectors take none until they are looked at.
        return self._known(name, read_generation(self._folder / name, check=False))

    def _known(self, name: str, generation: Generation) -> Generation:
        """Remember what a generation holds of the papers: they are asked for without the index, too."""
        self._papers = name, generation.papers
        return generation

    def _sweep(self) -> None:
        """Remove older generations and what a crash left. One that is still open (on Windows) goes the next time."""
        current = (self._folder / _CURRENT).read_text(encoding="utf-8")
        for path in self._folder.iterdir():
            if path.is_dir() and path.name != current:
                shutil.rmtree(path, ignore_errors=True)


def _is_taken(lock: FileLock, *, wait: bool) -> bool:
    """Take the lock; False where another process has it and is not to be waited for."""
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        return False
    return True
