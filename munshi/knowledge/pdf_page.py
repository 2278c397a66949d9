"""One page of a PDF: its lines and tables in reading order, or that it is a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from munshi.knowledge.pdf_words import Line, in_reading_order, lines_of

_UNMAPPED = re.compile(r"\(cid:\d+\)|[\0\ufffd]")
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")
_BULLET = re.compile(r"\(cid:\d+\)|[\0\ufffd\ue000-\uf8ff]")
_FEW_LETTERS = 40  # what a scanner's own stamp has
_MOST_EDGES = 4_000
_DRAWING = 50


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page's lines in reading order; a page that `is_picture` has none worth reading. `height` is in points."""

    number: int
    height: float
    lines: tuple[Line, ...]
    is_picture: bool = False


def read_page(page: Any, number: int) -> PdfPage:
    """What a page holds. `page` is pdfplumber's; its own errors come through."""
    words = page.extract_words(x_tolerance_ratio=0.15, extra_attrs=["size", "fontname"])
    is_picture = _is_picture(page, words)
    words = [{**word, "text": _legible(word["text"])} for word in words if word["upright"]]
    if is_picture:
        return PdfPage(number, float(page.height), (), is_picture=True)
    tables = [table for table in _ruled(page) if _is_table(table)]
    loose = [word for word in words if word["text"] and not any(_inside(word, table.bbox) for table in tables)]
    lines = lines_of(loose) + [_as_line(table) for table in tables]
    return PdfPage(number, float(page.height), tuple(in_reading_order(lines)))


def _is_picture(page: Any, words: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the text has to be read from the page's picture: no text, only a stamp on a scan, or no known letters."""
    text = "".join(str(word["text"]) for word in words)
    if not text:
        return bool(page.images) or len(page.curves) + len(page.rects) >= _DRAWING
    unmapped = _UNMAPPED.findall(text)
    # Many programs write Hindi so that its joined letters cannot be told: a few lost ones spoil every word.
    if len("".join(unmapped)) * 3 > len(text) or len(unmapped) * 30 > len(_DEVANAGARI.findall(text)) > 0:
        return True
    covered = sum(float(image["width"]) * float(image["height"]) for image in page.images)
    return len(text) < _FEW_LETTERS and covered > 0.5 * float(page.width) * float(page.height)


def _legible(word: str) -> str:
    """A word without letters that are not known; one that is all unknown marks an item of a list."""
    if _BULLET.fullmatch(word):
        return "•"
    return _UNMAPPED.sub("", word)


def _ruled(page: Any) -> list[Any]:
    edges = len(page.lines) + len(page.rects)
    return list(page.find_tables()) if 3 < edges < _MOST_EDGES else []


def _is_table(table: Any) -> bool:
    """A frame around a text is no table."""
    rows = table.rows
    return len(rows) > 1 and max(sum(cell is not None for cell in row.cells) for row in rows) > 1


def _inside(word: Mapping[str, Any], box: tuple[float, float, float, float]) -> bool:
    x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _as_line(table: Any) -> Line:
    x0, top, x1, bottom = map(float, table.bbox)
    cells = tuple(tuple(" ".join((cell or "").split()) for cell in row) for row in table.extract())
    return Line("", x0, x1, top, bottom, 0.0, bold=False, cells=cells)
