"""The rows of a CSV text, each with the line on which it begins."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator


class BrokenRowError(ValueError):
    """A row that cannot be read, and with it the rest; `line` is where it begins."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def cells_by_line(text: str, *, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Rows of cells with their first line, from 1; rows without a single filled cell are left out.

    Raises BrokenRowError.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BrokenRowError(begins, str(error)) from None
