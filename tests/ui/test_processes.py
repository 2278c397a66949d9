"""Worker processes: one that dies is started again, and all end in order."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from munshi.bot.app import open_app
from munshi.bot.message import Message
from munshi.bot.settings import Settings
from munshi.ui.processes import Processes

LONG = 60.0
posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no signals there")

# Ends in order on SIGTERM, and when its standard input is closed.
STAND_IN = "import sys, signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); sys.stdin.read()"


def until(true: Callable[[], object]) -> None:
    ends = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.05)


@posix
def test_a_process_that_dies_is_started_again() -> None:
    processes = Processes([sys.executable, "-c", STAND_IN], 2)
    processes.start()
    try:
        first = processes.pids
        assert len(first) == 2
        os.kill(first[0], signal.SIGKILL)
        until(lambda: len(set(processes.pids) - set(first)) == 1 and len(processes.pids) == 2)
        assert first[1] in processes.pids
    finally:
        processes.stop()
    assert processes.pids == []


def worker(home: Path, *args: str) -> tuple[subprocess.Popen[str], queue.Queue[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "munshi", "worker", *args],
        env={**os.environ, "MUNSHI_HOME": str(home), "MUNSHI_ENCODER": "none"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=lambda stdout: [lines.put(line) for line in stdout], args=[process.stdout]).start()
    return process, lines


@posix
def test_a_worker_answers_what_another_process_took_in_and_stops_in_order(tmp_path: Path) -> None:
    with open_app(Settings(home=tmp_path, encoder="none")) as app:
        process, lines = worker(tmp_path)
        try:
            assert "ready" in lines.get(timeout=LONG)
            app.receive([Message("what are your timings", "api-1", "u1", "api", "m1")])
            until(lambda: app.store.response("m1"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=LONG) == 0
        finally:
            process.kill()
            process.wait()
        assert [line.text for line in app.pending("api-1")]


def test_an_attached_worker_ends_with_whoever_started_it(tmp_path: Path) -> None:
    process, lines = worker(tmp_path, "--attached")
    assert "ready" in lines.get(timeout=LONG)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=LONG) == 0
