"""The words Munshi knows before it knows a shop: plain CSV and text files, read when first asked for.

In a CSV the spellings of one word stand in one cell, divided by `|`. Everything comes back in Unicode normal form NFKC,
as messages do (see `munshi.knowledge.normalise`).
"""

from __future__ import annotations

import csv
import unicodedata
from functools import cache
from importlib.resources import files
from itertools import pairwise


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of `name`.csv by column."""
    return tuple(csv.DictReader(_read(f"{name}.csv").splitlines()))


@cache
def words(name: str) -> frozenset[str]:
    """The words of `name`.txt, lower case; lines that begin with # are remarks."""
    return frozenset(word for line in lines(name) for word in line.split())


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of `name`.txt that are no remarks."""
    return tuple(line for line in _read(f"{name}.txt").splitlines() if line and not line.startswith("#"))


@cache
def pairs(name: str) -> frozenset[tuple[str, str]]:
    """The neighbouring words of each line of `name`.txt."""
    return frozenset(pair for line in lines(name) for pair in pairwise(line.split()))


def spellings(cell: str) -> list[str]:
    """The spellings in a cell, the leading one first."""
    return [word for word in cell.split("|") if word]


def _read(name: str) -> str:
    return unicodedata.normalize("NFKC", files(__package__).joinpath(name).read_text(encoding="utf-8"))
