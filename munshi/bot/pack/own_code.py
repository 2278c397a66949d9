"""A shop's own handlers: Python that lies in its pack, or beside it."""

from __future__ import annotations

import sys
from pathlib import Path


def make_importable(folder: Path) -> None:
    """Let `module:Class` name a module in the pack's folder or beside it. What is installed keeps its names."""
    for place in (str(folder), str(folder.parent)):
        if place not in sys.path:
            sys.path.append(place)
