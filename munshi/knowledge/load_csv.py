"""CSV files and their kin: an FAQ or a catalogue."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from munshi.knowledge.base import LoadError
from munshi.knowledge.documents import Block, Document, assemble
from munshi.knowledge.tables import faq, is_faq, row_text
from munshi.knowledge.textfile import decode, decode_western

_DELIMITERS = ",;\t|"
_WESTERN = 'not UTF-8, read as Windows-1252, in which ₹ and Hindi are lost; save it again as "CSV UTF-8"'


def load_csv(data: bytes, source: str) -> Document:
    """A table: an FAQ where it has `question` and `answer` columns, else rows of a catalogue.

    Cells may be parted by commas, semicolons, tabs or bars. Raises LoadError, naming the line, on a broken quote.
    """
    text, faults = _text(data, source)
    rows = _rows(text, source)
    header = next(rows, [])
    if is_faq(header):
        entries = faq(header, rows)
        faults += [f"{source}, {fault}" for fault in entries.faults]
        return assemble(source, entries.blocks, kind="faq", faults=faults)
    blocks = [Block("row", row_text(header, row), title=next(filter(None, row))) for row in rows if any(row)]
    return assemble(source, blocks, kind="catalogue", faults=faults)


def _text(data: bytes, source: str) -> tuple[str, list[str]]:
    try:
        return decode(data, source), []
    except LoadError:
        western = decode_western(data)
        if western is None:
            raise
        return western, [f"{source}: {_WESTERN}"]


def _rows(text: str, source: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for row in reader:
            yield [cell.strip() for cell in row]
    except csv.Error as error:
        raise LoadError(f"{source}, line {reader.line_num}: {error}; mend the quotes on that line") from error


def _delimiter(text: str) -> str:
    """What parts the header's names: the mark that stands in it most often, a comma where none does."""
    header = text.lstrip().partition("\n")[0]
    return max(_DELIMITERS, key=lambda mark: (header.count(mark), mark == ","))
