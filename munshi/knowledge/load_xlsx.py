"""Excel files (.xlsx)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from munshi.knowledge.base import LoadError
from munshi.knowledge.cell import written
from munshi.knowledge.documents import Block, Document, Properties, assemble
from munshi.knowledge.packed import FAULTS, open_package
from munshi.knowledge.tables import table

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELLS = 1_000_000
_UNNAMED = re.compile(r"(?:sheet|शीट|पत्रक)\s*\d*", re.IGNORECASE)
_WHOLE = 8 * 1024 * 1024  # sheets up to so many bytes are held in memory, merged cells and all; larger ones streamed


def load_xlsx(data: bytes, source: str) -> Document:
    """An Excel file: each visible sheet an FAQ or a catalogue under the sheet's name, formulas by their last value.

    Lines above a sheet's table are paragraphs. Raises LoadError where it is no Excel file.
    """
    package = open_package(data, source, ".xlsx")
    try:
        book = _open(data, package, values=True)
        faults = [f"{source}, {fault}" for fault in _uncounted(data, package, book)]
        blocks = list(chain.from_iterable(_sheet(book, name, source, faults) for name in _visible(book)))
        properties = _properties(book)
        book.close()
    except FAULTS as error:
        raise LoadError(f"{source}: not a readable Excel file; open it and save it again as .xlsx") from error
    kinds = {block.kind for block in blocks if block.kind in ("faq", "row")}
    return assemble(
        source, blocks, kind="faq" if kinds == {"faq"} else "catalogue", properties=properties, faults=faults
    )


def _open(data: bytes, package: zipfile.ZipFile, *, values: bool) -> Workbook:
    from openpyxl import load_workbook

    size = sum(info.file_size for info in package.infolist() if info.filename.startswith("xl/worksheets/"))
    return load_workbook(io.BytesIO(data), read_only=size > _WHOLE, data_only=values, keep_links=False)


def _visible(book: Workbook) -> list[str]:
    return [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]


def _sheet(book: Workbook, name: str, source: str, faults: list[str]) -> Iterator[Block]:
    try:
        rows = _rows(book[name], f"{source}, sheet {name!r}", faults)
    except FAULTS as error:
        faults.append(f"{source}, sheet {name!r}: cannot be read ({type(error).__name__}); copy it to a new sheet")
        return
    above, rows = _lines_above(rows)
    entries = table(rows, level=3)
    faults += [f"{source}, sheet {name!r}, {fault}" for fault in entries.faults]
    if above or entries.blocks:
        if len(_visible(book)) > 1 or not _UNNAMED.fullmatch(name):
            yield Block("heading", name, level=2)
        yield from (Block("paragraph", line) for line in above)
        yield from entries.blocks


def _rows(sheet: Any, place: str, faults: list[str]) -> list[list[str]]:
    """The sheet's cells as a person reads them, a merged cell's value in each row it spans."""
    merged = _merged(sheet)
    hidden = {number for number, row in getattr(sheet, "row_dimensions", {}).items() if row.hidden}
    width = min(sheet.max_column or MAX_COLUMNS, MAX_COLUMNS)
    most = min(MAX_ROWS, MAX_CELLS // width)
    if (sheet.max_row or 0) > most:
        faults.append(f"{place}: only its first {most} rows are read; split it")
    if (sheet.max_column or 0) > width:
        faults.append(f"{place}: only its first {width} columns are read; split it")
    rows = []
    for cells in sheet.iter_rows(max_row=most, max_col=width):
        number = next((cell.row for cell in cells if cell.value is not None), None)
        line = [_text(cell, merged, place, faults) for cell in cells]
        if any(line) and number not in hidden:
            rows.append(line)
    return _without_empty_columns(rows)


def _text(cell: Any, merged: dict[tuple[int, int], Any], place: str, faults: list[str]) -> str:
    if cell.value is None:
        above = merged.get((cell.row, cell.column)) if merged else None
        return "" if above is None else _text(above, {}, place, faults)
    if cell.data_type == "e":
        faults.append(f"{place}, cell {cell.coordinate}: holds the error {cell.value}; mend its formula")
        return ""
    return written(cell.value, cell.number_format or "")


def _merged(sheet: Any) -> dict[tuple[int, int], Any]:
    """For each further row of a merged cell, in its first column, the cell that holds the value."""
    ranges = getattr(getattr(sheet, "merged_cells", None), "ranges", ())
    found = {}
    for one in list(ranges)[:MAX_ROWS]:
        for row in range(one.min_row + 1, min(one.max_row, one.min_row + MAX_ROWS) + 1):
            found[row, one.min_col] = sheet.cell(one.min_row, one.min_col)
    return found


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    width = max(map(len, rows), default=0)
    filled = [i for i in range(width) if any(i < len(row) and row[i] for row in rows)]
    return [[row[i] if i < len(row) else "" for i in filled] for row in rows]


def _lines_above(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """The single-celled lines at the head of a sheet (its title, its date), and the table below them."""
    if not rows or len(rows[0]) < 2:
        return [], rows
    count = next((i for i, row in enumerate(rows) if sum(map(bool, row)) > 1), 0)
    return [next(filter(None, row)) for row in rows[:count]], rows[count:]


def _uncounted(data: bytes, package: zipfile.ZipFile, book: Workbook) -> Iterator[str]:
    """A fault for each sheet with formulas whose value was never worked out: a program wrote the file, not Excel."""
    sheets = [name for name in package.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
    if not any(_has_formula(package, name) for name in sheets):
        return
    formulas = _open(data, package, values=False)
    for name in _visible(book):
        pairs = zip(formulas[name].iter_rows(), book[name].iter_rows(), strict=False)
        empty = [a.coordinate for one, two in pairs for a, b in _formula_cells(one, two) if b.value is None]
        if empty:
            what = f"cell {empty[0]}: {len(empty)} formulas without a value"
            yield f"sheet {name!r}, {what}; open it in Excel and save it"


def _formula_cells(formulas: Sequence[Any], values: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    return ((a, b) for a, b in zip(formulas, values, strict=False) if a.data_type == "f")


def _has_formula(package: zipfile.ZipFile, name: str) -> bool:
    with package.open(name) as stream:
        return any(b"<f" in piece for piece in iter(lambda: stream.read(1 << 20), b""))


def _properties(book: Workbook) -> Properties:
    core = book.properties
    changed = core.modified or core.created
    return Properties(
        title=core.title or "",
        remarks=". ".join(filter(None, (core.subject, core.keywords, core.description))),
        dated=changed.date() if changed else None,
    )
