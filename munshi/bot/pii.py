"""Where a text holds what identifies a person or opens their account, and of which kind it is.

Numbers with a check digit are checked (python-stdnum): Aadhaar (Verhoeff), cards (Luhn), GSTIN (Luhn mod 36); PAN by
its make-up. What has none goes by form, and rather too much is taken than too little: a long run of digits is private
whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from stdnum import luhn
from stdnum.in_ import aadhaar, gstin, pan

from munshi.bot.contacts import EMAIL

PiiKind = Literal[
    "aadhaar", "pan", "gstin", "card", "ifsc", "upi", "email", "phone", "account", "number", "secret"
]  # fmt: skip

CARD_DIGITS = range(13, 20)
"""Lengths of a card number (ISO/IEC 7812)."""

LONG_RUN = 9
"""Digits from which on a number is masked even where nothing says what it is: bank accounts have 9 to 18."""

_MOST_DIGITS = 40
_MOST_GROUPS = 20
_AADHAAR_DIGITS = 12

_RUN = re.compile(r"\d+(?:[ .-]{1,2}\d+)*")
_LONG = re.compile(rf"(?<!\d)(?<!\d\.)\d{{{LONG_RUN},}}")  # no digits behind a decimal point: times and scores
_GROUP = re.compile(r"\d+")
_GSTIN = re.compile(r"(?<![A-Za-z0-9])\d{2} ?[A-Za-z]{5} ?\d{4} ?[A-Za-z] ?[0-9A-Za-z]{3}(?![A-Za-z0-9])")
_PAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{5}[ -]?\d{4}[ -]?[A-Za-z](?![A-Za-z0-9])")
_IFSC = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{4}0[A-Za-z0-9]{6}(?![A-Za-z0-9])")
_UPI = re.compile(r"(?<![\w.%+-])[A-Za-z0-9._-]{2,64}@[A-Za-z][A-Za-z0-9]{1,63}(?![\w@-]|\.\w)")
_PHONE = re.compile(
    r"(?<![\w.+-])(?:(?:\+|00)91[ -]{0,2}|91[ -]{0,2}|0)?(?:[6-9]\d{4}[ -]?\d{5}|[6-9]\d{2}[ -]?\d{3}[ -]?\d{4})(?!\d)"
    r"|(?<![\w.+-])\+\d{1,3}(?:[ -]?\d){7,12}(?!\d)"
    r"|(?<![\w.+-])\(?0\d{2,4}\)?[ -]{0,2}[2-7]\d{5,7}(?!\d)"
)
_SECRET = re.compile(
    r"(?:\b(?:otp|cvv2?|cvc2?|m-?pin|(?:upi|atm|card|debit|credit) pin|password|passcode|pwd)\b|ओटीपी|सीवीवी|पासवर्ड)"
    r"(?:\W{0,3}\b(?:is|was|hai|h|no|number|code|my|ka|ki|है)\b){0,3}\W{0,3}(?P<value>(?=\S{0,20}\d)[^\s,;]{3,24})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PiiSpan:
    """Something private in [start, end) of the message's own text. Its value stands nowhere else, on purpose."""

    kind: PiiKind
    start: int
    end: int


def find_pii(text: str) -> list[PiiSpan]:
    """The private pieces of a clean text, from left to right, none overlapping. Linear in its length."""
    found: list[PiiSpan] = []
    for spans in (_codes(text), _addresses(text), _numbers(text), _secrets(text)):
        taken = sorted((span.start, span.end) for span in found)
        found += _free(spans, taken)
    return sorted(found, key=lambda span: span.start)


def _free(spans: Iterator[PiiSpan], taken: list[tuple[int, int]]) -> list[PiiSpan]:
    """Those of `spans`, which come in order, that share nothing with the sorted `taken` or one another."""
    free: list[PiiSpan] = []
    at, last = 0, 0
    for span in spans:
        while at < len(taken) and taken[at][1] <= span.start:
            at += 1
        clear = at == len(taken) or taken[at][0] >= span.end
        if clear and span.start >= last:
            free.append(span)
            last = span.end
    return free


def _codes(text: str) -> Iterator[PiiSpan]:
    spans = [PiiSpan("gstin", *match.span()) for match in _GSTIN.finditer(text) if gstin.is_valid(match.group())]
    spans += [PiiSpan("pan", *match.span()) for match in _PAN.finditer(text) if pan.is_valid(match.group())]
    spans += [PiiSpan("ifsc", *match.span()) for match in _IFSC.finditer(text)]
    return iter(sorted(spans, key=lambda span: (span.start, -span.end)))


def _addresses(text: str) -> Iterator[PiiSpan]:
    if "@" not in text:
        return iter(())
    spans = [PiiSpan("email", *match.span()) for match in EMAIL.finditer(text)]
    spans += [PiiSpan("upi", *match.span()) for match in _UPI.finditer(text)]
    return iter(sorted(spans, key=lambda span: (span.start, -span.end)))


def _secrets(text: str) -> Iterator[PiiSpan]:
    for match in _SECRET.finditer(text):
        yield PiiSpan("secret", *match.span("value"))


def _numbers(text: str) -> Iterator[PiiSpan]:
    """Aadhaar and card numbers, however grouped; then phones; then any long run of digits that is left."""
    checked = [span for match in _RUN.finditer(text) for span in _checked(text, match.start(), match.end())]
    phones = _free((PiiSpan("phone", *match.span()) for match in _PHONE.finditer(text)), _places(checked))
    private = sorted([*checked, *phones], key=lambda span: span.start)
    runs = (PiiSpan("number", *match.span()) for match in _LONG.finditer(text))
    return iter(sorted([*private, *_free(runs, _places(private))], key=lambda span: span.start))


def _places(spans: list[PiiSpan]) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in spans]


def _checked(text: str, start: int, end: int) -> Iterator[PiiSpan]:
    """The card and Aadhaar numbers among neighbouring groups of digits, the leftmost longest first."""
    groups = [(match.start(), match.end()) for match in _GROUP.finditer(text, start, end)]
    if len(groups) > _MOST_GROUPS or sum(stop - begin for begin, stop in groups) > _MOST_DIGITS:
        yield PiiSpan("number", start, end)
        return
    first = 0
    while first < len(groups):
        found = _longest(text, groups, first)
        if found is None:
            first += 1
        else:
            span, first = found
            yield span


def _longest(text: str, groups: list[tuple[int, int]], first: int) -> tuple[PiiSpan, int] | None:
    for last in range(len(groups), first, -1):
        digits = "".join(text[begin:stop] for begin, stop in groups[first:last])
        kind: PiiKind | None = None
        if len(digits) == _AADHAAR_DIGITS and aadhaar.is_valid(digits):
            kind = "aadhaar"
        elif len(digits) in CARD_DIGITS and luhn.is_valid(digits):
            kind = "card"
        if kind is not None:
            return PiiSpan(kind, groups[first][0], groups[last - 1][1]), last
    return None
