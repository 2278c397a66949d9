"""Order and account numbers, as loosely as customers write them.

A pack gives one regular expression a kind. "NAS-10234" is then found as "nas 10234", "NAS10234", "Nas - 10234", and,
after a word that names the kind ("order no. 10234") or standing all alone, without its letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from munshi.bot.spans import Span
from munshi.knowledge import lexicon
from munshi.knowledge.tokens import Token

LONGEST = 32
"""Characters of the longest code looked for."""

_MOST_TOKENS = 8
_SEPARATORS = "-/_. #"
_LOOSE = r"[-\s/_.#]{0,3}"
_MOST_FILLERS = 4
_ATOM = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?[:!=<P][^()]*?)?|[^\\\[(]", re.S)
_PREFIX = re.compile(r"(?P<letters>[A-Za-z]+)(?:\\?[-/_. #])?(?![?*+{])")


class FormatError(ValueError):
    """A format is no regular expression."""


@dataclass(frozen=True, slots=True)
class Code:
    """A format made ready: `loose` puts up with missing and other separators, `bare` with missing letters."""

    kind: str
    strict: re.Pattern[str]
    loose: re.Pattern[str]
    marks: Mapping[str, str]
    prefix: str
    bare: re.Pattern[str] | None

    @classmethod
    def from_format(cls, kind: str, pattern: str) -> Code:
        """Raises FormatError where `pattern` is no regular expression."""
        pattern = pattern.removeprefix("^").removesuffix("$")
        loose, marks = _loosened(pattern)
        lead = _PREFIX.match(pattern)
        try:
            strict = re.compile(pattern, re.IGNORECASE)
            return cls(
                kind,
                strict,
                re.compile(loose, re.IGNORECASE),
                marks,
                lead["letters"] if lead else "",
                re.compile(pattern[lead.end() :], re.IGNORECASE) if lead else None,
            )
        except re.error as error:
            raise FormatError(f"the format {kind} ({pattern}) is no regular expression: {error}") from error

    def read(self, text: str) -> str | None:
        """The code that all of `text` is, written as the format has it; None where it is none."""
        match = self.loose.fullmatch(text)
        if match is None:
            squeezed = re.sub(r"[\s-]", "", text)
            return squeezed.upper() if self.strict.fullmatch(squeezed) else None
        parts, at = [], 0
        for name, mark in self.marks.items():
            start, end = match.span(name)
            if start >= 0:
                parts += [text[at:start], mark]
                at = end
        return re.sub(r"\s", "", "".join([*parts, text[at:]])).upper()

    def complete(self, text: str) -> str | None:
        """The code whose letters were left out of `text`."""
        if self.bare is None or not self.bare.fullmatch(text):
            return None
        return self.read(self.prefix + text)


class CodeFinder:
    """Finds a pack's codes."""

    def __init__(self, formats: Mapping[str, str]) -> None:
        self._codes = [Code.from_format(kind, pattern) for kind, pattern in formats.items() if pattern]

    def find(self, text: str, tokens: Sequence[Token]) -> list[Span]:
        """The codes in a clean text, longest first from the left, none overlapping."""
        spans: list[Span] = []
        for first, token in enumerate(tokens if self._codes else ()):
            if spans and token.start < spans[-1].end:
                continue
            if first and tokens[first - 1].end == token.start and tokens[first - 1].kind != "mark":
                continue
            span = self._from(text, tokens, first)
            if span is not None:
                spans.append(span)
        return spans

    def _from(self, text: str, tokens: Sequence[Token], first: int) -> Span | None:
        start = tokens[first].start
        for last in range(min(first + _MOST_TOKENS, len(tokens)), first, -1):
            end = tokens[last - 1].end
            piece = text[start:end]
            runs_on = last < len(tokens) and tokens[last].start == end and tokens[last].kind != "mark"
            if runs_on or end - start > LONGEST or not any(map(str.isdigit, piece)):
                continue
            for code in self._codes:
                value = code.read(piece)
                if value is None and (_is_alone(tokens, first, last) or _is_named(tokens, first, code.kind)):
                    value = code.complete(piece)
                if value is not None:
                    return Span(code.kind, value, start, end)
        return None


def _is_alone(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether nothing but a few marks stands beside it."""
    if first + len(tokens) - last > _MOST_FILLERS:
        return False
    return all(token.kind == "mark" for token in (*tokens[:first], *tokens[last:]))


def _is_named(tokens: Sequence[Token], first: int, kind: str) -> bool:
    """Whether the words before say what follows: "order no. is 10234"."""
    kinds = _naming_words()
    near = [token.low for token in reversed(tokens[max(0, first - _MOST_FILLERS) : first]) if token.kind != "mark"]
    telling = [kinds.get(word, "") for word in near if kinds.get(word) != "filler"]
    return telling[:1] == [kind]


@cache
def _naming_words() -> Mapping[str, str]:
    return {word: row["kind"] for row in lexicon.rows("codes") for word in lexicon.spellings(row["words"])}


def _loosened(pattern: str) -> tuple[str, dict[str, str]]:
    """The pattern with every literal separator in a group that takes any or none, and what stood there by group."""
    pieces: list[str] = []
    marks: dict[str, str] = {}
    for match in _ATOM.finditer(pattern):
        atom = match.group()
        literal = atom.removeprefix("\\")
        if len(literal) == 1 and literal in _SEPARATORS and (atom != "." and len(atom) <= 2):
            name = f"mark{len(marks)}"
            marks[name] = literal
            atom = f"(?P<{name}>{_LOOSE})"
        pieces.append(atom)
    return "".join(pieces), marks
