"""Numbered clauses, as contracts, terms and laws have them: "4.2 The buyer ...", "Section 12. ...", "धारा 5 ..."."""

from __future__ import annotations

from collections.abc import Sequence

import regex

_DECIMAL = regex.compile(r"(\d{1,3}(?:\.\d{1,3})+)[.):]?\s+\S")
_NAMED = regex.compile(
    r"((?:Section|SECTION|Clause|CLAUSE|Article|ARTICLE|Rule|RULE|Regulation|Annexure|ANNEXURE|Schedule|SCHEDULE|धारा|नियम)"
    r"\s+(?:\d{1,4}[A-Z]{0,2}(?:\.\d+)*|[IVXL]{1,6}|[A-Z]))(?=[\s.:)—–-]|$)"
)


def clauses(lines: Sequence[str]) -> list[str]:
    """For each line or paragraph the number of the clause it opens, or "".

    A decimal number counts only beside its neighbour: 4.2 where 4.1 or 4.3 is there too. So "12.6 V is a full
    battery" opens none.
    """
    decimals = [match[1] if (match := _DECIMAL.match(line)) else "" for line in lines]
    there = {number for number in decimals if number}
    return [
        _named(line) or (number if number and _neighbours(number) & there else "")
        for line, number in zip(lines, decimals, strict=True)
    ]


def _named(line: str) -> str:
    match = _NAMED.match(line)
    return " ".join(match[1].split()) if match else ""


def _neighbours(number: str) -> set[str]:
    *stem, last = number.split(".")
    return {".".join((*stem, str(int(last) + step))) for step in (-1, 1)}
