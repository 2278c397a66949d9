"""What can be wrong with one example by itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator

from munshi.intents.data_rows import Finding, Kind, Row, quoted

LONG_CHARS = 500
"""A longer text is a story that wants more than one thing, or a row that lost its end."""

_LEAST_LETTERS = 0.25
"""Share of letters among what can be seen, below which a text of fewer than `_LEAST_WORDS` says nothing."""
_LEAST_WORDS = 2

_CONTROL = frozenset({"Cc", "Cf", "Cs", "Co"})
_JOINERS = frozenset("\u200c\u200d")
# UTF-8 read as Windows-1252: the lead bytes of accents, typographic signs and Devanagari as letters.
_MISREAD = re.compile("\ufffd|[ÃÂ][\u0080-\u00bf]|â€|à[¤¥]")

Rule = Callable[[str], tuple[str, str] | None]
"""From a text to what is wrong and what to do, or None."""


def check_texts(rows: Iterable[Row], find_pii: Callable[[str], Collection[str]]) -> Iterator[Finding]:
    """The faults of each row; `find_pii` names the kinds of private data in a text."""
    for row in rows:
        if not row.text or not row.label:
            missing = "text" if not row.text else "label"
            remedy = "Fill it in, or delete the row."
            yield Finding("empty", "error", row.file, row.line, f"The row has no {missing}.", remedy)
            continue
        yield from _doubts(row)
        kinds = find_pii(row.text)
        if kinds:
            message = f"{quoted(masked(row.text))} holds private data ({', '.join(kinds)})."
            yield Finding("pii", "warning", row.file, row.line, message, "Put an invented one in its place.")


def masked(text: str) -> str:
    """A text that can be shown though it holds something private: no digit, and nothing before an @."""
    return re.sub(r"\d", "X", re.sub(r"[^\s@]+@", "***@", text))


def _doubts(row: Row) -> Iterator[Finding]:
    for kind, rule in _RULES:
        told = rule(row.text)
        if told is not None:
            yield Finding(kind, "warning", row.file, row.line, *told)


def _long(text: str) -> tuple[str, str] | None:
    if len(text) <= LONG_CHARS:
        return None
    return f"{quoted(text)} is {len(text)} characters long.", "Keep the sentence that says what is wanted."


def _no_words(text: str) -> tuple[str, str] | None:
    seen = [char for char in text if not char.isspace()]
    letters = sum(unicodedata.category(char)[0] in "LM" for char in seen)
    if letters >= _LEAST_LETTERS * len(seen) or len(re.findall(r"[^\W\d_]{2,}", text)) >= _LEAST_WORDS:
        return None
    return f"{quoted(text)} holds hardly a word.", "Say in words what is wanted, or delete it."


def _invisible(text: str) -> tuple[str, str] | None:
    for before, char in zip(" " + text, text, strict=False):
        # A joiner has its work in Devanagari and in emoji.
        at_work = char in _JOINERS and not before.isascii()
        if unicodedata.category(char) in _CONTROL and not char.isspace() and not at_work:
            name = unicodedata.name(char, "a control character").lower()
            return f"{quoted(text)} holds a sign that cannot be seen: U+{ord(char):04X}, {name}.", "Type it anew."
    return None


def _misread(text: str) -> tuple[str, str] | None:
    if not _MISREAD.search(text):
        return None
    return f"{quoted(text)} was saved in a wrong encoding once.", "Put its letters right, and save as UTF-8."


_RULES: tuple[tuple[Kind, Rule], ...] = (
    ("long", _long),
    ("no_words", _no_words),
    ("invisible", _invisible),
    ("encoding", _misread),
)
