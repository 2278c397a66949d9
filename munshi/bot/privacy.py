"""Private pieces of a text masked: what logs, the audit and language models get to see."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable

from munshi.bot.pii import PiiSpan, find_pii
from munshi.knowledge.normalise import CleanText, clean

SHOWN = 4
"""Characters of a number that stay, so that a person can tell one from another."""

_PROMISING = re.compile(r"[0-9@]")


def pii_spans(text: str) -> tuple[PiiSpan, ...]:
    """The private pieces of a text as it was written, whatever its length."""
    cleaned = clean(text, limit=None)
    return in_source(find_pii(cleaned.text), cleaned)


def in_source(spans: Iterable[PiiSpan], cleaned: CleanText) -> tuple[PiiSpan, ...]:
    """Spans of a clean text as spans of what it was cleaned from."""
    return tuple(PiiSpan(span.kind, *cleaned.span(span.start, span.end)) for span in spans)


def mask(text: str) -> str:
    """The text with every private piece masked in its own form: "XXXX XXXX 2346", "r***@example.com".

    Idempotent. Digits of any script and with invisible characters between are seen as what they show.
    """
    if text.isascii() and not _PROMISING.search(text):
        return text
    # Digits that stay can make up a number with those behind them: once more, until none is left. A run of digits is
    # short, or masked whole (see `pii`), so there are few rounds.
    while spans := pii_spans(text):
        text = _masked(text, spans)
    return text


def _masked(text: str, spans: Iterable[PiiSpan]) -> str:
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += [text[at : span.start], _mask_one(span.kind, text[span.start : span.end])]
        at = span.end
    return "".join([*parts, text[at:]])


def _mask_one(kind: str, piece: str) -> str:
    if kind in ("email", "upi"):
        name, _, host = clean(piece).text.rpartition("@")
        return f"{name[:1]}***@{host}"
    shown = 0 if kind == "secret" else SHOWN
    hidden = sum(map(str.isalnum, piece)) - shown
    seen = 0
    chars = []
    for char in piece:
        seen += char.isalnum()
        chars.append("X" if char.isalnum() and seen <= hidden else char)
    return "".join(chars)


class MaskingFilter(logging.Filter):
    """Masks log records: message, arguments, exception and stack. Put it on handlers: a logger's filter does not see
    the records of the loggers below it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._standard = {*vars(logging.makeLogRecord({})), "message", "asctime"}

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask `record` in place, what was handed over as `extra` too, and let it pass."""
        record.msg, record.args = mask(_message(record)), None
        if record.exc_info:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            record.exc_info = None
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        if record.stack_info:
            record.stack_info = mask(record.stack_info)
        for key, value in vars(record).items():
            if key not in self._standard and isinstance(value, str):
                setattr(record, key, mask(value))
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # A wrong format string must not take down what it reports on.
        return f"{record.msg} {record.args}"
