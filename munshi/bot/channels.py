"""Which channels replies are sent over, by the settings."""

from __future__ import annotations

from collections.abc import Mapping

from munshi.bot.channel import Channel
from munshi.bot.settings import Settings


def open_channels(_settings: Settings) -> Mapping[str, Channel]:
    """Each channel that is set up, by its name; opening one makes no call."""
    return {}
