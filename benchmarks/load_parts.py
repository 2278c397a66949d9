"""Where the time of one whole reply goes: one message after the other in this process, by one thread.

python -m benchmarks.load_parts [--messages 200] [--database URL] [--seed 1]

A webhook's request is taken in, answered without a language model and its reply handed to a stand-in for Meta. Each
part's own time is counted, without that of the parts within it. The database is a SQLite file (WAL, synchronous=FULL),
or that of `--database`, which must be empty. Encoder and index are those under MUNSHI_HOME.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load_meta import SECRET, Meta, Said, webhook
from benchmarks.load_stream import BUSINESS, stream
from benchmarks.machine import describe
from munshi.bot.app import App, open_app
from munshi.bot.audit import Audit
from munshi.bot.keeper import Keeper
from munshi.bot.preprocess import Preprocessor
from munshi.bot.sender import Sender
from munshi.bot.settings import Settings, load_settings
from munshi.bot.whatsapp.client import WhatsApp
from munshi.bot.whatsapp.signature import HEADER
from munshi.bot.worker import Worker
from munshi.knowledge.encoder_onnx import OnnxEncoder
from munshi.ui.webhook import MetaDoor, meta_door

WARM_UP = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--database", default="", help="SQLAlchemy URL of an empty database")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(describe(("sqlalchemy", "psycopg", "onnxruntime", "httpx")))
    with tempfile.TemporaryDirectory() as folder, Meta() as meta:
        settings = settings_for(Path(folder), options.database, meta.url)
        clock = measure(settings, stream(WARM_UP + options.messages, options.seed))
    print(f"\n{'PostgreSQL' if options.database else 'SQLite'}, seed {options.seed}, {options.messages} messages")
    show(clock, options.messages)


class Clock:
    """Seconds and calls by part."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._inner: list[float] = []

    def of(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, timed as `part`."""

        @functools.wraps(call)
        def timed(*args: Any, **more: Any) -> Any:
            started = time.perf_counter()
            self._inner.append(0.0)
            try:
                return call(*args, **more)
            finally:
                spent = time.perf_counter() - started
                self.seconds[part] += spent - self._inner.pop()
                self.calls[part] += 1
                if self._inner:
                    self._inner[-1] += spent

        return timed

    def clear(self) -> None:
        """Begin anew."""
        self.seconds.clear()
        self.calls.clear()


def measure(settings: Settings, written: Sequence[Said]) -> Clock:
    """Take in, answer and send each message, and count where the time goes."""
    clock = Clock()
    with open_app(settings) as app, _timed(app, clock):
        door = meta_door(app)
        assert door is not None
        keeper = Keeper(app.store)
        worker = Worker(app.store, app, app.outbox.channels, keeper)
        sender = Sender(app.store, app.outbox.channels, keeper)
        steps = {
            "taking in": functools.partial(_take, door),
            "answering": lambda _one: worker.answer_one(),
            "sending": lambda _one: sender.send_some(),
        }
        timed = [clock.of(f"{name}, the rest", step) for name, step in steps.items()]
        for number, one in enumerate(written):
            if number == WARM_UP:
                clock.clear()
            for step in timed:
                step(one)
        worker.close()
    return clock


def show(clock: Clock, messages: int) -> None:
    whole = sum(clock.seconds.values())
    print(f"  {whole / messages * 1000:.1f} ms a message, by one thread:")
    for part, seconds in clock.seconds.most_common():
        calls = clock.calls[part] / messages
        print(f"    {part:<22} {seconds / messages * 1000:6.2f} ms  {seconds / whole:4.0%}  {calls:5.1f} calls")


def _take(door: MetaDoor, one: Said) -> None:
    body, headers = webhook(one)
    assert door.is_meta(body, headers[HEADER])
    door.take(body)


@contextmanager
def _timed(app: App, clock: Clock) -> Iterator[None]:
    dialect = type(app.store.engine.dialect)
    parts = [
        ("classifier", type(app.classifier), "classify"),
        ("answers from papers", type(app.library), "ask"),
        ("preprocessing", Preprocessor, "__call__"),
        ("audit", Audit, "append"),
        ("SQL statements", dialect, "do_execute"),
        ("SQL commits", dialect, "do_commit"),
        ("calls of Meta", WhatsApp, "send"),
        ("encoder", OnnxEncoder, "encode_states"),
    ]
    with ExitStack() as stack:
        for part, owner, name in parts:
            stack.enter_context(_replaced(owner, name, clock.of(part, getattr(owner, name))))
        yield


@contextmanager
def _replaced(owner: type, name: str, call: Callable[..., Any]) -> Iterator[None]:
    inherited = name not in vars(owner)
    before = getattr(owner, name)
    setattr(owner, name, call)
    try:
        yield
    finally:
        if inherited:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def settings_for(folder: Path, database: str, api: str) -> Settings:
    """Of a shop on WhatsApp whose Meta is at `api`."""
    return load_settings(
        business=BUSINESS,
        database_url=database or f"sqlite:///{folder / 'parts.sqlite3'}",
        audit_folder=folder / "audit",
        llm="none",
        user_rate="",
        settle_seconds=0,
        whatsapp_api=api,
        whatsapp_token="token",
        whatsapp_phone_number_id="1",
        whatsapp_app_secret=SECRET,
        whatsapp_verify_token="word",
    )


if __name__ == "__main__":
    main()
