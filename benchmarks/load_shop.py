"""A shop under load: `munshi serve` in a process of its own, and how it is written to."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load_meta import SECRET, Meta, Said, webhook

_START_SECONDS = 180
_GONE_SECONDS = 180
_LANES = 16


@dataclass(frozen=True, slots=True)
class Shop:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    def family(self) -> list[int]:
        """The server's process and its workers'."""
        return [self.process.pid, *self.workers()]

    def workers(self) -> list[int]:
        """The numbers of its worker processes."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid and fields[0] != "Z":
                found.append(int(stat.parent.name))
        return found

    def at_work(self) -> list[int]:
        """Those of its workers that have started and answer: they hold the file of their name open."""
        return [pid for pid in self.workers() if any("/processes/" in name for name in open_files(pid))]


@contextmanager
def shop(
    meta: Meta, folder: Path, *, database: str, workers: int, model: str = "", settle: float = 0.5
) -> Iterator[Shop]:
    """`munshi serve` on a free port, sending to `meta`; disorder is put right within `settle` seconds."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    settings = {
        "DATABASE_URL": database or f"sqlite:///{folder / 'load.sqlite3'}",
        "AUDIT_FOLDER": str(folder / "audit"),
        "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_VERIFY_TOKEN": "word",
        "WHATSAPP_TOKEN": "token",
        "WHATSAPP_PHONE_NUMBER_ID": "1",
        "WHATSAPP_API": meta.url,
        "USER_RATE": "1000000/second",
        "SETTLE_SECONDS": str(settle),
        "LLM": model or "none",
        "LOG_LEVEL": "error",
        "PORT": str(port),
    }
    environment = {**os.environ, **{f"MUNSHI_{name}": value for name, value in settings.items()}}
    process = subprocess.Popen(
        [sys.executable, "-m", "munshi", "serve", "--workers", str(workers)],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        _await(port, process)
        if workers:
            time.sleep(10)  # their start is not what is measured
        yield Shop(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise SystemExit("the server did not start")
        try:
            _request(http.client.HTTPConnection("127.0.0.1", port, timeout=2), "GET", "/healthz")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the server did not answer")


def deliver(port: int, requests: Sequence[Sequence[Said]], *, rate: float) -> list[float]:
    """Bring webhooks, `rate` a second (0: as fast as they are taken); seconds from when each was due to its 200.

    A request that is not answered with 200 is brought again, as Meta does, but not for ever: a server that takes none
    for minutes ends the run. What is late because those before it were slow counts as late.
    """
    spent = [0.0] * len(requests)
    started = time.perf_counter()
    gone = threading.Event()

    def bring(lane: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for number in range(lane, len(requests), _LANES):
            due = started + number / rate if rate else time.perf_counter()
            time.sleep(max(0.0, due - time.perf_counter()))
            body, headers = webhook(*requests[number])
            while not gone.is_set():
                try:
                    if _request(connection, "POST", "/webhooks/whatsapp", body, headers) == 200:
                        break
                except (OSError, http.client.HTTPException):
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                if time.perf_counter() - due > _GONE_SECONDS:
                    gone.set()
                time.sleep(0.2)
            spent[number] = time.perf_counter() - due

    threads = [threading.Thread(target=bring, args=(lane,)) for lane in range(_LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if gone.is_set():
        raise SystemExit(f"FAULT the server took a message for {_GONE_SECONDS} s by no 200")
    return spent


def _request(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> int:
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    response.read()
    return response.status


def memory(pid: int) -> float:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid: int) -> int:
    """Open descriptors."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def open_files(pid: int) -> list[str]:
    """What the descriptors of a process stand for; of one that has ended, nothing."""
    try:
        return [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []
