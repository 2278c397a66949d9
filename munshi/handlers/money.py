"""Money, counted in paise and written as people in India write it."""

from __future__ import annotations

import re
from decimal import Decimal

MAX_RUPEES = 999_999_999_999


def to_paise(rupees: str) -> int:
    """Rupees in digits ("1250", "1250.50") to paise. Raises ValueError on anything else: money is never guessed at."""
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,2})?", rupees):
        raise ValueError(f"'{rupees[:40]}' is not an amount; write rupees as in 1250 or 1250.50")
    return int(Decimal(rupees) * 100)


def grouped(whole: int) -> str:
    """A whole number with Indian grouping: three digits, then twos (12,34,567)."""
    sign, digits = ("-", str(-whole)) if whole < 0 else ("", str(whole))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)][::-1]
    return sign + ",".join([*pairs, tail])


def money(paise: int, currency: str = "INR") -> str:
    """An amount as a customer reads it: ₹1,00,000, ₹1,250.50; other currencies by code, USD 1,250.50."""
    sign = "-" if paise < 0 else ""
    whole, rest = divmod(abs(paise), 100)
    cents = f".{rest:02d}" if rest else ""
    if currency == "INR":
        return f"{sign}₹{grouped(whole)}{cents}"
    return f"{sign}{currency} {whole:,}{cents}"
