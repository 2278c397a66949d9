"""What a figure is, and which characters of a text are spoken for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

FigureKind = Literal["number", "range", "date", "time", "weekday", "code", "digits", "raw"]

_STRICT = frozenset({"percent", "th"})


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in [start, end) of a clean text. `value` is canonical: equal values are written alike.

    A number is a plain decimal, a range `low..high`, a date `2027-03-31`, `2027-03` or `--03-31`, a time minutes after
    midnight (`600/1320` where morning or evening is not said), a weekday 0 to 6 from Monday, a code or a run of digits
    without its separators. `of` is the kind of a range's ends. `before` is the word before it, which may be a code's
    letters. `least` tells that "at least" stands before it, `text` how it is written.
    """

    kind: FigureKind
    value: str
    start: int
    end: int
    unit: str = ""
    of: FigureKind = "number"
    before: str = ""
    least: bool = False
    text: str = ""

    def equals(self, other: Figure) -> bool:
        """Whether `other` says the same, or says it more fully: a day with its year, a number with its unit."""
        if {self.kind, other.kind} == {"number", "digits"}:
            return self.value == other.value
        if self.kind == "number" and other.kind == "date":
            return not self.unit and self.value == other.value[:4]
        if self.kind != other.kind or (self.kind == "range" and self.of != other.of):
            return False
        if self.kind == "date":
            return self.value == other.value or _is_part(self.value, other.value)
        if self.kind == "time":
            return not set(self.value.split("/")).isdisjoint(other.value.split("/"))
        return self.value == other.value and _agree(self.unit, other.unit)


def _is_part(value: str, whole: str) -> bool:
    """Whether `--03-31` or `2027-03` is part of `2027-03-31`."""
    is_day = value.startswith("--") and whole[4:] == value[1:] and not whole.startswith("--")
    return is_day or (len(value) == len("2027-03") and value[:2] != "--" and whole.startswith(value))


def _agree(unit: str, other: str) -> bool:
    if _STRICT & {unit, other}:
        return unit == other
    return not unit or not other or unit == other


class Taken:
    """The figures found so far in a text; a character belongs to the first that claims it."""

    def __init__(self, text: str) -> None:
        self._by = bytearray(len(text))
        self._figures: list[Figure] = []

    def add(self, figures: Iterable[Figure]) -> None:
        """Take those whose characters are free."""
        for figure in figures:
            if self.is_free(figure.start, figure.end):
                self._figures.append(figure)
                self.block(figure.start, figure.end)

    def block(self, start: int, end: int) -> None:
        """Let nothing be found there."""
        self._by[start:end] = b"\1" * (end - start)

    def is_free(self, start: int, end: int) -> bool:
        """Whether nothing claims any of it."""
        return not any(self._by[start:end])

    def figures(self) -> list[Figure]:
        """What was found, in order."""
        return sorted(self._figures, key=lambda figure: figure.start)
