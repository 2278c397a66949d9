"""YAML files of Munshi's own, read by the parser in C where it is built: a tenth of the time, at each start."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_own(file: Traversable) -> Any:
    """What a file holds."""
    return yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
