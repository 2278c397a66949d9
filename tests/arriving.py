"""Messages that have come in over a channel and wait for a worker."""

from __future__ import annotations

from collections.abc import Iterable

from munshi.bot.message import Message
from munshi.bot.store import Store


def arrive(store: Store, messages: Iterable[Message]) -> list[str]:
    """Commit messages to the inbox; the ids that were not there before."""
    with store.transaction() as db:
        return store.enqueue(db, messages)
