"""When a file says it was written."""

from __future__ import annotations

import re
from datetime import date

_ISO = re.compile(r"(?:D:)?(\d{4})-?(\d{2})-?(\d{2})")
_EARLIEST = date(1990, 1, 1)


def day_of(text: str) -> date | None:
    """The day in a time stamp ("2026-04-01T10:00:00Z", or as a PDF has it "D:20260401100000"), None for others."""
    found = _ISO.match(text.strip())
    if not found:
        return None
    try:
        day = date(*map(int, found.groups()))
    except ValueError:
        return None
    return day if day >= _EARLIEST else None
