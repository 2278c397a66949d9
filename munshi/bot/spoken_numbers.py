"""Bare numbers in a message, in digits and in words: "500", "five hundred", "paanch sau", "ढाई हज़ार"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from munshi.knowledge.numbers import Number, counted, plain, read_number, unit_at
from munshi.knowledge.tokens import Token, tokenise

_DIGITS = re.compile(r"(?<![\w.,-])\d+(?:,\d{2,3})*(?:\.\d+)?(?![\w-])")
_SURE = 100
"""A number in words from here on is one in any sentence; "one" and "two" are, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A number without separators, and where it stands."""

    value: str
    start: int
    end: int


def bare_numbers(text: str, *, hindi: bool) -> list[Bare]:
    """The numbers of a text, each once; `hindi` allows words that English has too."""
    worded = list(_worded(text, hindi=hindi))
    digits = (Bare(found.group().replace(",", ""), *found.span()) for found in _DIGITS.finditer(text))
    return [*worded, *(each for each in digits if not any(word.start <= each.start < word.end for word in worded))]


def _worded(text: str, *, hindi: bool) -> Iterator[Bare]:
    """Those in words, "2 hundred" among them."""
    tokens = tokenise(text)
    index = 0
    while index < len(tokens):
        number = read_number(tokens, index, hindi=hindi) if tokens[index].kind != "mark" else None
        if number is not None and _counts(tokens, number):
            yield Bare(plain(number.value), tokens[number.first].start, tokens[number.last - 1].end)
        index = number.last if number is not None else index + 1
    alone = counted(text.strip(" .!").lower()) if hindi else None
    if alone is not None and not any(read_number(tokens, at, hindi=hindi) for at in range(len(tokens))):
        yield Bare(plain(alone), 0, len(text))  # "do", "char": words of other meanings beside other words


def _counts(tokens: list[Token], number: Number) -> bool:
    within = tokens[number.first : number.last]
    if not any(token.is_word for token in within):
        return False
    rest = [at for at in range(len(tokens)) if not number.first <= at < number.last]
    alone = all(tokens[at].kind == "mark" or unit_at(tokens, at) is not None for at in rest)
    return alone or number.value >= _SURE
