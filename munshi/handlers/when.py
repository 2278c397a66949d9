"""Days and times as a customer reads them, the same in every language and whatever the machine's locale."""

from __future__ import annotations

from datetime import date, time

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(value: date) -> str:
    """24 Nov 2026."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def clock(value: time) -> str:
    """10 am, 8:30 pm."""
    half = "am" if value.hour < 12 else "pm"
    hour = value.hour % 12 or 12
    return f"{hour}:{value.minute:02d} {half}" if value.minute else f"{hour} {half}"
