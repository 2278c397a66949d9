"""Duplicates, disorder, and workers killed in the midst of their work: each message answered once, and in order.

A worker is killed only while all are at work: one that is still starting has nothing to lose, and where starts took
longer than the pause between two kills, none would ever answer. A start takes about five seconds of a core, so that on
two cores the kills come about every eight seconds and cost a third of the throughput; the server bounds the storm, not
its pace.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load_meta import Meta, Said
from benchmarks.load_shop import Shop, deliver, shop
from benchmarks.load_state import PATIENCE, look_over, opened, until_answered, until_sent
from benchmarks.load_stream import stream

DISPLACED = 12  # places by which a message may be delivered too late
_SHOWN = 20


def storm(options: argparse.Namespace, folder: Path, meta: Meta) -> bool:
    """Bring the storm, and look over what came of it; whether all is as it should be."""
    given = stream(options.messages or 50_000, options.seed)
    requests, again = disordered(given, options.seed)
    settle, workers = options.settle, options.workers
    with shop(meta, folder, database=options.database, workers=workers, settle=settle) as running:
        began = time.perf_counter()
        with killing(running, options.kill_every, workers) as killed, opened(options.database, folder) as store:
            deliver(running.port, requests, rate=options.rate)
            taken_in = time.perf_counter() - began
            lost = until_answered(store, given)
        spent = time.perf_counter() - began
        with opened(options.database, folder) as store:
            unsent = until_sent(store)
            faults = [
                *(f"{id}: not answered, and nothing went on for {PATIENCE:.0f} s" for id in sorted(lost)),
                *(f"part {ref}: not sent" for ref in sorted(unsent)),
                *look_over(store, given, meta),
            ]
    print(f"{len(given):,} messages, {again:,} of them twice and up to {DISPLACED} places late: ", end="")
    print(f"taken in within {taken_in:.0f} s, answered within {spent:.0f} s, {len(given) / spent:.1f} a second")
    print(f"{len(killed)} workers killed at work; disorder is put right within {settle:g} s")
    print(f"parts handed over twice: {sum(n - 1 for n in Counter(meta.taken).values())} of {len(meta.taken):,}")
    for fault in faults[:_SHOWN]:
        print(f"FAULT {fault}")
    print(f"{len(faults)} faults")
    return not faults


def disordered(given: Sequence[Said], seed: int) -> tuple[list[list[Said]], int]:
    """Requests of one message each: each up to twelve places late, a fifth brought again; and how many those are."""
    rng = random.Random(seed)
    order = [(place + rng.uniform(0, DISPLACED), one) for place, one in enumerate(given)]
    again = rng.sample(order, len(given) // 5)
    # A repetition comes after its message: what came long before those that were written before it is answered first.
    order += [(rng.uniform(place, len(given) + DISPLACED), one) for place, one in again]
    return [[one] for _, one in sorted(order, key=lambda placed: placed[0])], len(again)


@contextmanager
def killing(running: Shop, seconds: float, workers: int) -> Iterator[list[int]]:
    """Kill the one of so many workers that has been at work longest, every so often, while the block runs (0: none)."""
    killed: list[int] = []
    ended = threading.Event()

    def kill() -> None:
        at_work: list[int] = []
        due = time.monotonic() + seconds
        while seconds and not ended.wait(0.2):
            now_at_work = running.at_work()
            at_work = [pid for pid in at_work if pid in now_at_work]
            at_work += [pid for pid in now_at_work if pid not in at_work]
            if len(at_work) >= max(1, workers) and time.monotonic() >= due:
                killed.append(at_work.pop(0))
                os.kill(killed[-1], signal.SIGKILL)
                due = time.monotonic() + seconds

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()
