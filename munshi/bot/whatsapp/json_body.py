"""JSON from outside, read so that one rotten part of it does not cost the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from munshi.bot.arrivals import storable

DEEPEST = 64
"""Levels of nesting that are read; nothing that we look at stands deeper than ten."""

_LONGEST_NUMBER = 18
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]|[^"\[\]{}]++', re.DOTALL)


def read_json(body: bytes) -> Any:
    """The value that a body holds, its texts such as every database takes them (see `storable`).

    Bytes that are no UTF-8 and what is nested too deeply are left out of it.

    Raises ValueError where it is no JSON.
    """
    text = body.decode("utf-8", "replace").lstrip("\ufeff")
    if text.count("[") + text.count("{") > DEEPEST:
        text = "".join(_shallow(text))
    return _cleaned(json.loads(text, parse_int=_number))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): _cleaned(item) for name, item in value.items()}
    return value


def _number(digits: str) -> int | float:
    """A number as it stands; one that no field of ours holds is not worth its exact digits."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)


def _shallow(text: str) -> Iterator[str]:
    """The text with null in the place of whatever is nested deeper than `DEEPEST`."""
    depth = 0
    for token in _TOKEN.findall(text):
        if token in ("[", "{"):
            depth += 1
            if depth == DEEPEST + 1:
                yield "null"
        if depth <= DEEPEST:
            yield token
        if token in ("]", "}"):
            depth -= 1
