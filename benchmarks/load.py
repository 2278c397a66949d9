"""What the server bears, on loopback, the load and the server sharing the machine's cores.

python -m benchmarks.load ack     [--rate 100] [--seconds 30]         acknowledgement, also while the model hangs;
                                                                      a bare route that commits one row, as a floor
python -m benchmarks.load replies [--messages 600]                    whole replies a second with 1 and 2 workers
python -m benchmarks.load storm   [--messages 50000] [--kill-every 5] duplicates, disorder, workers killed
python -m benchmarks.load soak    [--minutes 20] [--rate 5]           memory and open descriptors over time

The last two exit with 1 where a message was lost, doubled or out of its order, and where memory or descriptors are not
flat (`load_soak` says by which rule); what makes no progress for three minutes counts as lost.

Each takes `--database URL` (default: a SQLite file) and `--seed`. Customers' messages come as signed webhooks of
WhatsApp, replies go to a stand-in for Meta; no language model, or one that never answers. Encoder and index are those
under MUNSHI_HOME, made there the first time. Needs Linux.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.load_floor import floor
from benchmarks.load_meta import Meta, Said
from benchmarks.load_shop import cpu_seconds, deliver, shop
from benchmarks.load_soak import soak
from benchmarks.load_state import PATIENCE, opened, until_answered
from benchmarks.load_storm import storm
from benchmarks.load_stream import CHATS, stream
from benchmarks.machine import describe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measure", choices=("ack", "replies", "storm", "soak"))
    parser.add_argument("--database", default="", help="SQLAlchemy URL of an empty database")
    parser.add_argument("--rate", type=float, default=0, help="messages a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--kill-every", type=float, default=5)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--settle", type=float, default=5, help="seconds in which disorder is put right (storm)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(describe(("sqlalchemy", "psycopg", "uvicorn")))
    kind = "PostgreSQL" if options.database else "SQLite"
    print(f"{kind}, seed {options.seed}, {CHATS} chats; {' '.join(sys.argv[1:])}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Meta() as meta:
        measure = {"ack": ack, "replies": replies, "storm": storm, "soak": soak}[options.measure]
        good = measure(options, Path(folder), meta)
    raise SystemExit(0 if good else 1)


def ack(options: argparse.Namespace, folder: Path, meta: Meta) -> bool:
    """How soon a message is acknowledged."""
    rate = options.rate or 100
    with floor(folder) as port:
        show_waits("bare route, one row in SQLite", port, stream(int(rate * options.seconds), options.seed), rate)
    for model in ("none", "one that hangs"):
        with silent_server() as url:
            llm = "" if model == "none" else f"openai:stuck@{url}/v1"
            with shop(meta, folder, database=options.database, workers=1, model=llm) as running:
                deliver(running.port, [[one] for one in stream(50, options.seed)], rate=20)
                given = stream(int(rate * options.seconds), options.seed)
                show_waits(f"language model: {model}", running.port, given, rate)
    return True


def show_waits(name: str, port: int, given: Sequence[Said], rate: float) -> None:
    spent = 1000 * np.array(deliver(port, [[one] for one in given], rate=rate))
    p50, p99, worst = np.percentile(spent, [50, 99, 100])
    print(f"{name:31} {len(given):,} messages, {rate:g} a second: ", end="")
    print(f"acknowledged in p50 {p50:.1f}, p99 {p99:.1f}, at most {worst:.0f} ms", flush=True)


def replies(options: argparse.Namespace, folder: Path, meta: Meta) -> bool:
    """How many messages a second are answered and their replies handed over, once all of them wait."""
    all_lost = 0
    for workers in (0, 1, 2):
        with shop(meta, folder, database=options.database, workers=workers) as running:
            given = stream(options.messages or 600, options.seed)
            used = {pid: cpu_seconds(pid) for pid in running.family()}
            own = time.process_time()
            began = time.perf_counter()
            deliver(running.port, [given[start : start + 20] for start in range(0, len(given), 20)], rate=0)
            taken_in = time.perf_counter() - began
            with opened(options.database, folder) as store:
                lost = until_answered(store, given)
            spent = time.perf_counter() - began
            each = [1000 * (cpu_seconds(pid) - before) / len(given) for pid, before in used.items()]
            each.append(1000 * (time.process_time() - own) / len(given))
        name = f"{workers} worker processes" if workers else "the web process alone"
        print(f"{name}: {len(given):,} taken in within {taken_in:.1f} s, ", end="")
        print(f"answered and sent within {spent:.1f} s: {len(given) / spent:.1f} a second")
        print(
            f"    processor ms a message (web; workers; load and Meta): {'; '.join(f'{ms:.1f}' for ms in each)}",
            flush=True,
        )
        if lost:
            print(f"FAULT {len(lost)} not answered, and nothing went on for {PATIENCE:.0f} s: {sorted(lost)[:5]}")
        all_lost += len(lost)
    return not all_lost


@contextmanager
def silent_server() -> Iterator[str]:
    """A language model's server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


if __name__ == "__main__":
    main()
