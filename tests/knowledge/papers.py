"""What the tests of the loaders share: files written by name, PDFs drawn by reportlab, documents as pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

from reportlab.platypus import Flowable, SimpleDocTemplate

from munshi.knowledge.base import LoadError
from munshi.knowledge.documents import Document
from munshi.knowledge.loaders import LOADERS

Write = Callable[[str, str | bytes], Path]


def shape(document: Document) -> list[tuple[str, str]]:
    """A document's blocks as (kind, text)."""
    return [(block.kind, block.text) for block in document.blocks]


def attempt(data: bytes, suffix: str) -> Document | LoadError:
    """What a loader makes of the bytes, or how it refuses them."""
    try:
        return LOADERS[suffix].read(data, "a" + suffix)
    except LoadError as error:
        return error


def told(result: Document | LoadError, name: str) -> bool:
    """Whether it is a document whose blocks all say something, or a refusal in one line that names the file."""
    if isinstance(result, Document):
        return all(block.text.strip() for block in result.blocks)
    return name in str(result) and "\n" not in str(result)


def drawn(story: Sequence[Flowable], **options: object) -> bytes:
    """A PDF that reportlab lays out; `options` are SimpleDocTemplate's."""
    out = BytesIO()
    SimpleDocTemplate(out, **options).build(list(story))
    return out.getvalue()
