"""Numbers as people write and say them: 1,00,000, five hundred and fifty, paanch hazaar, dhai lakh, साढ़े तीन सौ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from munshi.knowledge import lexicon
from munshi.knowledge.tokens import Token

MOST_DIGITS = 15
"""A longer run of digits is an identifier, not a count."""

_HUNDRED = 100
_OTHER_KINDS = frozenset({"other", "quantity", "percent"})
_GLUED_SCALES = frozenset("kl")


@dataclass(frozen=True, slots=True)
class Number:
    """A number in tokens [first, last). `scale` is the greatest of its scale words, 1 where it has none."""

    value: Decimal
    first: int
    last: int
    scale: int


@dataclass(frozen=True, slots=True)
class Unit:
    """What a word says beside a number; see lexicon/units.csv for the kinds. `name` is one for all its spellings."""

    kind: str
    value: Decimal
    name: str = ""


def plain(value: Decimal) -> str:
    """A decimal without exponent and trailing zeros."""
    return format(value.normalize(), "f") if value else "0"


@cache
def units() -> Mapping[str, Unit]:
    """Units by spelling."""
    return {
        word: Unit(row["kind"], Decimal(row["value"]) if row["value"][-1].isdigit() else Decimal(1), row["name"])
        for row in lexicon.rows("units")
        for word in lexicon.spellings(row["words"])
    }


@cache
def unit_names() -> Mapping[str, str]:
    """What a unit is called, by spelling: `rs` and `₹` are INR, `din` and `days` are day. Only units that tell."""
    return {
        word: row["name"] for row in lexicon.rows("units") if row["name"] for word in lexicon.spellings(row["words"])
    }


@cache
def _counting() -> Mapping[str, tuple[Decimal, str]]:
    """Counting words, and how sure each is: "yes", only in "hindi", or only before a "scale" word ("a lakh")."""
    return {
        word: (Decimal(row["value"]), row["sure"])
        for row in lexicon.rows("numbers")
        for word in lexicon.spellings(row["words"])
    }


def counted(word: str) -> Decimal | None:
    """What a counting word comes to, whatever else it may mean; None for any other word. Small letters."""
    value, sure = _counting().get(word, (Decimal(0), "scale"))
    return None if sure == "scale" else value


def unit_at(tokens: Sequence[Token], index: int) -> Unit | None:
    """The unit that the token there is, if it is one."""
    return units().get(tokens[index].low) if 0 <= index < len(tokens) else None


def read_number(tokens: Sequence[Token], first: int, *, hindi: bool) -> Number | None:
    """The number that begins at token `first`. `hindi` allows words that English has too ("do", "char")."""
    return _Reader(tokens, first, hindi).read()


class _Reader:
    """Adds up one number, token by token."""

    def __init__(self, tokens: Sequence[Token], first: int, hindi: bool) -> None:
        self._tokens = tokens
        self._first = self._next = first
        self._hindi = hindi
        self._total = Decimal(0)
        self._part: Decimal | None = None
        self._shift = Decimal(0)
        self._scales: list[int] = []

    def read(self) -> Number | None:
        while self._next < len(self._tokens) and self._take():
            self._next += 1
        if self._shift or (self._part is None and not self._scales):
            return None
        value = self._total + (self._part or 0)
        return Number(value, self._first, self._next, max(self._scales, default=1))

    def _take(self) -> bool:
        token = self._tokens[self._next]
        if token.kind == "number":
            return self._take_digits(token)
        if token.low in ("and", "-"):
            return self._is_joining(token)
        unit = unit_at(self._tokens, self._next)
        if unit is not None and unit.kind == "scale":
            return self._take_scale(token, int(unit.value))
        if unit is not None and unit.kind in ("multiple", "shift"):
            return self._take_fraction(unit)
        count = self._count(token)
        return count is not None and self._goes_on(digits=False) and self._take_count(count)

    def _take_digits(self, token: Token) -> bool:
        digits = token.text.replace(",", "")
        if self._part is not None or len(digits) > MOST_DIGITS or not self._goes_on(digits=True):
            return False
        self._part, self._shift = Decimal(digits) + self._shift, Decimal(0)
        return True

    def _take_count(self, count: Decimal) -> bool:
        part = self._part
        if part is None:
            self._part, self._shift = count + self._shift, Decimal(0)
        elif _joins(part, count):
            self._part = part + count
        else:
            return False
        return True

    def _take_scale(self, token: Token, scale: int) -> bool:
        if token.low in _GLUED_SCALES and not self._is_suffix(token):
            return False
        if self._part is None and not self._shift and not self._is_bare_scale():
            return False
        part = (self._part if self._part is not None else Decimal(1)) + self._shift
        if scale == _HUNDRED:
            if part >= _HUNDRED:
                return False
            self._part = part * scale
        else:
            if self._scales and scale >= self._scales[-1]:
                return False
            self._total, self._part = self._total + part * scale, None
            self._scales.append(scale)
        self._shift = Decimal(0)
        return True

    def _is_suffix(self, token: Token) -> bool:
        """Whether it is the k of "5k" or "Rs 5 K", and not of "2k26" or "Rs 500 k liye"."""
        before = self._tokens[self._next - 1] if self._next else None
        after = self._tokens[self._next + 1] if self._next + 1 < len(self._tokens) else None
        if before is None or before.kind != "number" or (after is not None and after.kind == "number"):
            return False
        if before.end == token.start:
            return True
        priced = any(unit is not None and unit.kind == "currency" for unit in map(self._unit_before, (1, 2)))
        return priced and (token.text.isupper() or not self._hindi)

    def _unit_before(self, back: int) -> Unit | None:
        return unit_at(self._tokens, self._first - back)

    def _is_bare_scale(self) -> bool:
        """Whether a scale word here counts for one of it: "sau rupaye" is a hundred rupees.

        Only at the very beginning: elsewhere the word before may be a number that was not understood.
        """
        after = unit_at(self._tokens, self._next + 1)
        return self._next == 0 and after is not None and after.kind == "currency"

    def _take_fraction(self, unit: Unit) -> bool:
        if self._part is not None or self._shift:
            return False
        if unit.kind == "shift":
            self._shift = unit.value
        else:
            self._part = unit.value
        return True

    def _count(self, token: Token) -> Decimal | None:
        """The value of a counting word; one that is another word as well counts only before a scale or a unit."""
        found = None if token.glued else _counting().get(token.low)
        if found is None:
            return None
        value, sure = found
        after = unit_at(self._tokens, self._next + 1)
        kind = after.kind if after is not None else ""
        counts = kind == "scale" or (after is not None and kind == "quantity" and after.value > 1)
        if sure == "hindi" and self._hindi:
            counts = counts or kind in ("currency", "quantity", "other")
        return value if sure == "yes" or counts else None

    def _is_joining(self, token: Token) -> bool:
        """Whether an "and" or a hyphen here joins two parts: "five hundred and fifty", "twenty-five"."""
        if self._next == self._first or self._next + 1 >= len(self._tokens):
            return False
        before, after = self._tokens[self._next - 1], self._tokens[self._next + 1]
        is_part = self._count(after) is not None or (self._is_scale(self._next + 1) and token.low == "-")
        if token.low == "-":
            return is_part and before.is_word and before.end == token.start and token.end == after.start
        return is_part and self._part is not None and _joins(self._part, Decimal(1))

    def _is_scale(self, index: int) -> bool:
        unit = unit_at(self._tokens, index)
        return unit is not None and unit.kind == "scale"

    def _goes_on(self, *, digits: bool) -> bool:
        """Whether what stands here still belongs to a number with a scale: not the 20 of "5 lakh 20 March"."""
        if not self._scales:
            return True
        after = unit_at(self._tokens, self._next + 1)
        if after is None:
            return not digits
        return after.kind in ("scale", "currency") or (not digits and after.kind not in _OTHER_KINDS)


def _joins(part: Decimal, count: Decimal) -> bool:
    """Whether a count goes on a part: "three hundred | five", "twenty | five"."""
    after_hundred = part >= _HUNDRED and part % _HUNDRED == 0
    return after_hundred or (part % _HUNDRED >= 20 and part % 10 == 0 and count < 10)
