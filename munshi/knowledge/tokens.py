"""A clean text cut into words, numbers and marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from munshi.knowledge import lexicon

TokenKind = Literal["latin", "devanagari", "other", "number", "mark"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a clean text. `glued`: it touches a number or a hyphen, as the parts of a code do."""

    text: str
    low: str
    start: int
    end: int
    kind: TokenKind
    glued: bool = False

    @property
    def is_word(self) -> bool:
        """Whether it is made of letters."""
        return self.kind in ("latin", "devanagari", "other")


def tokenise(text: str) -> list[Token]:
    """The tokens of a clean text, in order; white space is what lies between them."""
    found = [(match.lastgroup or "mark", match.start(), match.end()) for match in _pattern().finditer(text)]
    tokens = []
    for index, (group, start, end) in enumerate(found):
        before = found[index - 1] if index and found[index - 1][2] == start else None
        after = found[index + 1] if index + 1 < len(found) and found[index + 1][1] == end else None
        glued = any(near is not None and near[0] == "number" for near in (before, after))
        piece = text[start:end]
        tokens.append(Token(piece, piece.lower(), start, end, _kind(group, piece), glued))
    return tokens


def _kind(group: str, piece: str) -> TokenKind:
    if group == "word":
        return "latin" if piece[0] < "\u0250" else "other"
    if group == "special":
        return "latin"
    return "devanagari" if group == "devanagari" else "number" if group == "number" else "mark"


@cache
def _pattern() -> re.Pattern[str]:
    """Devanagari words, numbers with Indian or Western grouping, words of any other script, and single marks.

    Abbreviations that hold a digit or a stroke ("b4", "a/c") are words of their own.
    """
    odd = [row["short"] for row in lexicon.rows("sms") if not row["short"].replace(" ", "").isalpha()]
    special = "|".join(sorted(map(re.escape, odd), key=len, reverse=True))
    return re.compile(
        rf"(?P<special>(?<![^\W_])(?:{special})(?![^\W_]))"
        r"|(?P<devanagari>[\u0900-\u0963\u0971-\u097f]+)"
        r"|(?P<number>\d{1,3}(?:,\d{2,3})*,\d{3}(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
        r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
        r"|(?P<mark>\S)",
        re.IGNORECASE,
    )
