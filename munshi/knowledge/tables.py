"""Tables to blocks: rows in words under their header, or the entries of an FAQ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from munshi.knowledge.documents import Block

_FIGURE = re.compile(
    r"(?:(?:₹|rs\.?|inr|[$€£])\s*)?[-+]?[\d\u0966-\u096f][\d\u0966-\u096f.,/:-]*\s*(?:%|/-)?", re.IGNORECASE
)
_QUESTION = frozenset({"question", "questions", "प्रश्न", "सवाल"})
_ANSWER = frozenset({"answer", "answers", "उत्तर", "जवाब"})


@dataclass(frozen=True, slots=True)
class Entries:
    """What a table gave: its blocks, and a fault for each row that had to be left out, without the file's name."""

    blocks: tuple[Block, ...]
    faults: tuple[str, ...] = ()


def table(
    rows: Iterable[Sequence[str]], *, header: Sequence[str] | None = None, page: int | None = None, level: int = 6
) -> Entries:
    """A table's entries: an FAQ where it has a question and an answer column, else one row a block.

    Without a `header` the first row is taken for one where it looks like it. A row with a single filled cell is a
    heading (of `level`) over those below it where the table is three columns wide or more.
    """
    flat = [[" ".join(cell.split()) for cell in row] for row in rows]
    filled: Sequence[Sequence[str]] = [row for row in flat if any(row)]
    if header is None:
        header, filled = split_header(filled)
    if is_faq(header):
        return faq(header, filled, page=page)
    return Entries(tuple(_rows(header, filled, page, level)))


def split_header(rows: Sequence[Sequence[str]]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """A table's header, empty where its first row does not look like one, and the rows below it."""
    return (rows[0], rows[1:]) if _opens_with_header(rows) else ((), rows)


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """A table's row in words: "Zone: Pune; Charge: ₹150". Empty cells are left out."""
    flat = [" ".join(cell.split()) for cell in cells]
    pairs = [(header[i] if i < len(header) else "", cell) for i, cell in enumerate(flat) if cell]
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs)


def is_faq(header: Sequence[str]) -> bool:
    """Whether a table with this header holds questions and answers."""
    names = {name.strip().casefold() for name in header}
    return bool(names & _QUESTION and names & _ANSWER)


def faq(header: Sequence[str], rows: Iterable[Sequence[str]], *, page: int | None = None) -> Entries:
    """The entries that are whole; one that lacks its question or answer is left out and named in `faults`.

    `alternates` (parted by `|`) and `category` may stand beside question and answer.
    """
    names = [_faq_name(name.strip().casefold()) for name in header]
    blocks, faults = [], []
    for number, cells in enumerate(rows, 1):
        row = dict(zip(names, cells, strict=False))
        question, answer = row.get("question", ""), row.get("answer", "")
        if question and answer:
            others = tuple(filter(None, map(str.strip, row.get("alternates", "").split("|"))))
            category = row.get("category", "")
            blocks.append(Block("faq", answer, page=page, title=question, alternates=others, category=category))
        elif question or answer:
            lacks = "answer" if question else "question"
            faults.append(f"entry {number}: no {lacks} beside {(question or answer)[:60]!r}; write one")
    return Entries(tuple(blocks), tuple(faults))


def is_figure(cell: str) -> bool:
    """Whether a cell holds a number, a price, a date in figures: what no column is called."""
    return _FIGURE.fullmatch(cell) is not None


def _faq_name(name: str) -> str:
    return "question" if name in _QUESTION else "answer" if name in _ANSWER else name


def _opens_with_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: all of them, in words, with something below.

    Two columns may as well be names and values side by side ("Phone", "98200 00000"): they have a header only where
    it is an FAQ's, or a column of figures stands under a word.
    """
    if len(rows) < 2:
        return False
    first, rest = rows[0], rows[1:]
    if any(is_figure(cell) for cell in first) or sum(map(bool, first)) < min(2, len(first)):
        return False
    if len(first) != 2:
        return sum(map(bool, first)) > len(first) / 2
    return is_faq(first) or all(is_figure(row[1]) for row in rest if len(row) > 1 and row[1])


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]], page: int | None, level: int) -> Iterator[Block]:
    for i, row in enumerate(rows):
        cells = [cell for cell in row if cell]
        if len(row) > 2 and _is_band(cells, rows[i + 1] if i + 1 < len(rows) else ()):
            yield Block("heading", cells[0], level=level, page=page)
        elif not header and len(row) == 2 and all(row):
            yield Block("row", f"{row[0].rstrip(': ')}: {row[1]}", title=row[0], page=page)
        else:
            yield Block("row", row_text(header, row), title=cells[0], page=page)


def _is_band(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a row's one cell is a heading over the rows below it."""
    return len(cells) == 1 and sum(map(bool, below)) > 1 and not is_figure(cells[0]) and len(cells[0].split()) <= 8
