"""Tables that a PDF draws: with ruled lines, or only with gaps between the cells."""

from __future__ import annotations

from collections.abc import Sequence

from munshi.knowledge.pdf_words import Line
from munshi.knowledge.tables import is_figure

_FEWEST_ROWS = 3


def gap_table(rows: Sequence[Sequence[Line]]) -> list[list[str]] | None:
    """The cells of successive lines whose runs stand below one another; None where they form no table.

    The line with the most runs gives the columns; each further one lies in those it overlaps. A table has a column of
    figures: two columns of short words may be anything.
    """
    if len(rows) < _FEWEST_ROWS:
        return None
    columns = [(line.x0, line.x1) for line in max(rows, key=len)]
    cells = []
    for row in rows:
        placed = [_place(line, columns) for line in row]
        if None in placed or len(set(placed)) != len(placed):
            return None
        text = [""] * len(columns)
        for column, line in zip(placed, row, strict=True):
            if column is not None:
                text[column] = line.text
                columns[column] = min(columns[column][0], line.x0), max(columns[column][1], line.x1)
        cells.append(text)
    figures = [sum(is_figure(row[i]) for row in cells[1:]) * 2 > len(cells) - 1 for i in range(len(columns))]
    return cells if any(figures) else None


def _place(line: Line, columns: Sequence[tuple[float, float]]) -> int | None:
    overlaps = [min(line.x1, x1) - max(line.x0, x0) for x0, x1 in columns]
    best = max(range(len(columns)), key=overlaps.__getitem__)
    others = [overlap for i, overlap in enumerate(overlaps) if i != best]
    return best if overlaps[best] > 0 and max(others, default=0) <= 0 else None
