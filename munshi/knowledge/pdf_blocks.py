"""A PDF's lines to blocks: headings by their type, tables, and the rest as plain text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median
from typing import NamedTuple

from munshi.knowledge.documents import Block
from munshi.knowledge.pdf_page import PdfPage
from munshi.knowledge.pdf_tables import gap_table
from munshi.knowledge.pdf_words import Line
from munshi.knowledge.plaintext import text_blocks
from munshi.knowledge.tables import Entries, split_header, table

_LARGER = 1.12  # of the body's type size
_HEADING_WORDS = 16
_LINE_WORDS = 8  # a line of more words is prose
_ENDS_SENTENCE = re.compile(r"[.!;।,]$")
_NUMBER = re.compile(r"\d+(?:\.\d+)*(?=[.)]?\s)")
_GAP = 0.35  # of the type size: more space above a line than usual, and it opens a paragraph

Style = tuple[float, bool]
"""A line's type: its size in points and whether it is bold."""


@dataclass(frozen=True, slots=True)
class Type:
    """How a document is set: the size of its body, and its headings' styles, the greatest first."""

    body: float
    headings: tuple[Style, ...]

    def level(self, line: Line) -> int:
        """The level of a heading, 0 for any other line."""
        style = _style(line)
        if style not in self.headings or line.cells or not any(letter.isalpha() for letter in line.text):
            return 0
        number = _NUMBER.match(line.text)
        return 1 + 3 * self.headings.index(style) + (min(number.group().count("."), 2) if number else 0)


def type_of(pages: Sequence[PdfPage]) -> Type:
    """How the lines of a document are set: what is larger than the body, or bold where that is not, is a heading."""
    lines = [line for page in pages for line in page.lines if not line.cells]
    prose = [line for line in lines if _ENDS_SENTENCE.search(line.text) or line.words > _LINE_WORDS]
    sizes = Counter[Style]()
    for line in prose or lines:
        sizes[_style(line)] += len(line.text)
    if not sizes:
        return Type(0.0, ())
    body = sizes.most_common(1)[0][0]
    styles = [
        (size, bold)
        for size, bold in {_style(line) for line in lines}
        if size >= _LARGER * body[0] or (bold and not body[1] and size >= 0.95 * body[0])
    ]
    return Type(body[0], tuple(sorted(styles, reverse=True)))


class PageBlocks(NamedTuple):
    """What a page gave: its blocks, the header of a table that may go on overleaf, and its tables' faults."""

    blocks: list[Block]
    header: Sequence[str]
    faults: list[str]


def blocks_of(page: PdfPage, types: Type, carried: Sequence[str] = ()) -> PageBlocks:
    """A page's blocks; `carried` is the header of a table on the page before."""
    found: list[Block] = []
    faults: list[str] = []
    texts: list[Line] = []
    usual = _usual_gap(page.lines)
    header = carried
    for part in _parts(page.lines, types):
        if isinstance(part, list):
            texts += part
            continue
        found += _prose(texts, usual, page.number, types)
        texts = []
        if part.cells:
            header, entries = _table(part.cells, header if not found else (), page.number)
            found += entries.blocks
            faults += entries.faults
        else:
            found.append(Block("heading", part.text, level=types.level(part), page=page.number))
            header = ()
    found += _prose(texts, usual, page.number, types)
    return PageBlocks(found, () if texts else header, faults)


def _table(cells: Sequence[Sequence[str]], carried: Sequence[str], page: int) -> tuple[Sequence[str], Entries]:
    """A table's header and entries; one that goes on from the page before keeps the header it had there."""
    if carried and len(carried) == len(cells[0]):
        rows = cells[1:] if list(cells[0]) == list(carried) else cells
        return carried, table(rows, header=carried, page=page)
    header, rows = split_header(cells)
    return header, table(rows, header=header, page=page)


def _parts(lines: Sequence[Line], types: Type) -> Iterator[Line | list[Line]]:
    """The lines of a page in order: each heading and each table as one line, other lines as they come."""
    rows = [list(row) for row in _rows(lines)]
    at = 0
    while at < len(rows):
        cells, length = _gap_table(rows[at:])
        if cells:
            yield replace(rows[at][0], text="", cells=cells)
            at += length
            continue
        length = _heading_length(rows[at:], types)
        if length:
            merged = " ".join(line.text for row in rows[at : at + length] for line in row)
            yield replace(rows[at][0], text=merged)
        else:
            yield [_joined(rows[at])] if not rows[at][0].cells else rows[at][0]
        at += length or 1


def _rows(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Runs that stand on the same line, one after the other."""
    row: list[Line] = []
    for line in lines:
        if row and not (line.x0 >= row[-1].x1 and abs(line.top - row[-1].top) < 0.5 * max(line.size, 1.0)):
            yield row
            row = []
        row.append(line)
    if row:
        yield row


def _gap_table(rows: Sequence[list[Line]]) -> tuple[tuple[tuple[str, ...], ...], int]:
    """The cells of a table without ruled lines at the head of `rows`, and how many rows it takes; else nothing."""
    length = next((i for i, row in enumerate(rows) if len(row) < 2), len(rows))
    cells = gap_table(rows[:length])
    return (tuple(map(tuple, cells)), length) if cells else ((), 0)


def _heading_length(rows: Sequence[list[Line]], types: Type) -> int:
    """How many lines the heading at the head of `rows` takes; 0 where there is none, or it is too long for one."""
    first = rows[0][0]
    level = types.level(first)
    if not level or len({_style(line) for line in rows[0]}) > 1:
        return 0
    length = 1
    while length < len(rows) and _goes_on(rows[length - 1][0], rows[length], types):
        length += 1
    text = " ".join(line.text for row in rows[:length] for line in row)
    larger = first.size >= _LARGER * types.body
    too_long = len(text.split()) > _HEADING_WORDS or (not larger and _ENDS_SENTENCE.search(text))
    return 0 if too_long else length


def _goes_on(above: Line, row: list[Line], types: Type) -> bool:
    line = row[0]
    close = 0 <= line.top - above.bottom < 0.6 * line.size
    same = all(_style(one) == _style(above) for one in row)
    return close and same and bool(types.level(line)) and not _NUMBER.match(line.text)


def _joined(row: Sequence[Line]) -> Line:
    return replace(row[0], text=" ".join(line.text for line in row), x1=row[-1].x1)


def _prose(lines: Sequence[Line], usual: float, page: int, types: Type) -> tuple[Block, ...]:
    """Lines as plain text, with an empty line where there is more space than usual. Where the type tells the headings,
    none is guessed.
    """
    text: list[str] = []
    for i, line in enumerate(lines):
        if i and line.top - lines[i - 1].bottom > usual + _GAP * line.size:
            text.append("")
        text.append(line.text)
    return text_blocks("\n".join(text), page=page, headings=not types.headings)


def _usual_gap(lines: Sequence[Line]) -> float:
    rows = [next(iter(group)) for _, group in groupby(lines, key=lambda line: round(line.top))]
    gaps = [b.top - a.bottom for a, b in pairwise(rows) if b.top > a.top and not (a.cells or b.cells)]
    return median(gaps) if gaps else 0.0


def _style(line: Line) -> Style:
    return line.size, line.bold


def join_pages(blocks: Sequence[Block]) -> list[Block]:
    """A paragraph that goes on overleaf as one; it keeps the page it began on."""
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if last and last.kind == block.kind == "paragraph" and last.page != block.page and _runs_on(last, block):
            text = f"{last.text[:-1]}{block.text}" if last.text.endswith("-") else f"{last.text} {block.text}"
            joined[-1] = replace(last, text=text)
        else:
            joined.append(block)
    return joined


def _runs_on(last: Block, block: Block) -> bool:
    return not re.search(r"[.!?:;।॥]$", last.text) and block.text[0].islower()
