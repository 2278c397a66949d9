"""`munshi serve` in a process of its own, with its pack changed beneath it."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from munshi.bot.scaffold import create_pack

LONG = 60.0


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return create_pack(tmp_path / "shop", name="Shop")


@pytest.fixture
def serving(pack: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], queue.Queue[str]]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "munshi", "serve", "--business", str(pack), "--port", port],
        env={**os.environ, "MUNSHI_HOME": str(tmp_path / "home"), "MUNSHI_ENCODER": "none"},
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=lambda stdout: [lines.put(line) for line in stdout], args=[process.stdout]).start()
    yield process, lines
    process.kill()
    process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent there")
def test_the_terminal_tells_what_was_taken_up(
    pack: Path, serving: tuple[subprocess.Popen[str], queue.Queue[str]]
) -> None:
    process, lines = serving
    assert "http://" in lines.get(timeout=LONG)
    assert "/papers" in lines.get(timeout=LONG)
    faq = pack / "knowledge" / "faq.csv"
    faq.write_text(faq.read_text(encoding="utf-8").replace("₹40", "₹75"), encoding="utf-8")
    told = lines.get(timeout=LONG)
    assert "faq.csv" in told
    assert told.count("\n") == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=LONG) == 0
