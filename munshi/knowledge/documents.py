"""What a loader makes of a file: a document as a row of blocks, whatever format it came in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from munshi.knowledge.base import Kind
from munshi.knowledge.validity import stated

BlockKind = Literal["heading", "paragraph", "list", "row", "faq"]

_POLICY = re.compile(
    r"\b(?:polic(?:y|ies)|terms|conditions|rules|returns?|refunds?|cancellations?|warrant(?:y|ies)|guarantees?|privacy)\b"
    r"|नीति|नियम|शर्त"
)
_OPENING = 6


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

    `source` is its path below the papers' folder, with forward slashes. `language` and `priority` are None where the
    file declares none. `dated` is when it was last changed, by its own word. `faults` name what had to be left out of
    a file that could otherwise be read.
    """

    source: str
    title: str
    blocks: tuple[Block, ...]
    kind: Kind = "text"
    language: str | None = None
    priority: int | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    dated: date | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Properties:
    """What a file says of itself beside its text: `remarks` are its subject, keywords and comments."""

    title: str = ""
    remarks: str = ""
    language: str | None = None
    dated: date | None = None


def assemble(
    source: str,
    blocks: Iterable[Block],
    *,
    title: str = "",
    kind: Kind | None = None,
    properties: Properties | None = None,
    faults: Iterable[str] = (),
) -> Document:
    """A document of blocks, with the title, kind and validity that can be told from them, its name and properties."""
    kept = tuple(block for block in blocks if block.text.strip())
    properties = properties or Properties()
    title = title or properties.title or stem(source)
    validity = stated(properties.remarks)
    return Document(
        source=source,
        title=title,
        blocks=kept,
        kind=kind or guess_kind(source, title),
        language=properties.language,
        valid_from=validity.start,
        valid_until=validity.end,
        dated=properties.dated,
        faults=tuple(faults),
    )


def guess_kind(source: str, title: str) -> Kind:
    """`policy` where the file's name or title says that it lays down rules, else `text`."""
    return "policy" if _POLICY.search(f"{stem(source)} {title}".casefold()) else "text"


def first_heading(blocks: Sequence[Block]) -> str:
    """The heading a document opens with: the title of one whose headings are all of a kind."""
    return blocks[0].text if blocks and blocks[0].kind == "heading" else ""


def top_heading(blocks: Sequence[Block]) -> str:
    """The one heading that stands above all others, near the beginning: the title of one with headings in levels."""
    headings = [block for block in blocks if block.kind == "heading"]
    top = min((block.level for block in headings), default=0)
    tops = [block for block in headings if block.level == top]
    return tops[0].text if len(tops) == 1 and tops[0] in blocks[:_OPENING] else ""


def stem(source: str) -> str:
    """A file's name in words: `battery-care_tips.md` is "Battery care tips"."""
    return Path(source).stem.replace("_", " ").replace("-", " ").strip().capitalize()
