"""What the server bears, on loopback, the load and the server sharing the machine's cores.

python -m benchmarks.load ack     [--rate 100] [--seconds 30]         acknowledgement, also while the model hangs;
                                                                      a bare route that commits one row, as a floor
python -m benchmarks.load replies [--messages 600]                    whole replies a second with 1 and 2 workers
python -m benchmarks.load storm   [--messages 50000] [--kill-every 5] duplicates, disorder, workers killed
python -m benchmarks.load soak    [--minutes 20] [--rate 5]           memory and open descriptors over time

Each takes `--database URL` (default: a SQLite file) and `--seed`. Customers' messages come as signed webhooks of
WhatsApp, replies go to a stand-in for Meta; no language model, or one that never answers. Encoder and index are those
under MUNSHI_HOME, made there the first time. Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import tempfile
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from benchmarks.load_floor import floor
from benchmarks.load_meta import Meta, Said
from benchmarks.load_shop import Shop, deliver, shop
from benchmarks.machine import describe
from munshi.bot.database import open_engine
from munshi.bot.store import Store
from munshi.bot.tables import inbox, outbox

BUSINESS = "auto-parts"
CHATS = 200
QUESTIONS = (
    "what are your timings",
    "price of brake pads for swift",
    "do you deliver outside Navi Mumbai?",
    "swift ka clutch plate hai kya",
    "mera order kab aayega",
    "क्या आप GST बिल देते हैं",
    "can I return a part that does not fit",
    "thanks",
)
DISPLACED = 12  # places by which a message may be delivered too late


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
    print(f"{'PostgreSQL' if options.database else 'SQLite'}, seed {options.seed}, {CHATS} chats")
    with tempfile.TemporaryDirectory() as folder, Meta() as meta:
        {"ack": ack, "replies": replies, "storm": storm, "soak": soak}[options.measure](options, Path(folder), meta)


def stream(count: int, seed: int) -> list[Said]:
    """Messages of many chats, each chat's a second apart; the last words of each name its place in its chat."""
    rng, run, written = random.Random(seed), uuid.uuid4().hex[:8], Counter[str]()
    begun = int(time.time()) - count
    made = []
    for number in range(count):
        phone = f"9198{int(run[:6], 16) % 10_000:04d}{rng.randrange(CHATS):04d}"
        written[phone] += 1
        text = f"{rng.choice(QUESTIONS)} ({written[phone]})"
        made.append(Said(f"wamid.{run}.{number}", phone, begun + written[phone], text))
    return made


def ack(options: argparse.Namespace, folder: Path, meta: Meta) -> None:
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


def show_waits(name: str, port: int, given: Sequence[Said], rate: float) -> None:
    spent = 1000 * np.array(deliver(port, [[one] for one in given], rate=rate))
    p50, p99, worst = np.percentile(spent, [50, 99, 100])
    print(f"{name:31} {len(given):,} messages, {rate:g} a second: ", end="")
    print(f"acknowledged in p50 {p50:.1f}, p99 {p99:.1f}, at most {worst:.0f} ms", flush=True)


def replies(options: argparse.Namespace, folder: Path, meta: Meta) -> None:
    """How many messages a second are answered and their replies handed over, once all of them wait."""
    for workers in (0, 1, 2):
        with shop(meta, folder, database=options.database, workers=workers) as running:
            given = stream(options.messages or 600, options.seed)
            used = {pid: cpu_seconds(pid) for pid in running.family()}
            own = time.process_time()
            began = time.perf_counter()
            deliver(running.port, [given[start : start + 20] for start in range(0, len(given), 20)], rate=0)
            taken_in = time.perf_counter() - began
            with opened(options, folder) as store:
                until_answered(store, given)
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


def storm(options: argparse.Namespace, folder: Path, meta: Meta) -> None:
    """Duplicates, disorder, and workers killed in the midst of it."""
    rng = random.Random(options.seed)
    given = stream(options.messages or 50_000, options.seed)
    order = [(place + rng.uniform(0, DISPLACED), one) for place, one in enumerate(given)]
    again = rng.sample(order, len(given) // 5)
    # A repetition comes after its message: what came long before those that were written before it is answered first.
    order += [(rng.uniform(place, len(given) + DISPLACED), one) for place, one in again]
    requests = [[one] for _, one in sorted(order, key=lambda placed: placed[0])]
    settle = options.settle
    with shop(meta, folder, database=options.database, workers=options.workers, settle=settle) as running:
        began = time.perf_counter()
        with killing(running, options.kill_every) as killed, opened(options, folder) as store:
            deliver(running.port, requests, rate=options.rate)
            taken_in = time.perf_counter() - began
            until_answered(store, given)
        spent = time.perf_counter() - began
        with opened(options, folder) as store:
            until_sent(store)
            faults = list(look_over(store, given, meta))
    print(f"{len(given):,} messages, {len(again):,} of them twice and up to {DISPLACED} places late: ", end="")
    print(f"taken in within {taken_in:.0f} s, answered within {spent:.0f} s")
    print(f"{len(killed)} workers killed; disorder is put right within {settle:g} s")
    print(f"parts handed over twice: {sum(n - 1 for n in Counter(meta.taken).values())} of {len(meta.taken):,}")
    for fault in faults[:20]:
        print(f"FAULT {fault}")
    print(f"{len(faults)} faults")
    raise SystemExit(1 if faults else 0)


def soak(options: argparse.Namespace, folder: Path, meta: Meta) -> None:
    """Memory and descriptors while messages come at an even pace."""
    rate = options.rate or 5
    with shop(meta, folder, database=options.database, workers=1) as running:
        rows = []
        for minute in range(int(options.minutes)):
            deliver(running.port, [[one] for one in stream(int(60 * rate), options.seed + minute)], rate=rate)
            rows.append([(memory(pid), descriptors(pid)) for pid in running.family()])
            shown = "; ".join(f"{mib:.0f} MiB, {open_} open" for mib, open_ in rows[-1])
            print(f"after {minute + 1} min (web; worker): {shown}", flush=True)
    half = len(rows) // 2
    for place, name in enumerate(("web", "worker")):
        mib = np.array([row[place][0] for row in rows])
        open_ = np.array([row[place][1] for row in rows])
        slope = np.polyfit(np.arange(half, len(rows)), mib[half:], 1)[0] if len(rows) - half > 1 else 0.0
        print(f"{name}: {mib[0]:.0f} to {mib[-1]:.0f} MiB, in the second half {slope * 60:+.1f} MiB an hour; ", end="")
        print(f"descriptors {open_[0]:.0f} to {open_[-1]:.0f}, at most {open_.max():.0f}")


# -- what is looked at -------------------------------------------------------------------------------------------------


@contextmanager
def opened(options: argparse.Namespace, folder: Path) -> Iterator[Store]:
    engine = open_engine(options.database or f"sqlite:///{folder / 'load.sqlite3'}", home=folder)
    try:
        yield Store(engine, BUSINESS)
    finally:
        engine.dispose()


def until_answered(store: Store, given: Sequence[Said]) -> None:
    run = given[0].id.rpartition(".")[0]
    mine = (inbox.c.business == BUSINESS, inbox.c.message_id.like(f"{run}.%"), inbox.c.done_at.is_not(None))
    while True:
        with store.reading() as db:
            if db.execute(select(func.count()).select_from(inbox).where(*mine)).scalar_one() >= len(given):
                return
        time.sleep(0.25)


def until_sent(store: Store) -> None:
    while True:
        with store.reading() as db:
            waiting = select(func.count()).select_from(outbox).where(outbox.c.status == "waiting")
            if not db.execute(waiting).scalar_one():
                return
        time.sleep(0.25)


def look_over(store: Store, given: Sequence[Said], meta: Meta) -> Iterator[str]:
    """Whether each message stands in its chat once, in order, with one reply, whose parts went out in order."""
    said: dict[str, list[Said]] = defaultdict(list)
    for one in given:
        said[one.phone].append(one)
    with store.reading() as db:
        chat_of = {row.message_id: row.session_id for row in db.execute(select(inbox.c.message_id, inbox.c.session_id))}
        parts = db.execute(select(outbox.c.session_id, outbox.c.ref).order_by(outbox.c.id)).all()
    refs: dict[str, list[str]] = defaultdict(list)
    for session_id, ref in parts:
        refs[session_id].append(ref)
    went: dict[str, list[str]] = defaultdict(list)
    for to, ref in dict.fromkeys(meta.taken):  # the first time that each was handed over
        went[to].append(ref)
    for phone, messages in said.items():
        chat = chat_of[messages[0].id]
        lines = store.transcript(chat, limit=1_000_000)
        wrote = [line.text for line in lines if line.role == "customer"]
        expected = [one.text for one in sorted(messages, key=lambda one: one.at)]
        if sorted(wrote) != sorted(expected):
            yield f"{phone}: {len(wrote)} messages stand in the chat, {len(expected)} were sent"
        elif wrote != expected:
            yield f"{phone}: the messages were answered in another order"
        if [line.role for line in lines] != ["customer", "bot"] * len(expected):
            yield f"{phone}: not one reply to each message"
        if went[phone] != refs[chat]:
            yield f"{phone}: the parts of the replies went out in another order, or not all of them"


@contextmanager
def killing(running: Shop, seconds: float) -> Iterator[list[int]]:
    """Kill a worker every so often for as long as the block runs."""
    killed: list[int] = []
    ended = threading.Event()

    def kill() -> None:
        while seconds and not ended.wait(seconds):
            workers = running.workers()
            if workers:
                killed.append(min(workers, key=lambda pid: (pid in killed, pid)))
                os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


@contextmanager
def silent_server() -> Iterator[str]:
    """A language model's server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def memory(pid: int) -> float:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


if __name__ == "__main__":
    main()
