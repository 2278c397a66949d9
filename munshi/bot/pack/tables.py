"""The CSV files of a pack that stand beside its records: which columns each has, and what is wrong with a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from munshi.bot.pack.faults import Report, did_you_mean, quote
from munshi.bot.pack.files import read_text
from munshi.bot.pack.values import BadValueError
from munshi.handlers.base import Language
from munshi.knowledge.csv_cells import BrokenRowError, cells_by_line

MAX_CELL_CHARS = 100_000

Row = Mapping[str, str]
"""The cells of a row by column, stripped."""
Rows = Sequence[tuple[int, Row]]
"""Rows, each with the line (from 1) on which it begins."""


def _one_of(known: Sequence[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value in known:
            return value
        raise BadValueError(f"{quote(value)} is not known here.", did_you_mean(value, known))

    return check


@dataclass(frozen=True, slots=True)
class Column:
    """One column. A `needed` one must be there and filled in every row; no two rows have the same `unique` one."""

    name: str
    needed: bool = False
    unique: bool = False
    check: Callable[[str], str] = str


FAQ = (
    Column("question", needed=True, unique=True),
    Column("answer", needed=True),
    Column("alternates"),
    Column("category"),
)
GLOSSARY = (
    Column("term", needed=True, unique=True),
    Column("meaning", needed=True),
    Column("language", needed=True, check=_one_of(get_args(Language))),
)


def key(text: str) -> str:
    """What makes two cells or examples the same, whatever the case and spacing."""
    return " ".join(text.casefold().split())


def read_table(path: Path, columns: Sequence[Column], report: Report) -> Rows:
    """The rows of a CSV file, each with the line (from 1) on which it begins.

    Every fault goes to `report`; what can be read in spite of one is returned.
    """
    text = read_text(path, report)
    if text is None:
        return ()
    lines = _cells(text, report)
    head = next(lines, None)
    if head is None:
        report.error(1, "The file is empty.", f"Begin with the line: {','.join(column.name for column in columns)}")
        return ()
    names = [name.strip().casefold() for name in head[1]]
    if not _check_head(names, columns, report):
        return ()
    rows = tuple(_rows(lines, names, report))
    _check_rows(rows, names, columns, report)
    return rows


def _cells(text: str, report: Report) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from cells_by_line(text)
    except BrokenRowError as error:
        report.error(error.line, f"The row cannot be read: {error}.", 'Look for a " without its partner.')


def _check_head(names: Sequence[str], columns: Sequence[Column], report: Report) -> bool:
    known = [column.name for column in columns]
    if len(names) == 1 and re.search(r"[;\t]", names[0]):
        report.error(1, "The columns are not separated by commas.", "Save it again as 'CSV (comma delimited)'.")
        return False
    for name in dict.fromkeys(names):
        if name not in known:
            report.error(1, f"There is no column {quote(name)}.", did_you_mean(name, known))
        elif names.count(name) > 1:
            report.error(1, f"The column '{name}' stands here {names.count(name)} times.", "Keep one.")
    for column in columns:
        if column.needed and column.name not in names:
            report.error(1, f"The column '{column.name}' is missing.", "Add it to the first line and fill it in.")
    return True


def _rows(lines: Iterator[tuple[int, list[str]]], names: Sequence[str], report: Report) -> Iterator[tuple[int, Row]]:
    for line, cells in lines:
        if len(cells) != len(names):
            report.error(
                line,
                f"The row has {len(cells)} cells, the first line {len(names)}.",
                'A text with a comma in it needs "quotes" around it.',
            )
        yield line, {name: cell.strip() for name, cell in zip(names, cells, strict=False)}


def _check_rows(rows: Rows, names: Sequence[str], columns: Sequence[Column], report: Report) -> None:
    for column in columns:
        if column.name not in names:
            continue
        seen: dict[str, int] = {}
        for line, row in rows:
            value = row.get(column.name)
            # A cell that the row is too short for has been told of already.
            if value is not None:
                _check_cell(value, column, line, seen, report)


def _check_cell(value: str, column: Column, line: int, seen: dict[str, int], report: Report) -> None:
    if not value:
        if column.needed:
            report.error(line, f"'{column.name}' is empty.", "Fill it in, or remove the row.")
        return
    if len(value) > MAX_CELL_CHARS:
        report.error(line, f"'{column.name}' has more than {MAX_CELL_CHARS} characters.", "Shorten it.")
        return
    try:
        column.check(value)
    except BadValueError as error:
        report.error(line, str(error), error.remedy)
    first = seen.setdefault(key(value), line)
    if column.unique and first != line:
        report.error(line, f"{quote(value)} is already on line {first}.", "Keep one.")
