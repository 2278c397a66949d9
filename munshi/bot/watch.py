"""A running Munshi takes up what changes in its folders: papers and records at once, the rest when it starts again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.app import App
from munshi.bot.erasure import latest_erasure
from munshi.bot.forgetting import empty_caches
from munshi.bot.lasting import leave_alone_what_lasts
from munshi.bot.pack.reading import record_files
from munshi.bot.papers import Stamps, few, papers_folder, stamps
from munshi.handlers.base import HandlerError
from munshi.knowledge.base import KnowledgeError
from munshi.knowledge.build_report import BuildReport

LOOK_SECONDS = 5.0
"""How often the folders are looked at where the system tells of no change: a network drive's never does."""

RETRY_SECONDS = 60.0
"""How long after a failure the same is tried again."""

_CLOSING_SECONDS = 2.0
_QUIET_MS = 400
_LONGEST_MS = 5_000
_FIXED = ("business.yaml", "intents.yaml", "glossary.csv", "phrases/*.yaml", "*.py", "*/*.py")

_log = logging.getLogger(__name__)

Say = Callable[[str], None]


@contextmanager
def watching(app: App, say: Say | None = None) -> Iterator[Watcher]:
    """Watch an app's folders for as long as the block runs. What was taken up is told to `say`, or logged."""
    watcher = Watcher(app, say)
    thread = threading.Thread(target=watcher.run, name="munshi-watch", daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        watcher.stop()
        thread.join(_CLOSING_SECONDS)  # a long build is broken off with the process, and gone on with the next time


class Watcher:
    """Looks at an app's folders whenever something stirs in them, and now and then besides."""

    def __init__(self, app: App, say: Say | None = None) -> None:
        self._app = app
        self._say = say
        self._named: frozenset[str] = frozenset(app.library.report.skipped)
        self._stopped = threading.Event()
        self._records = self._stamps_of_records()
        self._fixed = self._stamps_of_fixed()
        self._retry = 0.0
        self._missing = False
        self._failed = ""
        self._database_away = False
        self._erasure = latest_erasure(app.store.engine, app.business.key)

    def run(self) -> None:
        """Look until `stop`."""
        for _ in self._stirs():
            self.look()

    def stop(self) -> None:
        """Have `run` end, within half a second unless it is taking something up."""
        self._stopped.set()

    def look(self) -> None:
        """Take up what has changed since the last look, with one line about each, and forget who was erased."""
        self._look_at_erasures()
        if not self._app.business.folder.is_dir():  # its drive is gone for a while, say: that empties no index
            self._gone()
            return
        self._missing = False
        try:
            self._look_at_fixed()
            self._look_at_records()
            if time.monotonic() >= self._retry:
                self._look_at_papers()
        except OSError as error:  # a folder went while it was gone through: the next look sees what there is
            _log.info("The folders could not be looked through (%s)", error)

    def _gone(self) -> None:
        if not self._missing:
            self._missing = True
            folder = self._app.business.folder
            self._tell(f"{folder} is not there: what it held is answered from until it is again.", logging.WARNING)

    def _look_at_erasures(self) -> None:
        try:
            latest = latest_erasure(self._app.store.engine, self._app.business.key)
        except SQLAlchemyError as error:  # a database that is busy for long: the next look tries again
            _log.info("The erasures could not be looked at (%s)", type(error).__name__)
            return
        if latest != self._erasure:
            self._erasure = latest
            empty_caches()
            self._tell("A customer was erased: what was remembered of messages is forgotten.")

    def _look_at_fixed(self) -> None:
        now = self._stamps_of_fixed()
        if now != self._fixed:
            names = _names(_changed(self._fixed, now), self._app.business.folder)
            self._fixed = now
            self._tell(f"{names} changed: start Munshi again to take it up, after `munshi check`.")

    def _look_at_records(self) -> None:
        now = self._stamps_of_records()
        if now == self._records:
            return
        try:
            tables = self._app.take_up_records()
        except HandlerError as error:
            self._fail(error)
        except SQLAlchemyError as error:  # a database that is away or busy for long: each look tries again
            if not self._database_away:
                self._database_away = True
                self._fail(error)
            return
        else:
            if tables:
                leave_alone_what_lasts()
                self._tell(f"The records are up to date: {', '.join(tables)}.")
        self._records, self._database_away = now, False

    def _look_at_papers(self) -> None:
        try:
            report = self._app.library.take_up()
        except KnowledgeError as error:
            self._retry = time.monotonic() + RETRY_SECONDS
            if str(error) != self._failed:
                self._failed = str(error)
                self._fail(error)
            return
        self._failed = ""
        if report is not None:
            leave_alone_what_lasts()  # the index that was there before need not
            self._tell(told(report, self._named))
            self._named = frozenset(report.skipped)

    def _fail(self, error: Exception) -> None:
        first = str(error).partition("\n")[0]
        self._tell(f"A change could not be taken up, what was there before stays: {first}", logging.WARNING)

    def _stirs(self) -> Iterator[None]:
        """Whenever the system tells of a change, and every few seconds: some drives' changes are never told."""
        from watchfiles import watch

        folders = [self._app.business.folder, papers_folder(self._app.settings, self._app.business.key)]
        try:
            for _ in watch(
                *(folder for folder in folders if folder.is_dir()),
                watch_filter=None,
                debounce=_LONGEST_MS,
                step=_QUIET_MS,
                stop_event=self._stopped,
                rust_timeout=int(LOOK_SECONDS * 1000),
                yield_on_timeout=True,
                ignore_permission_denied=True,
            ):
                yield
        except (OSError, RuntimeError) as error:  # the library's own error is a RuntimeError
            _log.info("No word of changes from the system (%s); looking every %s seconds", error, LOOK_SECONDS)
        while not self._stopped.wait(LOOK_SECONDS):
            yield

    def _stamps_of_records(self) -> Stamps:
        return stamps(record_files(self._app.business.folder).values())

    def _stamps_of_fixed(self) -> Stamps:
        folder = self._app.business.folder
        return stamps(path for pattern in _FIXED for path in folder.glob(pattern))

    def _tell(self, line: str, level: int = logging.INFO) -> None:
        if self._say is None:
            _log.log(level, "%s", line)
        else:
            self._say(line)


def told(report: BuildReport, named: Set[str] = frozenset()) -> str:
    """A report in one line: what changed, how much there is now, what could not be read and is not `named` yet."""
    changes = [
        f"{few(sources)} {verb}"
        for verb, sources in (("added", report.added), ("changed", report.changed), ("removed", report.removed))
        if sources
    ]
    new = f", {report.embedded} of them new" if report.embedded else ""
    faults = [fault for fault in report.skipped if fault not in named]
    wrong = f" Faults: {few(faults, ' | ')}." if faults else ""
    return f"The papers are up to date: {'; '.join((*changes, f'{report.passages} passages{new}'))}.{wrong}"


def _changed(before: Stamps, after: Stamps) -> list[Path]:
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def _names(paths: Sequence[Path], folder: Path) -> str:
    return few([path.relative_to(folder).as_posix() for path in paths])
