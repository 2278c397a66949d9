"""Whether what training needs is installed; serving needs none of it."""

from __future__ import annotations

import importlib.util

NEEDED = ("torch", "transformers", "accelerate")


def missing_extra() -> str:
    """What is missing, with the remedy; empty where all is there."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    return f"{', '.join(missing)}: install the train extra (pip install 'munshi[train]')" if missing else ""
