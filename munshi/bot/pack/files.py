"""Text files of a pack as text, whatever an office program made of them."""

from __future__ import annotations

from pathlib import Path

from munshi.bot.pack.faults import Report

MAX_BYTES = 50_000_000
"""A larger file is refused: no shop's list is that long, and reading it would stall the start."""


def read_text(path: Path, report: Report, *, max_bytes: int = MAX_BYTES) -> str | None:
    """The file's text, or None once the fault is reported. A byte order mark is dropped."""
    raw = read_bytes(path, report, max_bytes=max_bytes)
    if raw is None:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        report.error(line, "The text is not in UTF-8.", "Save the file again as UTF-8 (Excel: 'CSV UTF-8').")
        return None


def read_bytes(path: Path, report: Report, *, max_bytes: int = MAX_BYTES) -> bytes | None:
    """The file's content, or None once the fault is reported."""
    if not within(path, report, max_bytes):
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        report.error(None, f"It cannot be read: {error.strerror}.", "Check that it is a file and who may open it.")
        return None


def within(path: Path, report: Report, max_bytes: int = MAX_BYTES) -> bool:
    """Whether the file is small enough to read; reports it where not."""
    try:
        size = path.stat().st_size
    except OSError as error:
        report.error(None, f"It cannot be read: {error.strerror}.", "Check that it is there and who may open it.")
        return False
    if size > max_bytes:
        report.error(
            None,
            f"The file is too large: {size / 1e6:.0f} MB, where {max_bytes / 1e6:.0f} MB is the most.",
            "Split it, or leave out what customers never ask about.",
        )
    return size <= max_bytes
