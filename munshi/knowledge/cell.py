"""A spreadsheet's cell as a person reads it there."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')
_DECIMALS = re.compile(r"[0#]\.(0+)")
_LOCALE = re.compile(r"\[\$([^\]-]*)[^\]]*\]")  # [$₹-4009] is ₹ as it is written in India
_CURRENCY = re.compile(r"₹|\$|€|£|Rs\.?", re.IGNORECASE)


def written(value: object, number_format: str = "General") -> str:
    """The words for a cell's value: dates as "31 March 2027", amounts with their sign, yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        day = _day(value.date())
        return day if value.time() == time(0) else f"{day}, {value:%H:%M}"
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / 3600:g} hours"
    if isinstance(value, int | float):
        return _number(value, number_format)
    return " ".join(str(value).split())


def _day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"


def _number(value: float, number_format: str) -> str:
    first = _LOCALE.sub(r"\1", number_format.split(";")[0])
    shape = _QUOTED.sub("", first)
    decimals = len(found[1]) if (found := _DECIMALS.search(shape)) else 0
    if "%" in shape:
        return f"{round(value * 100, max(decimals, 2)):.{decimals}f}%" if decimals else f"{round(value * 100, 6):g}%"
    sign = _CURRENCY.search(first)
    text = f"{value:.{decimals}f}" if decimals and "0" in shape else _plain(value)
    if "," in shape:
        text = _grouped(text, indian=bool(sign and sign[0] not in "$€£") or "##" in shape.replace("#,##0", ""))
    return f"{sign[0]}{' ' if sign[0][-1].isalpha() or sign[0].endswith('.') else ''}{text}" if sign else text


def _plain(value: float) -> str:
    """A number without the dust of binary fractions: 0.1 + 0.2 is 0.3, 4200.0 is 4200."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.12g}"


def _grouped(text: str, *, indian: bool) -> str:
    """Thousands parted by commas, in India lakhs and crores too: 1,50,000."""
    found = re.fullmatch(r"(-?)(\d+)(\.?)(\d*)", text)
    if not found:
        return text
    sign, whole, point, rest = found.groups()
    if not indian:
        return f"{sign}{int(whole):,}{point}{rest}"
    head, tail = whole[:-3], whole[-3:]
    parts = [head[max(0, i - 2) : i] for i in range(len(head), 0, -2)][::-1]
    return f"{sign}{','.join([*parts, tail])}{point}{rest}"
