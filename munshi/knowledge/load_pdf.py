"""PDF files, page by page: text where there is some, else the words in the page's picture."""

from __future__ import annotations

import io
import logging
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from munshi.knowledge.base import LoadError
from munshi.knowledge.dates import day_of
from munshi.knowledge.documents import Block, Document, Properties, assemble, first_heading, top_heading
from munshi.knowledge.ocr import ScanError, read_picture
from munshi.knowledge.pdf_blocks import blocks_of, join_pages, type_of
from munshi.knowledge.pdf_page import PdfPage, read_page
from munshi.knowledge.pdf_running import without_running
from munshi.knowledge.plaintext import text_blocks

MAX_PAGES = 2_000
TEXT_SECONDS = 240
SCAN_SECONDS = 1_200
_MOST_PIXELS = 25_000_000
_NO_TITLE = ("untitled", "microsoft word -", "(anonymous)")  # what programs write where the author wrote none
_DOTS = 300 / 72  # pixels a point: 300 to the inch, what Tesseract is made for

# What a PDF that was damaged or made to do harm raises inside the parser, beside the parser's own errors.
_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, OSError, RecursionError,
    TypeError, ValueError, EOFError, struct.error, zlib.error,
)  # fmt: skip


def load_pdf(data: bytes, source: str) -> Document:
    """A PDF; pages are numbered from 1. A page that cannot be read is left out and named in `faults`.

    Raises LoadError where the file cannot be opened, is locked, or none of its pages can be read.
    """
    import pdfplumber

    logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it tells every odd byte of a PDF
    reader = _Reader(data, source)
    try:
        pdf = pdfplumber.open(io.BytesIO(data))  # not closed: for that it would open every page once more
        pages = list(reader.pages(pdf))
    except reader.errors as error:
        raise _refusal(error, source) from error
    try:
        blocks = join_pages(list(reader.blocks(pages)))
    finally:
        reader.close()
    faults = reader.faults()
    if not blocks:
        empty = f"{source}: no text in this PDF, and no scanned pages; write something in it or take it away"
        raise LoadError(faults[0] if faults else empty)
    return assemble(
        source, blocks, title=top_heading(blocks), properties=_properties(pdf.metadata, blocks), faults=faults
    )


class _Reader:
    """Reads the pages of one PDF and keeps what went wrong with which of them."""

    def __init__(self, data: bytes, source: str) -> None:
        from pdfminer.psexceptions import PSException
        from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

        self.errors = (PSException, MalformedPDFException, PdfminerException, *_FAULTS)
        self._data = data
        self._source = source
        self._wrong: dict[str, list[int]] = {}
        self._drawn: Any = None

    def pages(self, pdf: Any) -> Iterator[PdfPage]:
        """The pages that can be read, until the time is up."""
        from pdfminer.pdfpage import PDFPage
        from pdfplumber.page import Page

        until = time.monotonic() + TEXT_SECONDS
        for number, raw in enumerate(PDFPage.create_pages(pdf.doc), 1):
            if number > MAX_PAGES or time.monotonic() > until:
                self._note(number, "here the reading ended, the file is too long; split it")
                return
            try:
                page = Page(pdf, raw, page_number=number)
                yield read_page(page, number)
                page.close()
            except self.errors as error:
                self._note(number, f"cannot be read ({type(error).__name__}); open the file and save it again as PDF")

    def blocks(self, pages: list[PdfPage]) -> Iterator[Block]:
        """The blocks of all pages in order."""
        until = time.monotonic() + SCAN_SECONDS
        kept = without_running(pages)
        types = type_of(kept)
        header: Any = ()
        for page in kept:
            if page.is_picture:
                header = ()
                yield from self._scanned(page.number) if time.monotonic() < until else self._too_late(page.number)
            else:
                found, header, faults = blocks_of(page, types, header)
                for fault in faults:
                    self._note(page.number, fault)
                yield from found

    def close(self) -> None:
        """Let go of the file."""
        if self._drawn is not None:
            self._drawn.close()

    def faults(self) -> tuple[str, ...]:
        """One line for each thing that went wrong, with the pages it befell."""
        return tuple(f"{self._source}, {_named(pages)}: {what}" for what, pages in self._wrong.items())

    def _note(self, number: int, what: str) -> None:
        pages = self._wrong.setdefault(what, [])
        if number not in pages:
            pages.append(number)

    def _too_late(self, number: int) -> tuple[Block, ...]:
        self._note(number, "a scan too many; split the file")
        return ()

    def _scanned(self, number: int) -> tuple[Block, ...]:
        import pypdfium2

        try:
            scan = read_picture(self._picture(number))
        except ScanError as error:
            self._note(number, str(error))
            return ()
        except (pypdfium2.PdfiumError, *_FAULTS):
            self._note(number, "its picture cannot be drawn; scan it again")
            return ()
        if scan.doubtful:
            self._note(number, "in part too blurred to read; scan it again, larger and clear")
        return text_blocks(scan.text, page=number)

    def _picture(self, number: int) -> Any:
        """A page as it looks. The file is opened for the first and stays open for the others."""
        import pypdfium2

        if self._drawn is None:
            self._drawn = pypdfium2.PdfDocument(self._data)
        page = self._drawn[number - 1]
        try:
            width, height = page.get_size()
            scale = min(_DOTS, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
            return page.render(scale=scale, grayscale=True).to_pil()
        finally:
            page.close()


def _refusal(error: BaseException, source: str) -> LoadError:
    from pdfminer.pdfdocument import PDFEncryptionError

    cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    if isinstance(cause, PDFEncryptionError):
        return LoadError(f"{source}: locked by a password; save a copy without one")
    return LoadError(f"{source}: not a readable PDF ({type(cause).__name__}); open it and save it again as PDF")


def _named(pages: list[int]) -> str:
    """Page numbers in words: "page 3", "pages 1–2, 5"."""
    starts = [pages[0], *(b for a, b in pairwise(pages) if b != a + 1)]
    ends = [*(a for a, b in pairwise(pages) if b != a + 1), pages[-1]]
    spans = [str(a) if a == b else f"{a}–{b}" for a, b in zip(starts, ends, strict=True)]
    return f"{'page' if len(pages) == 1 else 'pages'} {', '.join(spans)}"


def _properties(metadata: Mapping[str, Any], blocks: list[Block]) -> Properties:
    told = {name: value for name, value in metadata.items() if isinstance(value, str)}
    title = told.get("Title", "").strip()
    return Properties(
        title=first_heading(blocks) if not title or title.casefold().startswith(_NO_TITLE) else title,
        remarks=". ".join(filter(None, (told.get("Subject"), told.get("Keywords")))),
        dated=day_of(told.get("ModDate", "")) or day_of(told.get("CreationDate", "")),
    )
