"""Prompts are files: the parts of one, ready to be filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template

_PART = re.compile(r"^--- (.+) ---$\n?", re.MULTILINE)


@cache
def prompt_parts(name: str) -> Mapping[str, Template]:
    """The parts of a file in `prompts/` by name: `system` stands before the first line of dashes."""
    text = (files("munshi.knowledge") / "prompts" / name).read_text(encoding="utf-8")
    first, *rest = _PART.split(text)
    named = dict(zip(rest[::2], rest[1::2], strict=True))
    return {part: Template(body) for part, body in {"system": first, **named}.items()}
