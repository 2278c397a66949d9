"""Pictures of papers: scans and photographs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from munshi.knowledge.base import LoadError
from munshi.knowledge.documents import Block, Document, assemble, first_heading
from munshi.knowledge.ocr import ScanError, read_picture
from munshi.knowledge.plaintext import text_blocks

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 60_000_000
MAX_PAGES = 200
_FAULTS = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError)


def load_image(data: bytes, source: str) -> Document:
    """A picture's words; a TIFF may hold several pages.

    Raises LoadError where it is no picture, is larger than `MAX_PIXELS`, or none of its pages can be read.
    """
    from PIL import Image

    blocks: list[Block] = []
    faults: list[str] = []
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF", "WEBP")) as opened:
            for number, page in enumerate(_pages(opened, source), 1):
                place = source if getattr(opened, "n_frames", 1) == 1 else f"{source}, page {number}"
                blocks += _read(page, number, place, faults)
            if getattr(opened, "n_frames", 1) > MAX_PAGES:
                faults.append(f"{source}: only its first {MAX_PAGES} pages are read; split it")
    except (Image.DecompressionBombError, *_FAULTS) as error:
        raise LoadError(f"{source}: not a readable picture; save it again as PNG or JPEG") from error
    if not blocks:
        raise LoadError(faults[0] if faults else f"{source}: no text in this picture; take it away")
    return assemble(source, blocks, title=first_heading(blocks), faults=faults)


def _pages(opened: Image, source: str) -> Iterator[Image]:
    from PIL import ImageOps

    for frame in range(min(getattr(opened, "n_frames", 1), MAX_PAGES)):
        opened.seek(frame)
        if opened.width * opened.height > MAX_PIXELS:
            millions = opened.width * opened.height // 1_000_000
            raise LoadError(f"{source}: {millions} million pixels are too many; scan it at 300 dots an inch")
        yield ImageOps.exif_transpose(opened)


def _read(page: Image, number: int, place: str, faults: list[str]) -> tuple[Block, ...]:
    try:
        scan = read_picture(page)
    except ScanError as error:
        faults.append(f"{place}: {error}")
        return ()
    if scan.doubtful:
        faults.append(f"{place}: {scan.doubtful} paragraphs too blurred to read; scan it again, larger and clear")
    return text_blocks(scan.text, page=number)
