"""Documents to passages, along the document's own structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from munshi.knowledge.base import Passage
from munshi.knowledge.documents import Block, Document
from munshi.knowledge.text import sentences, slug


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """`max_words` is how long a passage of prose may get; tables' rows and FAQ entries are never cut."""

    max_words: int = 160


@dataclass(slots=True)
class _Section:
    """What stands under one heading, up to the next."""

    heading: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A passage to be: its words, the part of its id below the section, and what only an FAQ or a row has."""

    text: str
    place: str
    page: int | None
    title: str = ""
    metadata: tuple[tuple[str, str], ...] = ()


def passages(document: Document, settings: ChunkSettings | None = None) -> list[Passage]:
    """The passages of a document, in reading order.

    A section is one passage if it is short enough, else it is cut between paragraphs, and only a paragraph that is
    too long by itself between sentences; a list keeps the line that leads into it. An id is the source, the headings
    above and the place below them, so that it survives changes in other sections; equal ids are numbered.
    """
    settings = settings or ChunkSettings()
    seen: Counter[str] = Counter()
    return [
        _passage(document, section.heading, piece, seen)
        for section in _sections(document)
        for piece in _pieces(section, settings.max_words)
    ]


def _sections(document: Document) -> Iterator[_Section]:
    open_headings: list[tuple[int, str]] = []
    section = _Section(())
    for block in document.blocks:
        if block.kind != "heading":
            section.blocks.append(block)
            continue
        yield section
        open_headings = [(level, text) for level, text in open_headings if level < block.level]
        open_headings.append((block.level, block.text))
        section = _Section(tuple(text for _, text in open_headings if text != document.title))
    yield section


def _pieces(section: _Section, max_words: int) -> Iterator[_Piece]:
    prose = [block for block in section.blocks if block.kind in ("paragraph", "list")]
    for number, part in enumerate(_pack(_lead_ins(prose), max_words)):
        text = "\n".join(block.text for block in part)
        # Without a heading there is no place to speak of but the opening words.
        place = str(number) if section.heading else slug(" ".join(text.split()[:6]))
        yield _Piece(text, place, part[0].page)
    for block in section.blocks:
        if block.kind == "row":
            yield _Piece(block.text, slug(block.title), block.page, metadata=(("row", block.title),))
        elif block.kind == "faq":
            pairs = (("alternates", "\n".join(block.alternates)), ("category", block.category))
            yield _Piece(block.text, slug(block.title), block.page, block.title, tuple(p for p in pairs if p[1]))


def _lead_ins(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks in groups that stay together: a list with the paragraph before it."""
    groups: list[list[Block]] = []
    for block in blocks:
        if block.kind == "list" and groups and groups[-1][-1].kind == "paragraph":
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _pack(groups: Sequence[list[Block]], max_words: int) -> Iterator[list[Block]]:
    """Groups put together while they fit; one that does not fit by itself is cut."""
    part: list[Block] = []
    for group in groups:
        if part and _length(part) + _length(group) > max_words:
            yield part
            part = []
        if _length(group) > max_words:
            *full, part = _cut(group, max_words)
            yield from full
        else:
            part = part + group
    if part:
        yield part


def _cut(group: list[Block], max_words: int) -> list[list[Block]]:
    """A group that is too long, cut between sentences or items. Each part of a list repeats its lead-in."""
    lead = group[0].text if len(group) > 1 and _length(group[:1]) <= max_words // 2 else ""
    parts: list[list[Block]] = []
    for block in group[1:] if lead else group:
        room = max_words - len(lead.split())
        for text in _fill(_units(block, room), room, "\n" if block.kind == "list" else " "):
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


def _fill(units: Iterator[str], room: int, glue: str) -> Iterator[str]:
    held: list[str] = []
    count = 0
    for unit in units:
        size = len(unit.split())
        if held and count + size > room:
            yield glue.join(held)
            held, count = [], 0
        held.append(unit)
        count += size
    if held:
        yield glue.join(held)


def _length(blocks: Sequence[Block]) -> int:
    return sum(len(block.text.split()) for block in blocks)


def _passage(document: Document, heading: tuple[str, ...], piece: _Piece, seen: Counter[str]) -> Passage:
    place = "/".join(filter(None, (*map(slug, heading), piece.place)))
    identity = f"{document.source}#{place}"
    seen[identity] += 1
    return Passage(
        id=identity if seen[identity] == 1 else f"{identity}~{seen[identity]}",
        text=piece.text,
        source=document.source,
        title=piece.title or document.title,
        heading=heading,
        page=piece.page,
        language=document.language,
        kind=document.kind,
        priority=document.priority,
        valid_from=document.valid_from,
        valid_until=document.valid_until,
        metadata=dict(piece.metadata),
    )
