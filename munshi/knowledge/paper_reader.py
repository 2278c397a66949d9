"""Papers to passages: what is unchanged is not read again, and what cannot be read takes nothing away."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from unicodedata import category

from munshi.knowledge.base import LoadError, Passage
from munshi.knowledge.chunking import ChunkSettings, passages
from munshi.knowledge.embedding import Progress
from munshi.knowledge.files import digest_file
from munshi.knowledge.generation import Generation, Paper
from munshi.knowledge.loaders import load
from munshi.knowledge.text import digest

ReadPaper = tuple[Paper, Sequence[Passage]]
"""What is remembered of a paper, and its passages."""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class PaperReader:
    """Reads papers beside what an older generation holds of them."""

    def __init__(self, chunks: ChunkSettings, old: Generation | None, *, again: bool = False) -> None:
        """With `again` what something was wrong with is read though it has not changed."""
        self._again = again
        self._chunks = chunks
        self._before: Mapping[str, Paper] = old.papers if old else {}
        self._held: defaultdict[str, list[Passage]] = defaultdict(list)
        for passage in old.index.passages if old else ():
            self._held[passage.source].append(passage)

    def read(self, papers: Sequence[Path], progress: Progress | None = None) -> dict[str, ReadPaper]:
        """The papers by source, in name order; `progress` is called with (papers read, papers) after each."""
        sources = name_sources(papers)
        read: dict[str, ReadPaper] = {}
        for number, (source, path) in enumerate(sources.items(), start=1):
            read[source] = self._paper(source, path)
            if progress is not None:
                progress(number, len(sources))
        return read

    def _paper(self, source: str, path: Path) -> ReadPaper:
        before, held = self._before.get(source), self._held[source]
        try:
            fingerprint = digest(f"{digest_file(path)} {self._chunks}")
        except OSError as error:
            what = f"{source}: cannot be opened ({error.strerror}); check that it is there"
            return _unread("", what, held)
        if before and before.digest == fingerprint and not (self._again and before.faults):
            return before, held
        try:
            document = load(path, source=source)
        except LoadError as error:
            return _unread(fingerprint, str(error), held)
        found = passages(document, self._chunks)
        return Paper(fingerprint, len(found), document.faults), found


def _unread(fingerprint: str, fault: str, held: Sequence[Passage]) -> ReadPaper:
    """A paper that cannot be read: what was read of it before stays until it can be, or is taken away."""
    kept = "; what was read of it before is used until then" if held else ""
    return Paper(fingerprint, len(held), (f"{fault}{kept}",), stale=bool(held)), held


def name_sources(papers: Sequence[Path]) -> dict[str, Path]:
    """The papers by the name they are cited under: the file's own, with folders before it where several are alike.

    What cannot be shown (control characters, marks that turn the writing's direction, bytes that are no text) is "?".
    """
    named: dict[str, Path] = {}
    rest, depth = list(dict.fromkeys(papers)), 1
    while rest:
        names = [_shown("/".join(path.parts[-depth:])) for path in rest]
        counts = Counter(names)
        alike = [(name, path) for name, path in zip(names, rest, strict=True) if counts[name] > 1]
        named.update((name, path) for name, path in zip(names, rest, strict=True) if counts[name] == 1)
        if all(depth >= len(path.parts) for _, path in alike):  # they differ in nothing that can be shown
            named.update((f"{name} ({number})", path) for number, (name, path) in enumerate(alike, start=1))
            break
        rest, depth = [path for _, path in alike], depth + 1
    return dict(sorted(named.items()))


def _shown(name: str) -> str:
    return "".join("?" if category(char) in ("Cc", "Cs") or char in _TURNING else char for char in name)
