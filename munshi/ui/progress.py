"""How far the reading of papers is: a bar with rate and time left on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from munshi.bot.library import Told
from munshi.ui.console import step

_BETWEEN_LINES = 5.0


@contextmanager
def showing_progress() -> Iterator[Told]:
    """Who an update of the index is to tell; everything is shown on stderr."""
    if not sys.stderr.isatty():
        yield Told(_Lines("papers").tell, _Lines("passages").tell)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield Told(_Bar(shown, "papers").tell, _Bar(shown, "passages").tell)


class _Bar:
    """One row of the progress on a terminal, there from its first word on."""

    def __init__(self, shown: Progress, what: str) -> None:
        self._shown = shown
        self._what = what
        self._row: TaskID | None = None

    def tell(self, done: int, total: int) -> None:
        """So many are done."""
        if self._row is None:
            self._row = self._shown.add_task(f"Reading {self._what}", total=total)
        self._shown.update(self._row, completed=done, total=total)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """How many a second."""
        return Text(f"{task.speed:,.0f} a second" if task.speed else "")


class _Lines:
    """A line every few seconds, for logs and pipes; none where all is over sooner."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began = self._last = time.monotonic()
        self._first: int | None = None

    def tell(self, done: int, total: int) -> None:
        """So many are done."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._began, self._last = done, now, now
        if now - self._last >= _BETWEEN_LINES and done > self._first:
            self._last = now
            rate = (done - self._first) / (now - self._began)
            left = (total - done) / rate
            step(f"Reading {self._what}: {done:,} of {total:,}, {rate:,.0f} a second, {left:,.0f} s left")
