"""The least that a webhook must do, to compare ours with: look at the signature, commit one row, answer.

python -m benchmarks.load_floor DATABASE PORT

FastAPI and uvicorn as in `munshi serve`, and the driver's own SQLite in WAL with synchronous=FULL.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

from benchmarks.load_meta import SECRET
from benchmarks.turn import await_answer
from munshi.bot.whatsapp.signature import HEADER, is_signed
from munshi.ui.webhook import PATH

KEEP = "INSERT OR IGNORE INTO inbox (id, body) VALUES (?, ?)"


def create_floor(path: str) -> FastAPI:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE inbox (id TEXT PRIMARY KEY, body BLOB NOT NULL)")
    guard = threading.Lock()
    floor = FastAPI()

    def keep(body: bytes) -> None:
        message = json.loads(body)["entry"][0]["changes"][0]["value"]["messages"][0]
        with guard:
            db.execute(KEEP, (message["id"], body))

    @floor.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @floor.post(PATH)
    async def deliver(request: Request) -> Response:
        body = await request.body()
        if not is_signed(SECRET, body, request.headers.get(HEADER)):
            raise HTTPException(403)
        await run_in_threadpool(keep, body)
        return Response()

    return floor


@contextmanager
def floor(folder: Path) -> Iterator[int]:
    """The route in a process of its own, on an empty database in `folder`; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "benchmarks.load_floor", str(folder / "floor.sqlite3"), str(port)]
    process = subprocess.Popen(command)
    try:
        await_answer(f"http://127.0.0.1:{port}", process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    uvicorn.run(create_floor(sys.argv[1]), port=int(sys.argv[2]), log_level="warning", access_log=False)
