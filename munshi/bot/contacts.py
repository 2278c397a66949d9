"""Phone numbers, e-mail addresses and PIN codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers

from munshi.bot.spans import Span

REGION = "IN"

EMAIL = re.compile(r"(?<![\w.%+-])[A-Za-z0-9_.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w-])")

_FEWEST_DIGITS = 8
_PIN = re.compile(r"(?<![\w,./@#+-])[1-9]\d{2} ?\d{3}(?![\w@]|[,./-]\d)")
_PIN_NAMED = re.compile(r"pin|zip|postal|पिन", re.IGNORECASE)
_NEAR = 24


def find_emails(text: str) -> Iterator[Span]:
    """E-mail addresses, the domain in lower case."""
    for match in EMAIL.finditer(text):
        local, _, domain = match.group().rpartition("@")
        yield Span("email", f"{local}@{domain.lower()}", *match.span())


def find_phones(text: str) -> Iterator[Span]:
    """Valid phone numbers, Indian where no country code says otherwise, in E.164."""
    if sum(map(str.isdigit, text)) < _FEWEST_DIGITS:
        return
    for match in phonenumbers.PhoneNumberMatcher(text, REGION):
        value = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        yield Span("phone", value, match.start, match.end)


def find_pin_codes(text: str) -> Iterator[Span]:
    """Indian PIN codes: six digits, or three and three where the text speaks of one."""
    for match in _PIN.finditer(text):
        before = text[max(0, match.start() - _NEAR) : match.start()]
        if " " in match.group() and not _PIN_NAMED.search(before):
            continue
        yield Span("pin_code", match.group().replace(" ", ""), *match.span())
