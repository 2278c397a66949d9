"""The program's own log: to stderr, with private pieces masked whatever is logged."""

from __future__ import annotations

import logging

from munshi.bot.privacy import MaskingFilter

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start_logging(level: str) -> None:
    """Log everything from `level` ("debug" to "error") up."""
    handler = logging.StreamHandler()
    handler.addFilter(MaskingFilter())
    logging.basicConfig(level=level.upper(), format=_FORMAT, handlers=[handler], force=True)
