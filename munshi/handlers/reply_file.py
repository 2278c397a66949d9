"""A file that a reply brings along, such as a bill or a table: kept, sealed and erased as part of the reply."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Self

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_KILO = 1024


@dataclass(frozen=True, slots=True)
class ReplyFile:
    """A file as plain JSON values: `content` is in base64, `title` what the customer reads of it, in their language."""

    name: str
    title: str
    mime_type: str
    content: str

    @classmethod
    def of(cls, data: bytes, *, name: str, title: str, mime_type: str) -> Self:
        """A file with these bytes."""
        return cls(name, title, mime_type, base64.b64encode(data).decode())

    @property
    def data(self) -> bytes:
        """The bytes."""
        return base64.b64decode(self.content)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.content) * 3 // 4 - self.content[-2:].count("=")

    @property
    def in_words(self) -> str:
        """Name and size, for people: repayment-table.xlsx, 12 KB."""
        return f"{self.name}, {kilobytes(self.size)}"


def kilobytes(size: int) -> str:
    """Write 12 KB, begun ones counted."""
    return f"{-(-size // _KILO)} KB"
