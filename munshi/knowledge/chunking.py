"""Documents to passages, along the document's own structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from munshi.knowledge.base import Kind, Passage
from munshi.knowledge.clauses import clauses
from munshi.knowledge.cutting import pack
from munshi.knowledge.documents import Block, Document
from munshi.knowledge.language import language_of
from munshi.knowledge.text import sentences, slug
from munshi.knowledge.validity import UNBOUNDED, Validity, declared, stated

PRIORITY: Mapping[Kind, int] = {"policy": 30, "faq": 20, "text": 10, "catalogue": 0}
"""Who is believed where two sources disagree and neither says its own priority: the higher."""

_OPENING = 3  # blocks at the head of a document in which it speaks of itself


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """`max_words` is how long a passage of prose may get; tables' rows and FAQ entries are never cut.

    `overlap_words`: a paragraph that has to be cut repeats, at the head of each part, as many of the last part's
    sentences as fit in so many words.
    """

    max_words: int = 160
    overlap_words: int = 0


@dataclass(slots=True)
class _Section:
    """What stands under one heading, up to the next."""

    heading: tuple[str, ...]
    validity: Validity
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A passage to be: its words, the part of its id below the section, and what only an FAQ or a row has."""

    text: str
    place: str
    page: int | None
    title: str = ""
    kind: Kind | None = None
    validity: Validity = UNBOUNDED
    metadata: tuple[tuple[str, str], ...] = ()


def passages(document: Document, settings: ChunkSettings | None = None) -> list[Passage]:
    """The passages of a document, in reading order.

    A section is one passage if it is short enough, else it is cut between paragraphs, and only a paragraph that is
    too long by itself between sentences; a list keeps the line that leads into it; a numbered clause is a passage of
    its own. An id is the source, the headings above and the place below them, so that it survives changes in other
    sections; equal ids are numbered.
    """
    settings = settings or ChunkSettings()
    seen: Counter[str] = Counter()
    return [
        _passage(document, section, piece, seen)
        for section in _sections(document)
        for piece in _pieces(section, settings)
    ]


def _sections(document: Document) -> list[_Section]:
    """The sections; one holds as long as its heading or first block says, else as long as the one above it."""
    own = Validity(document.valid_from, document.valid_until).or_else(_of_whole(document))
    open_headings: list[tuple[int, str, Validity]] = []
    sections = [_Section((), own)]
    for block in document.blocks:
        if block.kind != "heading":
            section = sections[-1]
            if not section.blocks and open_headings:
                section.validity = _declared(block, of_section=True).or_else(section.validity)
                open_headings[-1] = (*open_headings[-1][:2], section.validity)
            section.blocks.append(block)
            continue
        open_headings = [one for one in open_headings if one[0] < block.level]
        above = open_headings[-1][2] if open_headings else own
        open_headings.append((block.level, block.text, stated(block.text).or_else(above)))
        path = tuple(text for _, text, _ in open_headings if text != document.title)
        sections.append(_Section(path, open_headings[-1][2]))
    return sections


def _of_whole(document: Document) -> Validity:
    """What a document says of itself in its title or its first lines, above any heading but its own."""
    found = stated(document.title)
    for block in document.blocks[: _OPENING + 1]:
        if block.kind == "heading" and block.text != document.title:
            break
        found = found.or_else(_declared(block))
    return found


def _declared(block: Block, *, of_section: bool = False) -> Validity:
    found = UNBOUNDED
    for sentence in sentences(block.text) if block.kind == "paragraph" else ():
        found = found.or_else(declared(sentence, of_section=of_section))
    return found


def _pieces(section: _Section, settings: ChunkSettings) -> Iterator[_Piece]:
    prose = [block for block in section.blocks if block.kind in ("paragraph", "list")]
    for clause, blocks in _by_clause(prose):
        yield from _prose(section, clause, blocks, settings)
    for block in section.blocks:
        if block.kind == "row":
            pairs: tuple[tuple[str, str], ...] = (("row", block.title),)
            validity = stated(block.text)
            yield _Piece(block.text, slug(block.title), block.page, validity=validity, metadata=pairs)
        elif block.kind == "faq":
            pairs = (("alternates", "\n".join(block.alternates)), ("category", block.category))
            kept = tuple(pair for pair in pairs if pair[1])
            yield _Piece(block.text, slug(block.title), block.page, block.title, "faq", metadata=kept)


def _prose(section: _Section, clause: str, blocks: Sequence[Block], settings: ChunkSettings) -> Iterator[_Piece]:
    for number, part in enumerate(pack(blocks, settings.max_words, settings.overlap_words)):
        text = "\n".join(block.text for block in part)
        if clause:
            place = slug(clause) if number == 0 else f"{slug(clause)}/{number}"
        elif section.heading:
            place = str(number)
        else:  # there is no place to speak of but the opening words
            place = slug(" ".join(text.split()[:6]))
        yield _Piece(text, place, part[0].page)


def _by_clause(blocks: Sequence[Block]) -> Iterator[tuple[str, list[Block]]]:
    """The blocks of each numbered clause, with its number; those before the first have none."""
    numbers = clauses([block.text if block.kind == "paragraph" else "" for block in blocks])
    current, held = "", list[Block]()
    for number, block in zip(numbers, blocks, strict=True):
        if number and held:
            yield current, held
            held = []
        current = number or current
        held.append(block)
    if held:
        yield current, held


def _passage(document: Document, section: _Section, piece: _Piece, seen: Counter[str]) -> Passage:
    place = "/".join(filter(None, (*map(slug, section.heading), piece.place)))
    identity = f"{document.source}#{place}"
    seen[identity] += 1
    kind = piece.kind or document.kind
    validity = piece.validity.or_else(section.validity)
    dated = {"date": document.dated.isoformat()} if document.dated else {}
    return Passage(
        id=identity if seen[identity] == 1 else f"{identity}~{seen[identity]}",
        text=piece.text,
        source=document.source,
        title=piece.title or document.title,
        heading=section.heading,
        page=piece.page,
        language=document.language or language_of(f"{piece.title} {piece.text}"),
        kind=kind,
        priority=PRIORITY[kind] if document.priority is None else document.priority,
        valid_from=validity.start,
        valid_until=validity.end,
        metadata={**dict(piece.metadata), **dated},
    )
