"""What an update of the index did, to be told."""

from __future__ import annotations

from dataclasses import dataclass

from munshi.knowledge.generation import Generation


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


def report_on(old: Generation | None, new: Generation, *, damaged: bool, seconds: float) -> BuildReport:
    """What there is of an update to tell: `old` is what lay there before, `seconds` how long it took."""
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
