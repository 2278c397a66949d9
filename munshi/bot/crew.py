"""The threads that answer and send in one process, from their start until all in hand is finished or given back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.app import App
from munshi.bot.interim import Interim
from munshi.bot.keeper import Keeper
from munshi.bot.roster import Roster
from munshi.bot.sender import Sender
from munshi.bot.worker import Worker

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
"""How often is looked for work that nobody rang for: by another process, or due by now."""

GRACE_SECONDS = 20.0
"""How long what is in hand may take to be finished once the crew is told to stop."""

_AFTER_FAULT = 1.0


@contextmanager
def working(app: App, *, grace: float = GRACE_SECONDS) -> Iterator[Crew]:
    """Answer and send what waits for as long as the block runs, with the threads that the settings give."""
    crew = Crew(app)
    crew.start()
    try:
        yield crew
    finally:
        crew.stop(grace)


class Crew:
    """Threads of one process: those that answer, those that send, and one that looks after both."""

    def __init__(self, app: App) -> None:
        self._bell = app.shared.bell
        self._stopped = threading.Event()
        self._finished = threading.Event()  # what is in hand is looked after until then
        self._roster = Roster(app.settings.business_home(app.business.key) / "processes")
        self._keeper = Keeper(app.store, Interim(app.store, app.outbox, app.phrases), roster=self._roster)
        self._worker = Worker(app.store, app, app.outbox.channels, self._keeper)
        sender = Sender(app.store, app.outbox.channels, self._keeper, app.metrics.sent)
        senders = app.settings.sender_threads if app.outbox.channels else 0
        self._threads = [
            *(self._thread("in", self._worker.answer_one) for _ in range(app.settings.worker_threads)),
            *(self._thread("out", sender.send_some) for _ in range(senders)),
        ]
        self._keeping = threading.Thread(
            target=self._keeper.run, args=(self._finished,), daemon=True, name="munshi-keeper"
        )

    def start(self) -> None:
        """Begin."""
        self._roster.enter()
        for thread in (*self._threads, self._keeping):
            thread.start()

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Take nothing more up, finish what is in hand within `grace` seconds, and give the rest back."""
        self._stopped.set()
        for lane in ("in", "out"):
            self._bell.ring(lane)
        ends = time.monotonic() + grace
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))
        self._finished.set()
        self._keeping.join(1)
        self._worker.close()
        try:
            left = self._keeper.give_back()
        except SQLAlchemyError as error:
            logger.warning("What was in hand is taken up by whoever comes next (%s)", type(error).__name__)
        else:
            if left:
                logger.warning("%s chats in hand were given back", left)
        self._roster.leave()

    def _thread(self, lane: str, do: Callable[[], bool]) -> threading.Thread:
        return threading.Thread(target=self._loop, args=(lane, do), daemon=True, name=f"munshi-{lane}")

    def _loop(self, lane: str, do: Callable[[], bool]) -> None:
        while not self._stopped.is_set():
            since = self._bell.heard(lane)
            try:
                found = do()
            except Exception as error:  # noqa: BLE001 - the loop outlives it; its lease gives back what was in hand
                _tell(error)
                self._stopped.wait(_AFTER_FAULT)
                continue
            if not found:
                self._bell.wait(lane, since, POLL_SECONDS)


def _tell(error: Exception) -> None:
    if isinstance(error, SQLAlchemyError):  # its text is the statement, customer's words and all
        logger.error("The database cannot be used (%s); messages wait", type(error).__name__)
    else:
        logger.exception("A worker failed")
