"""Rows of training data as they stand in a file, and what is found wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from munshi.intents.examples import DELIMITERS, LABEL_COLUMNS, TEXT_COLUMNS
from munshi.knowledge.csv_cells import BrokenRowError, cells_by_line

Kind = Literal[
    "file", "empty", "long", "no_words", "invisible", "encoding", "pii",
    "twice", "two_intents", "alike", "overlap",
    "label_spelling", "label_unknown", "few", "imbalance",
]  # fmt: skip

MAX_BYTES = 50_000_000
"""A larger file is refused: it is no list of examples."""

_QUOTED_CHARS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """A text and its label; `line` counts from 1 and is None where only the file is known.

    Either may be empty: a row is what stands there, not what should.
    """

    text: str
    label: str
    file: str
    line: int | None

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return self.file if self.line is None else f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in training data: an "error" is wrong, a "warning" doubtful. Holds printable characters only."""

    kind: Kind
    severity: Literal["error", "warning"]
    file: str
    line: int | None
    message: str
    remedy: str


def quoted(text: str) -> str:
    """What stands in the file, in quotes, cut short, and without what gives orders to a terminal."""
    cut = text[:_QUOTED_CHARS]
    return f"'{''.join(char if char.isprintable() else ' ' for char in cut)}{'…' if len(text) > len(cut) else ''}'"


def read_rows(path: Path) -> tuple[list[Row], list[Finding]]:
    """The rows of a CSV or TSV file, and why it, or the rest of it, cannot be read. Never raises.

    Columns are found by name as `read_examples` does; unlike there, a row without a text or label is given as it is.
    """
    rows: list[Row] = []
    try:
        text = _decoded(path)
        rows.extend(_rows(str(path), text))
    except _UnreadableError as error:
        return rows, [Finding("file", "error", str(path), error.line, error.message, error.remedy)]
    if rows:
        return rows, []
    return [], [Finding("file", "error", str(path), None, "The file holds no rows.", "Add one row an example.")]


class _UnreadableError(Exception):
    """Reading stops at this line."""

    def __init__(self, line: int | None, message: str, remedy: str) -> None:
        super().__init__(message)
        self.line, self.message, self.remedy = line, message, remedy


def _decoded(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _UnreadableError(None, f"The file is too large: {size / 1e6:.0f} MB.", "Split it.")
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise _UnreadableError(
            None, f"It cannot be read: {told}.", "Check that it is a file and who may open it."
        ) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _UnreadableError(line, "The text is not in UTF-8.", "Save it again as 'CSV UTF-8'.") from None


def _rows(file: str, text: str) -> Iterator[Row]:
    lines = _cells(text)
    _, header = next(lines, (1, None))
    if header is None:
        raise _UnreadableError(1, "The file is empty.", "Begin with the line: text,label")
    text_at, label_at = _column(header, TEXT_COLUMNS), _column(header, LABEL_COLUMNS)
    for line, cells in lines:
        yield Row(_cell(cells, text_at), _cell(cells, label_at), file, line)


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        yield from cells_by_line(text, delimiter=delimiter)
    except BrokenRowError as error:
        remedy = 'Look for a " without its partner; nothing from here on was read.'
        raise _UnreadableError(error.line, f"The row cannot be read: {error}.", remedy) from None


def _column(header: Sequence[str], known: Sequence[str]) -> int:
    names = [name.strip().casefold() for name in header]
    for name in known:
        if name in names:
            return names.index(name)
    there = ", ".join(map(quoted, header[:8]))
    raise _UnreadableError(
        1, f"There is no column {known[0]}; there are {there}.", f"Name it one of: {', '.join(known)}."
    )


def _cell(cells: Sequence[str], at: int) -> str:
    return cells[at].strip() if at < len(cells) else ""
