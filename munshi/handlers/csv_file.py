"""A CSV file read into rows, with every fault in it told by line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from munshi.handlers.columns import CellError, CsvColumn, RecordTable, code_key
from munshi.knowledge.csv_cells import BrokenRowError, cells_by_line

MAX_CELL_CHARS = 5_000


@dataclass(frozen=True, slots=True)
class RecordFault:
    """One thing wrong with a records file. `line` counts from 1; `column` is empty where no cell is at fault."""

    file: str
    line: int | None
    column: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {f'{self.column}: ' if self.column else ''}{self.message} {self.remedy}"


@dataclass(frozen=True, slots=True)
class RecordRows:
    """What a records file holds. `rows` are complete only where there is no fault."""

    rows: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[RecordFault, ...] = ()


def read_records(table: RecordTable, content: bytes, file: str) -> RecordRows:
    """The rows of a CSV file, ready for its table (without `business`), or every fault in it.

    Columns that the table does not know are kept by heading in `extra`.
    """
    reading = _Reading(table, file)
    rows = tuple(reading.rows(content))
    return RecordRows((), tuple(reading.faults)) if reading.faults else RecordRows(rows)


class _Reading:
    """One pass over one file, with the faults met on the way."""

    def __init__(self, table: RecordTable, file: str) -> None:
        self._table = table
        self._file = file
        self.faults: list[RecordFault] = []

    def rows(self, content: bytes) -> Iterator[Mapping[str, Any]]:
        text = self._decode(content)
        lines = self._lines(text)
        head = next(lines, None)
        if head is None:
            if not self.faults:
                self._fault(1, "", "The file is empty.", f"Begin with: {','.join(c.name for c in self._table.columns)}")
            return
        names = [cell.strip().casefold() for cell in head[1]]
        if not self._check_head(names):
            return
        first_lines: dict[str, int] = {}
        for line, cells in lines:
            row = self._row(line, names, cells)
            if row is not None and self._is_new(row, line, first_lines):
                yield row

    def _decode(self, content: bytes) -> str:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self._fault(line, "", "The text is not in UTF-8.", "Save the file again as UTF-8 (Excel: 'CSV UTF-8').")
            return ""
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            self._fault(line, "", "The line holds a character no text has (NUL).", "Save the file again as CSV.")
            return ""
        return text

    def _lines(self, text: str) -> Iterator[tuple[int, list[str]]]:
        try:
            yield from cells_by_line(text)
        except BrokenRowError as error:
            self._fault(error.line, "", f"The row cannot be read ({error}).", 'Look for a " without its partner.')

    def _check_head(self, names: Sequence[str]) -> bool:
        before = len(self.faults)
        if len(names) == 1 and re.search(r"[;\t]", names[0]):
            self._fault(1, "", "The columns are not separated by commas.", "Save it as 'CSV (comma delimited)'.")
            return False
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self._fault(1, name, "The column stands here more than once.", "Keep one.")
        for column in self._table.columns:
            if column.needed and column.name not in names:
                self._fault(1, column.name, "The column is missing.", "Add it to the first line and fill it in.")
        return len(self.faults) == before

    def _row(self, line: int, names: Sequence[str], cells: Sequence[str]) -> Mapping[str, Any] | None:
        if len(cells) > len(names):
            message = f"The row has {len(cells)} cells, the first line {len(names)}."
            self._fault(line, "", message, 'A text with a comma in it needs "quotes" around it.')
            return None
        values = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        row = {column.into: self._cell(line, column, values.pop(column.name, "")) for column in self._table.columns}
        row["extra"] = {name: value for name, value in values.items() if name and value}
        row["key"] = code_key(row[self._table.key] or "")
        return row

    def _cell(self, line: int, column: CsvColumn, cell: str) -> Any:
        try:
            if len(cell) > MAX_CELL_CHARS:
                raise CellError(f"The cell has more than {MAX_CELL_CHARS} characters.", "Shorten it.")
            if cell:
                return column.read(cell)
            if column.needed:
                raise CellError("The cell is empty.", "Fill it in, or remove the row.")
        except CellError as error:
            self._fault(line, column.name, str(error), error.remedy)
        return column.empty

    def _is_new(self, row: Mapping[str, Any], line: int, first_lines: dict[str, int]) -> bool:
        first = first_lines.setdefault(row["key"], line)
        if row["key"] and first != line:
            self._fault(line, self._table.key, f"'{row[self._table.key]}' stands on line {first} too.", "Keep one.")
            return False
        return True

    def _fault(self, line: int, column: str, message: str, remedy: str) -> None:
        self.faults.append(RecordFault(self._file, line, column, message, remedy))
