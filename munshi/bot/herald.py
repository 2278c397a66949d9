"""Rings for what other processes wrote, where nobody rang: without Redis, or while it is of no help.

One look at the database serves everybody who waits in this process, however many windows are open.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.bell import Bell, chat_bell
from munshi.bot.store import Store
from munshi.bot.tables import transcript

LOOK_SECONDS = 1.0

_OVERLAP = 200
_MOST = 1_000
_CLOSING_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Herald:
    """Knows the last lines of all chats, and rings the chats of those that are new."""

    def __init__(self, store: Store, bell: Bell) -> None:
        self._store = store
        self._bell = bell
        self._known: frozenset[int] | None = None

    def look(self) -> None:
        """Ring where something was written since the last look. Raises SQLAlchemyError without a database."""
        ours = transcript.c.business == self._store.business
        with self._store.reading() as db:
            last = max(self._known or (0,)) or db.execute(select(func.max(transcript.c.id)).where(ours)).scalar() or 0
            # With PostgreSQL a line may be committed after one with a later number: some are looked at again.
            since = last - _OVERLAP
            query = select(transcript.c.id, transcript.c.session_id).where(ours, transcript.c.id > since)
            rows = db.execute(query.order_by(transcript.c.id.desc()).limit(_MOST)).all()
        known = self._known
        self._known = frozenset(row.id for row in rows)
        if known is not None:
            for name in {chat_bell(row.session_id) for row in rows if row.id not in known}:
                self._bell.ring_here(name)

    def run(self, stopped: threading.Event) -> None:
        """Look again and again."""
        while not stopped.is_set():
            try:
                self.look()
            except SQLAlchemyError as error:
                logger.debug("No look at what others wrote (%s)", type(error).__name__)
            stopped.wait(LOOK_SECONDS)


@contextmanager
def heralding(store: Store, bell: Bell) -> Iterator[None]:
    """Ring for what other processes write, for as long as the block runs."""
    stopped = threading.Event()
    thread = threading.Thread(target=Herald(store, bell).run, args=(stopped,), name="munshi-herald", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(_CLOSING_SECONDS)
