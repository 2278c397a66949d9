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
    """Lines as one reads them. Where the page has a gutter, the left column first, between lines that cross it."""
    gutter = _gutter(lines)
    if gutter is None:
        return sorted(lines, key=lambda line: (round(line.top), line.x0))
    ordered: list[Line] = []
    band: list[Line] = []
    for line in sorted(lines, key=lambda line: line.top):
        if line.x0 < gutter < line.x1:
            ordered += _columns(band, gutter)
            ordered.append(line)
            band = []
        else:
            band.append(line)
    return ordered + _columns(band, gutter)


def _columns(band: Sequence[Line], gutter: float) -> list[Line]:
    left, right = [x for x in band if x.x1 <= gutter], [x for x in band if x.x0 >= gutter]
    return in_reading_order(left) + in_reading_order(right)


def _gutter(lines: Sequence[Line]) -> float | None:
    """Where the page is parted into columns of prose, in points from the left; None where it is not.

    Few lines cross it, and on both sides stand several lines of several words each: cells of a table are shorter.
    """
    if len(lines) < 2 * _COLUMN_LINES:
        return None
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    best: tuple[int, float, float] | None = None
    for x in sorted({line.x0 - 1 for line in lines if line.x0 > left + 0.15 * (right - left)}):
        before, after = [a for a in lines if a.x1 <= x], [b for b in lines if b.x0 >= x]
        crossing = len(lines) - len(before) - len(after)
        if crossing * 3 > len(lines) or not (_is_prose(before) and _is_prose(after)):
            continue
        rank = (crossing, abs(len(before) - len(after)), x)
        best = rank if best is None or rank < best else best
    return best[2] if best else None


def _is_prose(lines: Sequence[Line]) -> bool:
    return len(lines) >= _COLUMN_LINES and median(line.words for line in lines) >= _COLUMN_WORDS
