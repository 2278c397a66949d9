"""The program's own log: to stderr, with private pieces masked whatever is logged, in lines or in JSON."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Literal

from munshi.bot.privacy import MaskingFilter
from munshi.bot.tracing import trace_id

_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime"})
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start_logging(level: str, form: Literal["text", "json"] = "text") -> None:
    """Log everything from `level` ("debug" to "error") up."""
    handler = logging.StreamHandler()
    handler.addFilter(MaskingFilter())
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Their lines at this level are addresses, with what stands in them.
    for name in ("httpx", "httpcore", "alembic"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


class JsonLines(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, `trace` while a message is worked on, `error`.

    What is given as `extra` stands beside them under its own names.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if trace := trace_id():
            told["trace"] = trace
        if record.exc_text:
            told["error"] = record.exc_text
        told |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        return json.dumps(told, ensure_ascii=False, default=str)
