"""Worker processes beside the web process: started, started again where they die, and stopped in order."""

from __future__ import annotations

import atexit
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from munshi.bot.crew import GRACE_SECONDS

logger = logging.getLogger(__name__)

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

_LOOK_SECONDS = 0.5
_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 8.0
"""A process that lived so long is started again at once."""


@contextmanager
def worker_processes(count: int, business: str) -> Iterator[Processes]:
    """So many `munshi worker` processes for as long as the block runs."""
    processes = Processes([sys.executable, "-m", "munshi", "worker", "--attached", "--business", business], count)
    processes.start()
    try:
        yield processes
    finally:
        processes.stop()


def count_together() -> None:
    """Let this process and those it starts keep their counters in one folder, which goes with this one.

    To be called before anything is counted: prometheus_client looks once, when it is imported.
    """
    if MULTIPROCESS not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="munshi-metrics-")
        os.environ[MULTIPROCESS] = folder.name
        atexit.register(folder.cleanup)


class Processes:
    """Processes of one command. Each ends by itself when this one is gone: its standard input is closed then."""

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = command
        self._slots = [_Slot() for _ in range(count)]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="munshi-processes", daemon=True)

    def start(self) -> None:
        """Start them, and look after them."""
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """Have them finish or give back what they hold, and wait for it; who does not end in time is killed."""
        self._stopped.set()
        self._thread.join()
        running = [slot.process for slot in self._slots if slot.process is not None]
        for process in running:
            process.terminate()
        ends = time.monotonic() + GRACE_SECONDS + 10
        for process in running:
            try:
                process.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def pids(self) -> list[int]:
        """The numbers of those that run."""
        return [slot.process.pid for slot in self._slots if slot.process and slot.process.poll() is None]

    def _watch(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.process is not None and slot.process.poll() is not None:
                logger.error("A worker ended with status %s; it is started again", slot.process.returncode)
                steady = now - slot.started > _STEADY_SECONDS
                slot.pause = 0.0 if steady else min(_LONGEST_PAUSE, 2 * slot.pause + 1)
                slot.again, slot.process = now + slot.pause, None
            if slot.process is None and now >= slot.again:
                slot.started = now
                slot.process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


class _Slot:
    """One process, and when it may be started again."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.again = 0.0
        self.pause = 0.0
