"""The papers of a business as their keeper sees them: where each lies, and what the index holds of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from munshi.knowledge.base import Kind, Passage
from munshi.knowledge.generation import Paper
from munshi.knowledge.paper_reader import name_sources

Place = Literal["pack", "added"]
State = Literal["ok", "with faults", "as before", "left out", "not yet taken up"]


@dataclass(frozen=True, slots=True)
class ListedPaper:
    """One paper. `name` is what an added one is removed by, `source` what it is cited as.

    `state` says how it was read: wholly, with faults, not since it changed ("as before" answers until it can be), or
    not at all; `faults` say why. The dates are the earliest and the latest of its passages; None where they have none.
    """

    source: str
    name: str
    place: Place
    kind: Kind | None
    passages: int
    valid_from: date | None
    valid_until: date | None
    state: State
    faults: tuple[str, ...]


def list_papers(
    papers: Sequence[Path], added: Path, known: Mapping[str, Paper], passages: Sequence[Passage]
) -> tuple[ListedPaper, ...]:
    """The `papers`, those under `added` marked as such, beside what is `known` of each source and its passages."""
    held: defaultdict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        held[passage.source].append(passage)
    return tuple(
        _listed(source, path, added, known.get(source), held[source]) for source, path in name_sources(papers).items()
    )


def _listed(source: str, path: Path, added: Path, paper: Paper | None, held: Sequence[Passage]) -> ListedPaper:
    is_added = path.is_relative_to(added)
    begins = [passage.valid_from for passage in held if passage.valid_from]
    ends = [passage.valid_until for passage in held if passage.valid_until]
    return ListedPaper(
        source=source,
        name=path.relative_to(added).as_posix() if is_added else source,
        place="added" if is_added else "pack",
        kind=held[0].kind if held else None,
        passages=len(held),
        valid_from=min(begins, default=None),
        valid_until=max(ends, default=None),
        state=_state(paper),
        faults=paper.faults if paper else (),
    )


def _state(paper: Paper | None) -> State:
    if paper is None:
        return "not yet taken up"
    if not paper.faults:
        return "ok"
    if paper.stale:
        return "as before"
    return "with faults" if paper.passages else "left out"
