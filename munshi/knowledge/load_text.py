"""Plain text files."""

from __future__ import annotations

from munshi.knowledge.documents import Document, assemble, first_heading
from munshi.knowledge.plaintext import text_blocks
from munshi.knowledge.textfile import decode


def load_text(data: bytes, source: str) -> Document:
    """Plain text. Raises LoadError where it is not UTF-8 or UTF-16."""
    blocks = text_blocks(decode(data, source))
    return assemble(source, blocks, title=first_heading(blocks))
