"""Word files (.docx)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from munshi.knowledge.base import LoadError
from munshi.knowledge.clauses import clauses
from munshi.knowledge.documents import Block, Document, Properties, assemble, top_heading
from munshi.knowledge.docx_numbers import Mark, Numbers
from munshi.knowledge.packed import FAULTS, open_package
from munshi.knowledge.tables import table

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.table import Table
    from docx.text.paragraph import Paragraph

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_ENDS_SENTENCE = re.compile(r"[.!?:;।,]$")
_HEADING_WORDS = 12
_BOLD_LEVEL = 6


def load_docx(data: bytes, source: str) -> Document:
    """A Word file: headings by style (or a bold line of its own), lists and clauses with their numbers, table rows.

    Headers, footers and text boxes are left out: what stands there is decoration, or stands in the text too. Raises
    LoadError where it is no Word file.
    """
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    open_package(data, source, ".docx").close()
    try:
        word = docx.Document(io.BytesIO(data))
        faults: list[str] = []
        blocks = list(_join_lists(_blocks(word, source, faults)))
        return assemble(source, blocks, title=top_heading(blocks), properties=_properties(word), faults=faults)
    except (PackageNotFoundError, *FAULTS) as error:
        raise LoadError(f"{source}: not a readable Word file; open it and save it again as .docx") from error


def _blocks(word: WordDocument, source: str, faults: list[str]) -> Iterator[Block]:
    from docx.table import Table

    numbers, tables = Numbers(word), 0
    for content in word.iter_inner_content():
        if not isinstance(content, Table):
            yield from _paragraph(content, numbers.of(content))
            continue
        tables += 1
        try:
            entries = table(_cells(content), header=_header(content))
        except FAULTS as error:
            faults.append(f"{source}, table {tables}: cannot be read ({type(error).__name__}); make it anew")
        else:
            faults += [f"{source}, table {tables}, {fault}" for fault in entries.faults]
            yield from entries.blocks


def _paragraph(paragraph: Paragraph, mark: Mark | None) -> Iterator[Block]:
    text = " ".join(paragraph.text.split())
    if not text:
        return
    numbered = text if mark is None or mark.bullet else f"{mark.text} {text}"
    level = _level(paragraph)
    if level is None and mark is None and _is_bold_line(paragraph, text):
        level = _BOLD_LEVEL
    if level is not None:
        yield Block("heading", numbered, level=level)
    elif mark is None or (not mark.bullet and mark.text.count(".") and any(clauses([numbered, _next(numbered)]))):
        yield Block("paragraph", numbered)
    else:
        yield Block("list", f"{'  ' * mark.depth}{mark.text} {text}")


def _next(numbered: str) -> str:
    """A clause like the next one, beside which a decimal number counts as a clause's."""
    number = numbered.split()[0].rstrip(".):")
    stem, _, last = number.rpartition(".")
    return f"{stem}.{int(last) + 1} x" if last.isdecimal() and len(last) < 4 else ""


def _level(paragraph: Paragraph) -> int | None:
    """The level of a heading, by its style or what that is based on; a title is above them all."""
    style = paragraph.style
    for _ in range(10):
        if style is None:
            return None
        found = _HEADING.fullmatch(style.name or "")
        if found:
            return int(found[1]) + 1
        if (style.name or "").casefold() == "title":
            return 1
        style = style.base_style
    return None


def _is_bold_line(paragraph: Paragraph, text: str) -> bool:
    """Whether it looks like a heading to a reader: short, all bold, and no sentence."""
    runs = [run for run in paragraph.runs if run.text.strip()]
    bold = bool(runs) and all(run.bold for run in runs)
    return bold and len(text.split()) <= _HEADING_WORDS and not _ENDS_SENTENCE.search(text)


def _join_lists(blocks: Iterator[Block]) -> Iterator[Block]:
    """Items that follow one another as one list."""
    items: list[str] = []
    for block in blocks:
        if block.kind == "list":
            items.append(block.text)
            continue
        if items:
            yield Block("list", "\n".join(items))
            items = []
        yield block
    if items:
        yield Block("list", "\n".join(items))


def _cells(word_table: Table) -> list[list[str]]:
    """The table's cells: one that spans columns is written once, one that spans rows in each of them."""
    rows = []
    for row in word_table.rows:
        seen: set[int] = set()
        cells = []
        for cell in row.cells:
            cells.append("" if id(cell._tc) in seen else " ".join(cell.text.split()))
            seen.add(id(cell._tc))
        rows.append(cells)
    return rows


def _header(word_table: Table) -> list[str] | None:
    """The first row where it is marked as the table's header or is all bold, else None: it has to be guessed."""
    rows = word_table.rows
    if len(rows) < 2:
        return None
    first = rows[0]
    properties = first._tr.trPr
    marked = properties is not None and bool(properties.xpath("./w:tblHeader"))
    runs = [run for cell in first.cells for part in cell.paragraphs for run in part.runs if run.text.strip()]
    if marked or (runs and all(run.bold for run in runs)):
        return _cells(word_table)[0]
    return None


def _properties(word: WordDocument) -> Properties:
    core = word.core_properties
    changed = core.modified or core.created
    return Properties(
        title=core.title,
        remarks=". ".join(filter(None, (core.subject, core.keywords, core.comments))),
        dated=changed.date() if changed else None,
    )
