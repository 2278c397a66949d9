"""Blocks of prose put together, or cut, so that each part keeps to a number of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from munshi.knowledge.documents import Block
from munshi.knowledge.text import sentences


def pack(blocks: Sequence[Block], max_words: int, overlap: int = 0) -> Iterator[list[Block]]:
    """Paragraphs and lists in parts of at most `max_words`.

    They stay together while they fit, a list with the paragraph before it; what does not fit by itself is cut between
    sentences or items, and a part then opens with up to `overlap` words of the sentences before it.
    """
    part: list[Block] = []
    for group in _lead_ins(blocks):
        if part and _length(part) + _length(group) > max_words:
            yield part
            part = []
        if _length(group) > max_words:
            *full, part = _cut(group, max_words, overlap)
            yield from full
        else:
            part = part + group
    if part:
        yield part


def _lead_ins(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks in groups that stay together: a list with the paragraph before it."""
    groups: list[list[Block]] = []
    for block in blocks:
        if block.kind == "list" and groups and groups[-1][-1].kind == "paragraph":
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _cut(group: list[Block], max_words: int, overlap: int) -> list[list[Block]]:
    """A group that is too long, cut between sentences or items. Each part of a list repeats its lead-in."""
    lead = group[0].text if len(group) > 1 and _length(group[:1]) <= max_words // 2 else ""
    parts: list[list[Block]] = []
    for block in group[1:] if lead else group:
        room = max_words - len(lead.split())
        is_list = block.kind == "list"
        repeated = 0 if is_list else min(overlap, room // 2)
        for text in _fill(_units(block, room), room, "\n" if is_list else " ", repeated):
            parts.append([Block("paragraph", f"{lead}\n{text}" if lead else text, page=block.page)])
    return parts


def _units(block: Block, room: int) -> Iterator[str]:
    """What a block may be cut into: a list's items, a paragraph's sentences, and where one is too long, its words."""
    for unit in block.text.split("\n") if block.kind == "list" else sentences(block.text):
        tokens = unit.split()
        if len(tokens) <= room:
            yield unit
        else:
            yield from (" ".join(tokens[i : i + room]) for i in range(0, len(tokens), room))


def _fill(units: Iterable[str], room: int, glue: str, overlap: int) -> Iterator[str]:
    held: list[str] = []
    for unit in units:
        if held and _words(held) + _words([unit]) > room:
            yield glue.join(held)
            held = _tail(held, min(overlap, room - _words([unit])))
        held.append(unit)
    if held:
        yield glue.join(held)


def _tail(units: list[str], most: int) -> list[str]:
    """As many of the last units as fit in `most` words."""
    kept: list[str] = []
    for unit in reversed(units):
        if _words([unit, *kept]) > most:
            break
        kept.insert(0, unit)
    return kept


def _length(blocks: Sequence[Block]) -> int:
    return _words([block.text for block in blocks])


def _words(texts: Iterable[str]) -> int:
    return sum(len(text.split()) for text in texts)
