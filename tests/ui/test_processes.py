"""Worker processes: one that dies is started again, and all end in order."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from munshi.bot import turns
from munshi.bot.app import open_app
from munshi.bot.message import Message
from munshi.bot.settings import Settings
from munshi.bot.store import Store
from munshi.bot.tables import turns as turn_rows
from munshi.ui.meta_stand_in import NUMBER, TOKEN, MetaStandIn
from munshi.ui.processes import Processes
from tests.arriving import arrive
from tests.servers.language_model import LanguageModelServer

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


def worker(home: Path, *args: str, **settings: str) -> tuple[subprocess.Popen[str], queue.Queue[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "munshi", "worker", *args],
        env={**os.environ, "MUNSHI_HOME": str(home), "MUNSHI_ENCODER": "none", **settings},
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
            arrive(app.store, [Message("what are your timings", "api-1", "u1", "api", "m1")])
            until(lambda: app.store.response("m1"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=LONG) == 0
        finally:
            process.kill()
            process.wait()
        assert [line.text for line in app.pending("api-1")]


def test_an_attached_worker_gives_way_to_whoever_started_it_and_ends_with_it(tmp_path: Path) -> None:
    process, lines = worker(tmp_path, "--attached")
    assert "ready" in lines.get(timeout=LONG)
    niceness = [os.getpriority(os.PRIO_PROCESS, pid) for pid in (os.getpid(), process.pid)]
    assert niceness[0] < niceness[1]  # the web process, which messages wait for, goes first
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=LONG) == 0


@dataclass(frozen=True)
class Shop:
    """A shop on WhatsApp whose workers are processes, with a stand-in for Meta and a language model that can hang."""

    home: Path
    store: Store
    meta: MetaStandIn
    model: LanguageModelServer

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        process, lines = worker(
            self.home,
            MUNSHI_DATABASE_URL=self.store.engine.url.render_as_string(hide_password=False),
            MUNSHI_WHATSAPP_API=self.meta.address,
            MUNSHI_WHATSAPP_TOKEN=TOKEN,
            MUNSHI_WHATSAPP_PHONE_NUMBER_ID=NUMBER,
            MUNSHI_LLM=self.model.spec("openai"),
            MUNSHI_LLM_ANSWERS="always",
            MUNSHI_SETTLE_SECONDS="0",
        )
        try:
            assert "ready" in lines.get(timeout=LONG)
            yield process
        finally:
            process.kill()
            process.wait()

    def hang(self, lane: turns.Lane) -> None:
        """Have the next message stuck in its answer, or in its sending."""
        if lane == "in":
            self.model.always = "hang"
        else:
            self.meta.faults.extend(["timeout", "timeout"])  # the typing indicator's, and the reply's

    def is_stuck(self, lane: turns.Lane) -> bool:
        with self.store.reading() as db:
            held = turns.in_hand(db, self.store.business, lane, CHAT)
        return held and (bool(self.model.requests) if lane == "in" else not self.meta.faults)

    def prolong(self, lane: turns.Lane) -> None:
        """Let the lease run for so long that nothing is found by its end."""
        held = (turn_rows.c.lane == lane, turn_rows.c.token.is_not(None))
        with self.store.transaction() as db:
            db.execute(update(turn_rows).where(*held).values(due_at=datetime.now(UTC) + timedelta(hours=1)))


CHAT = "whatsapp-1"
BUSINESS = "auto-parts"


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which everything is fitted once for all workers."""
    return tmp_path_factory.mktemp("warm")


@pytest.fixture
def on_whatsapp(engine: Engine, warm: Path, language_model_server: LanguageModelServer) -> Iterator[Shop]:
    with MetaStandIn() as meta:
        yield Shop(warm, Store(engine, BUSINESS), meta, language_model_server)


@posix
@pytest.mark.parametrize("lane", ["in", "out"])
def test_what_a_killed_worker_held_is_taken_up_at_once_by_another_and_done_once(
    on_whatsapp: Shop, lane: turns.Lane
) -> None:
    shop = on_whatsapp
    shop.hang(lane)
    with shop.worker() as first:
        message = Message("do you deliver all over India?", CHAT, "919876543210", "whatsapp", "wamid.1")
        arrive(shop.store, [message])
        until(lambda: shop.is_stuck(lane))
        with shop.worker():
            shop.prolong(lane)
            first.kill()
            shop.model.always = "answer"
            until(lambda: shop.meta.sent and shop.store.response("wamid.1"))
    roles = [line.role for line in shop.store.transcript(CHAT)]
    assert (roles, len(shop.meta.sent)) == (["customer", "bot"], 1)
