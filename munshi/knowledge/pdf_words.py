"""A PDF page as lines of text in reading order: columns one after the other, a full-width line between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

_GUTTER = 0.9  # of the type size: a wider gap parts columns, or cells
_COLUMN_LINES = 4
_COLUMN_WORDS = 3
_APART = 2.5  # of the type size: lines with more space between them belong to no one column
_CLOSE = 1.2
_MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """A run of words on one line, not broken by a wide gap. Places are in points from the page's top left.

    A table with ruled lines takes part in the reading order as one such run, without text and with its `cells`.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    bold: bool
    cells: tuple[tuple[str, ...], ...] = ()

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


def lines_of(words: Sequence[Mapping[str, Any]]) -> list[Line]:
    """The runs of words of a page, from the top, left to right. `words` are pdfplumber's with `size` and `fontname`."""
    rows: list[list[Mapping[str, Any]]] = []
    for word in sorted(words, key=lambda one: ((one["top"] + one["bottom"]) / 2, one["x0"])):
        middle = (word["top"] + word["bottom"]) / 2
        last = rows[-1][0] if rows else None
        if last is not None and abs(middle - (last["top"] + last["bottom"]) / 2) < 0.4 * (last["bottom"] - last["top"]):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [line for row in rows for line in _runs(sorted(row, key=lambda one: one["x0"]))]


def _runs(row: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    held: list[Mapping[str, Any]] = []
    for word in row:
        if held and word["x0"] - held[-1]["x1"] > _GUTTER * max(float(word["size"]), 4.0):
            yield _line(held)
            held = []
        held.append(word)
    if held:
        yield _line(held)


def _line(words: Sequence[Mapping[str, Any]]) -> Line:
    sizes = Counter[float]()
    bold = 0
    for word in words:
        sizes[round(float(word["size"]) * 2) / 2] += len(word["text"])
        bold += len(word["text"]) * _is_bold(str(word["fontname"]))
    return Line(
        text=" ".join(str(word["text"]) for word in words),
        x0=float(words[0]["x0"]),
        x1=max(float(word["x1"]) for word in words),
        top=min(float(word["top"]) for word in words),
        bottom=max(float(word["bottom"]) for word in words),
        size=sizes.most_common(1)[0][0],
        bold=bold * 2 > sum(sizes.values()),
    )


def _is_bold(font: str) -> bool:
    name = font.casefold()
    return any(mark in name for mark in ("bold", "black", "heavy", "demi"))


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Lines as one reads them: from the top, and where they stand in columns of prose, the left column first."""
    columns = _columns(lines) if 2 * _COLUMN_LINES <= len(lines) <= _MOST_LINES else None
    if columns is None:
        return sorted(lines, key=lambda line: (round(line.top), line.x0))
    left, right = columns
    top = min(line.top for line in (*left, *right))
    others = [line for line in lines if line not in {*left, *right}]
    above, below = [line for line in others if line.top < top], [line for line in others if line.top >= top]
    return [line for part in (above, left, right, below) for line in in_reading_order(part)]


def _columns(lines: Sequence[Line]) -> tuple[list[Line], list[Line]] | None:
    """The greatest part of a page that a gutter parts into two sides of prose; None where there is none."""
    falling = sorted(lines, key=lambda line: line.top)
    best: tuple[list[Line], list[Line]] | None = None
    for gutter in sorted({line.x0 - 1 for line in lines}):
        for right in _right_sides(falling, gutter):
            left = _left_side(falling, right, gutter)
            if _is_prose(left) and _is_prose(right) and (best is None or len(left) + len(right) > sum(map(len, best))):
                best = left, right
    return best


def _right_sides(falling: Sequence[Line], gutter: float) -> Iterator[list[Line]]:
    """Lines right of a gutter that follow one another closely, with none between them that crosses it."""
    held: list[Line] = []
    for line in falling:
        crosses = line.x0 < gutter < line.x1
        if held and (crosses or (line.x0 >= gutter and line.top - held[-1].bottom > _APART * line.size)):
            yield held
            held = []
        if line.x0 >= gutter:
            held.append(line)
    if held:
        yield held


def _left_side(falling: Sequence[Line], right: Sequence[Line], gutter: float) -> list[Line]:
    """The lines left of a gutter beside those on its right; the column may go on below them."""
    top, bottom = right[0].top - right[0].size, max(line.bottom for line in right)
    held: list[Line] = []
    for line in falling:
        close = bool(held) and line.top - held[-1].bottom < _CLOSE * line.size
        if line.top < top or (line.top > bottom and not close):
            continue
        if line.x1 > gutter:
            if line.x0 < gutter:
                break
            continue
        held.append(line)
    return held


def _is_prose(lines: Sequence[Line]) -> bool:
    """Whether it may be a column: several lines of several words each. Cells of a table are shorter."""
    return len(lines) >= _COLUMN_LINES and median(line.words for line in lines) >= _COLUMN_WORDS
