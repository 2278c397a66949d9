"""What an intent is called before a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def title(intent: str, options: Mapping[str, Any], language: str) -> str:
    """The pack's `title` option (a text, or one a language), else the intent's name in words."""
    given = options.get("title")
    if isinstance(given, Mapping):
        given = given.get(language, given.get("en"))
    return str(given) if given else intent.replace("_", " ").capitalize()
