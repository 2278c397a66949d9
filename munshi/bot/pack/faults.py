"""What can be wrong with a pack, and how it is told: file, line, what, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rapidfuzz import process

Severity = Literal["error", "warning"]

_LIKELY_MEANT = 65
"""From this rapidfuzz score (0 to 100) on, a known word is offered for an unknown one."""

_QUOTED_CHARS = 60
_TOLD_CHARS = 400


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing in a pack: an "error" is wrong, a "warning" doubtful.

    `file` is relative to the pack, with forward slashes; `line` counts from 1 and is None where no line is at fault
    (a missing file, say).
    """

    severity: Severity
    file: str
    line: int | None
    message: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.severity}: {self.message} {self.remedy}".rstrip()


class BusinessError(Exception):
    """A pack that cannot be run. `faults` holds every error found in it; the message has one a line."""

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join([message, *map(str, self.faults)]))


@dataclass(frozen=True, slots=True)
class Report:
    """Collects the faults of one file; `of` starts the next file on the same list."""

    file: str = "."
    faults: list[Fault] = field(default_factory=list)

    def of(self, file: str) -> Report:
        """A report on `file` that adds to the same faults."""
        return Report(file, self.faults)

    def error(self, line: int | None, message: str, remedy: str) -> None:
        """Note what is wrong."""
        self.faults.append(Fault("error", _plain(self.file), line, _plain(message), _plain(remedy)))

    def warning(self, line: int | None, message: str, remedy: str) -> None:
        """Note what is doubtful."""
        self.faults.append(Fault("warning", _plain(self.file), line, _plain(message), _plain(remedy)))


def quote(value: object) -> str:
    """What stands in the file, in quotes and cut short."""
    text = _plain(str(value))
    return f"'{text[:_QUOTED_CHARS]}{'…' if len(text) > _QUOTED_CHARS else ''}'"


def _plain(text: str) -> str:
    """A text as one line of a terminal: what a file holds may not give orders to it."""
    return "".join(char if char.isprintable() else " " for char in text[:_TOLD_CHARS])


def sentence(text: str) -> str:
    """What another room told in a half-sentence, as a whole one."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The remedy for an unknown word: the likeliest known one, else all of them."""
    spelt = {name: name.casefold() for name in known}
    best = process.extractOne(word[:_QUOTED_CHARS].casefold(), spelt, score_cutoff=_LIKELY_MEANT)
    if best is not None:
        return f"Did you mean '{best[2]}'?"
    return f"Use one of: {', '.join(known)}." if known else "Remove it."
