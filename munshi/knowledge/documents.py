"""What a loader makes of a file: a document as a row of blocks, whatever format it came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from munshi.knowledge.base import Kind

BlockKind = Literal["heading", "paragraph", "list", "row", "faq"]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a document's own structure, in reading order.

    `heading` has a `level` (1 is the topmost). `list` holds its items one a line. `row` is a table's row written out
    as "Column: value; Column: value", with the row's own name in `title`. `faq` has the question in `title`, the
    answer in `text`, other ways to ask it in `alternates` and the shop's own grouping in `category`.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None
    title: str = ""
    alternates: tuple[str, ...] = ()
    category: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read.

    `source` is its path below the papers' folder, with forward slashes. `faults` name what had to be left out of a
    file that could otherwise be read.
    """

    source: str
    title: str
    blocks: tuple[Block, ...]
    kind: Kind = "text"
    language: str = "en"
    priority: int = 0
    valid_from: date | None = None
    valid_until: date | None = None
    faults: tuple[str, ...] = ()
