"""Bytes to text, for the formats that are text."""

from __future__ import annotations

from munshi.knowledge.base import LoadError

_MARKS = (b"\xff\xfe", b"\xfe\xff")  # what a UTF-16 text opens with


def decode(data: bytes, source: str) -> str:
    """UTF-8 or UTF-16 as text, its line ends levelled. Raises LoadError where it is neither."""
    encoding = "utf-16" if data.startswith(_MARKS) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise LoadError(f"{source}: not UTF-8 text at byte {error.start}; save it again as UTF-8") from error
    if "\x00" in text:
        raise LoadError(f"{source}: not a text file; save it again as UTF-8 text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decode_western(data: bytes) -> str | None:
    """Windows-1252 as text, as older spreadsheets save it; None where the bytes are likely anything else."""
    # Damaged UTF-8 holds whole letters too.
    if b"\x00" in data or data.startswith(_MARKS) or not data.decode("utf-8", "ignore").isascii():
        return None
    try:
        return data.decode("cp1252").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        return None
