"""Text without marks to blocks, by what its lines look like. A PDF's pages come this way too."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import regex

from munshi.knowledge.clauses import clauses
from munshi.knowledge.documents import Block

LineKind = Literal["empty", "heading", "bullet", "clause", "text"]

_NUMBER = regex.compile(r"\d+(?:\.\d+)*(?=[.)]?\s+\S)")
_BULLET = regex.compile(r"(?:[-*•●▪‣–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+\S")
_ENDS_SENTENCE = regex.compile(r"[.!?:;।॥,]$")
_BROKEN_WORD = regex.compile(r"(?<=\p{Ll})-\n(?=\p{Ll})|\u00ad\n?")
_DIVISION = regex.compile(r"(?:Section|Article|Chapter|Part|Annexure|Schedule|अध्याय|भाग)\s+(?:\d+|[IVXL]+|[A-Z])\b")
_HEADING_WORDS = 8
_FULL_LINE = 0.75  # a line shorter than this share of the longest one ends its paragraph, if it ends a sentence


def text_blocks(text: str, page: int | None = None, *, headings: bool = True) -> tuple[Block, ...]:
    """Paragraphs, lists and headings of a plain text.

    Empty lines part paragraphs; so does a short line that ends a sentence, and a numbered clause. A heading is a
    short line of its own without an end mark: in capitals, with every word capitalised, or numbered where its
    neighbours are not (numbers one after another make a list). Without `headings` none is looked for.
    """
    lines = [line.strip() for line in text.splitlines()]
    longest = max((len(line) for line in lines), default=0)
    kinds = _kinds(lines, headings=headings)
    return tuple(_block(kind, group, page) for kind, group in _groups(lines, kinds, longest))


def _kinds(lines: list[str], *, headings: bool) -> list[LineKind]:
    filled = [i for i, line in enumerate(lines) if line]
    in_run = {i for a, b in pairwise(filled) if _numbered(lines[a], lines[b]) for i in (a, b)}
    opened = clauses(lines)
    goes_on = {i for i, below in enumerate(lines[1:]) if opened[i] and below[:1].islower()}
    heads = set(range(len(lines))) - in_run - goes_on if headings else set()
    return [_kind(line, opened[i], heads=i in heads) for i, line in enumerate(lines)]


def _numbered(*lines: str) -> bool:
    return all(_NUMBER.match(line) for line in lines)


def _kind(line: str, clause: str, *, heads: bool) -> LineKind:
    if not line:
        return "empty"
    if heads and _looks_like_heading(line):
        return "heading"
    return "clause" if clause else "bullet" if _BULLET.match(line) else "text"


def _looks_like_heading(line: str) -> bool:
    tokens = line.split()
    if len(tokens) > _HEADING_WORDS or _ENDS_SENTENCE.search(line) or not any(c.isalpha() for c in line):
        return False
    if line.isupper() or _NUMBER.match(line) or _DIVISION.match(line):
        return True
    return len(tokens) > 1 and all(word[0].isupper() for word in tokens if len(word) > 3)


def _groups(lines: list[str], kinds: list[LineKind], longest: int) -> Iterator[tuple[LineKind, list[str]]]:
    """Lines that belong together. A line that finishes a list item stays with it."""
    kind: LineKind = "empty"
    group: list[str] = []
    for line, this in zip(lines, kinds, strict=True):
        finishes_item = kind == "bullet" and this == "text" and _goes_on(group[-1], line, longest)
        if group and this != kind and not finishes_item:
            yield kind, group
            group = []
        if this == "empty":
            kind = "empty"
            continue
        kind = "bullet" if finishes_item else "text" if this == "clause" else this
        group.append(line)
        if this == "heading" or (kind == "text" and _closes(line, longest)):
            yield kind, group
            kind, group = "empty", []
    if group:
        yield kind, group


def _goes_on(last: str, line: str, longest: int) -> bool:
    return not _ENDS_SENTENCE.search(last) and (line[0].islower() or len(last) >= _FULL_LINE * longest)


def _closes(line: str, longest: int) -> bool:
    return len(line) < _FULL_LINE * longest and _ENDS_SENTENCE.search(line) is not None and line[-1] not in ",;:"


def _block(kind: LineKind, group: list[str], page: int | None) -> Block:
    if kind == "heading":
        return Block("heading", group[0], level=_level(group[0]), page=page)
    if kind == "bullet":
        return Block("list", "\n".join(_items(group)), page=page)
    return Block("paragraph", _join(group), page=page)


def _items(group: list[str]) -> Iterator[str]:
    item: list[str] = []
    for line in group:
        if _BULLET.match(line) and item:
            yield _join(item)
            item = []
        item.append(line)
    yield _join(item)


def _join(lines: list[str]) -> str:
    """Lines as one, a word broken at a line's end mended."""
    mended: str = _BROKEN_WORD.sub("", "\n".join(lines))
    return mended.replace("\n", " ")


def _level(line: str) -> int:
    """How deep a heading lies: one without a number is level 1, "2" is level 2, "2.1" is level 3."""
    number = _NUMBER.match(line)
    return number.group().count(".") + 2 if number else 1
