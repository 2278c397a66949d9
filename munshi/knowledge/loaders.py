"""Files to documents. A format is one function in `LOADERS`, found by the file's suffix."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import cast, get_args

import yaml
from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

from munshi.knowledge.base import Kind, LoadError
from munshi.knowledge.documents import Block, Document
from munshi.knowledge.markdown import markdown_blocks, row_text
from munshi.knowledge.plaintext import text_blocks

MAX_BYTES = 64 * 1024 * 1024
MAX_MARKS = 10_000
MAX_COLUMNS = 1_000

PRIORITY: Mapping[Kind, int] = {"policy": 30, "faq": 20, "text": 10, "catalogue": 0}
"""Who is believed where two sources disagree and neither says its own priority: the higher."""

# What a PDF that was damaged or made to do harm raises inside the parser, beside the parser's own errors.
_PDF_FAULTS = (
    PyPdfError, ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, OSError,
    RecursionError, TypeError, ValueError, zlib.error,
)  # fmt: skip


def load(path: Path, *, source: str | None = None) -> Document:
    """The document in a file. `source` names it in citations (the file's name where not given).

    Raises LoadError, naming the file and what to do, where it cannot be read or holds no text.
    """
    source = source or path.name
    loader = LOADERS.get(path.suffix.lower())
    if loader is None:
        raise LoadError(f"{source}: {path.suffix or 'no suffix'} cannot be read; use one of {', '.join(LOADERS)}")
    document = loader(_read(path, source), source)
    if not any(block.kind != "heading" for block in document.blocks):
        raise LoadError(f"{source}: no text in it; write something in it or take it away")
    return document


def _read(path: Path, source: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise LoadError(f"{source}: {size >> 20} MB is over the limit of {MAX_BYTES >> 20} MB; split the file")
        return path.read_bytes()
    except OSError as error:
        raise LoadError(
            f"{source}: cannot be opened ({error.strerror}); check that it is there and readable"
        ) from error


def _decode(data: bytes, source: str) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise LoadError(f"{source}: not UTF-8 text at byte {error.start}; save it again as UTF-8") from error
    if "\x00" in text:
        raise LoadError(f"{source}: not a text file; save it again as UTF-8 text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load_markdown(data: bytes, source: str) -> Document:
    """Markdown, with or without YAML front matter (`title, kind, language, priority, valid_from, valid_until`)."""
    front, body = _front_matter(_decode(data, source), source)
    _check_markup(body, source)
    blocks = markdown_blocks(body)
    kind = _kind(front.get("kind", "text"), source)
    return Document(
        source=source,
        title=str(front.get("title") or _first_heading(blocks) or _stem(source)),
        blocks=blocks,
        kind=kind,
        language=str(front.get("language", "en")),
        priority=_priority(front.get("priority", PRIORITY[kind]), source),
        valid_from=_date(front.get("valid_from"), "valid_from", source),
        valid_until=_date(front.get("valid_until"), "valid_until", source),
    )


def load_text(data: bytes, source: str) -> Document:
    """Plain text."""
    blocks = text_blocks(_decode(data, source))
    return Document(source, _first_heading(blocks) or _stem(source), blocks, priority=PRIORITY["text"])


def load_csv(data: bytes, source: str) -> Document:
    """A table: an FAQ where it has `question` and `answer` columns, else rows of a catalogue.

    `alternates` (parted by `|`) and `category` may stand beside question and answer.
    """
    rows = _csv_rows(_decode(data, source), source)
    header = [name.strip() for name in next(rows, [])]
    names = [name.lower() for name in header]
    if {"question", "answer"} <= set(names):
        return _faq([dict(zip(names, row, strict=False)) for row in rows], source)
    blocks = tuple(Block("row", row_text(header, row), title=next(filter(None, row))) for row in rows if any(row))
    return Document(source, _stem(source), blocks, kind="catalogue", priority=PRIORITY["catalogue"])


def load_pdf(data: bytes, source: str) -> Document:
    """A PDF's text, page by page; pages are numbered from 1."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise LoadError(f"{source}: locked by a password; save a copy without one")
        pages = [page.extract_text() for page in reader.pages]
    except DependencyError as error:
        raise LoadError(f"{source}: encrypted; save a copy without a password") from error
    except _PDF_FAULTS as error:
        raise LoadError(f"{source}: not a readable PDF ({error}); open it and save it again as PDF") from error
    blocks = tuple(block for number, text in enumerate(pages, 1) for block in text_blocks(text, page=number))
    if not blocks:
        raise LoadError(f"{source}: no text in this PDF, likely scanned pages; save it with its text recognised")
    return Document(source, _first_heading(blocks) or _stem(source), blocks, priority=PRIORITY["text"])


LOADERS: Mapping[str, Callable[[bytes, str], Document]] = {
    ".md": load_markdown,
    ".markdown": load_markdown,
    ".txt": load_text,
    ".csv": load_csv,
    ".pdf": load_pdf,
}
"""A loader for each suffix; a further format is one more function here."""


def _csv_rows(text: str, source: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            yield [cell.strip() for cell in row]
    except csv.Error as error:
        raise LoadError(f"{source}, line {reader.line_num}: {error}; mend the quotes on that line") from error


def _faq(rows: list[dict[str, str]], source: str) -> Document:
    """The entries that are whole; one that lacks its question or answer is left out and named in `faults`."""
    blocks, faults = [], []
    for number, row in enumerate(rows, 1):
        question, answer = row.get("question", ""), row.get("answer", "")
        if question and answer:
            alternates = tuple(filter(None, map(str.strip, row.get("alternates", "").split("|"))))
            blocks.append(Block("faq", answer, title=question, alternates=alternates, category=row.get("category", "")))
        elif question or answer:
            lacks = "answer" if question else "question"
            faults.append(f"{source}, entry {number}: no {lacks} beside {(question or answer)[:60]!r}; write one")
    priority = PRIORITY["faq"]
    return Document(source, _stem(source), tuple(blocks), kind="faq", priority=priority, faults=tuple(faults))


def _front_matter(text: str, source: str) -> tuple[dict[str, object], str]:
    if not text.startswith("---\n"):
        return {}, text
    head, fence, body = f"{text[4:]}\n".partition("\n---\n")
    if not fence:
        return {}, text
    try:
        front = yaml.safe_load(head) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LoadError(f"{source}: its front matter is not YAML; see the lines between the --- marks") from error
    if not isinstance(front, dict):
        raise LoadError(f"{source}: its front matter must be `name: value` lines between the --- marks")
    return front, body


def _check_markup(text: str, source: str) -> None:
    """Refuse what no person writes: the parser's time grows with the square of the marks in a paragraph or table."""
    paragraphs = text.split("\n\n")
    marks = max(paragraph.count(mark) for paragraph in paragraphs for mark in "[_<&")
    columns = max(line.count("|") for line in text.split("\n"))
    if marks > MAX_MARKS or columns > MAX_COLUMNS:
        raise LoadError(f"{source}: thousands of Markdown marks in one paragraph or line; save it as plain text (.txt)")


def _kind(value: object, source: str) -> Kind:
    if value not in get_args(Kind):
        raise LoadError(f"{source}: kind {value!r} is not one of {', '.join(get_args(Kind))}")
    return cast(Kind, value)


def _priority(value: object, source: str) -> int:
    if isinstance(value, int):
        return value
    raise LoadError(f"{source}: priority {value!r} is not a whole number")


def _date(value: object, name: str, source: str) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise LoadError(f"{source}: {name} {value!r} is not a date; write it as 2027-03-31") from error


def _first_heading(blocks: tuple[Block, ...]) -> str:
    """The heading a document opens with: that is its title."""
    return blocks[0].text if blocks and blocks[0].kind == "heading" else ""


def _stem(source: str) -> str:
    return Path(source).stem.replace("_", " ").replace("-", " ").strip().capitalize()
