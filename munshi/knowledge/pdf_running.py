"""What stands on every page of a PDF and belongs to none: running heads, page numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from munshi.knowledge.pdf_page import PdfPage
from munshi.knowledge.pdf_words import Line

_MARGIN = 0.1  # of the page's height, at its head and foot
_NUMBER = re.compile(r"[-–|\s]*(?:page|pg\.?|पृष्ठ)?[-–|\s]*\d{1,4}(?:\s*(?:of|/|का)\s*\d{1,4})?[-–|\s]*", re.IGNORECASE)
_FIGURES = re.compile(r"\d+")


def without_running(pages: Sequence[PdfPage]) -> list[PdfPage]:
    """The pages without page numbers, and without lines (whatever their figures) at the head or foot of most."""
    if len(pages) < 2:
        return list(pages)
    counts = Counter(key for page in pages for key in {_key(line) for line in page.lines if _in_margin(line, page)})
    readable = sum(not page.is_picture for page in pages)
    running = {key for key, count in counts.items() if count > max(readable / 2, 2 if "#" not in key else 1)}
    return [replace(page, lines=tuple(line for line in page.lines if not _runs(line, page, running))) for page in pages]


def _runs(line: Line, page: PdfPage, running: set[str]) -> bool:
    if line.cells or not _in_margin(line, page):
        return False
    return _key(line) in running or _NUMBER.fullmatch(line.text) is not None


def _in_margin(line: Line, page: PdfPage) -> bool:
    return line.bottom < _MARGIN * page.height or line.top > (1 - _MARGIN) * page.height


def _key(line: Line) -> str:
    return _FIGURES.sub("#", line.text)
