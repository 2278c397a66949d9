"""Files to documents. A format is one line in `LOADERS`, found by the file's suffix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from munshi.knowledge.apart import read_apart
from munshi.knowledge.base import LoadError
from munshi.knowledge.documents import Document
from munshi.knowledge.load_csv import load_csv
from munshi.knowledge.load_docx import load_docx
from munshi.knowledge.load_html import load_html
from munshi.knowledge.load_image import load_image
from munshi.knowledge.load_markdown import load_markdown
from munshi.knowledge.load_pdf import load_pdf
from munshi.knowledge.load_text import load_text
from munshi.knowledge.load_xlsx import load_xlsx

MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Format:
    """How a kind of file is read.

    A file of more than `trusted` bytes is read in a process of its own, which may be stopped: what is packed, drawn
    or nested may cost any time and memory whatever its size.
    """

    read: Callable[[bytes, str], Document]
    trusted: int = MAX_BYTES


_PDF = Format(load_pdf, 0)
_DOCX = Format(load_docx, 0)
_XLSX = Format(load_xlsx, 0)
_IMAGE = Format(load_image, 0)
_HTML = Format(load_html, 512 * 1024)

LOADERS: Mapping[str, Format] = {
    ".md": Format(load_markdown), ".markdown": Format(load_markdown), ".txt": Format(load_text),
    ".csv": Format(load_csv), ".tsv": Format(load_csv), ".pdf": _PDF, ".docx": _DOCX, ".xlsx": _XLSX,
    ".html": _HTML, ".htm": _HTML, ".png": _IMAGE, ".jpg": _IMAGE, ".jpeg": _IMAGE, ".tif": _IMAGE, ".tiff": _IMAGE,
    ".webp": _IMAGE,
}  # fmt: skip
"""The format of each suffix; a further one is one more line."""

TEXT_SUFFIXES = frozenset({".md", ".markdown", ".txt", ".csv", ".tsv"})
"""Files that a person writes as plain text: UTF-8 is asked of them."""

_KIN = {
    ".doc": ".docx", ".docm": ".docx", ".odt": ".docx", ".rtf": ".docx", ".pages": ".docx", ".xls": ".xlsx",
    ".xlsm": ".xlsx", ".xlsb": ".xlsx", ".ods": ".xlsx", ".numbers": ".xlsx", ".ppt": ".pdf", ".pptx": ".pdf",
    ".xhtml": ".html", ".json": ".csv", ".gif": ".png", ".bmp": ".png", ".heic": ".jpg",
}  # fmt: skip


def load(path: Path, *, source: str | None = None) -> Document:
    """The document in a file. `source` names it in citations (the file's name where not given).

    Raises LoadError, naming the file and what to do, where it cannot be read or holds no text.
    """
    source = source or path.name
    suffix = path.suffix.lower()
    if suffix not in LOADERS:
        raise LoadError(f"{source}: {suffix or 'a file without a suffix'} cannot be read; {remedy(suffix)}")
    chosen = LOADERS[suffix]
    data = _read(path, source, chosen.trusted)
    document = read_apart(path, source) if data is None else chosen.read(data, source)
    if not any(block.kind != "heading" for block in document.blocks):
        raise LoadError(f"{source}: no text in it; write something in it or take it away")
    return document


def remedy(suffix: str) -> str:
    """What to do with a file that cannot be read for its suffix."""
    kin = _KIN.get(suffix.lower())
    return f"save it as {kin}" if kin else f"save it as one of {', '.join(LOADERS)}"


def _read(path: Path, source: str, trusted: int) -> bytes | None:
    """A file's bytes; None for one that is not to be read here. Raises LoadError for one that cannot be read at all."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise LoadError(f"{source}: {size >> 20} MB is over the limit of {MAX_BYTES >> 20} MB; split the file")
        if size > trusted:
            path.open("rb").close()
            return None
        return path.read_bytes()
    except OSError as error:
        raise LoadError(
            f"{source}: cannot be opened ({error.strerror}); check that it is there and readable"
        ) from error
