"""Whether memory and open descriptors of web and workers stay flat while messages come at an even pace.

The rules were set before any figure was looked at. The first third of the run warms up. Resident memory of each
process, sampled every few seconds in the rest, is averaged over twelve stretches, since samples that follow each other
are not independent; the slope over these is Theil and Sen's, with its interval of 95 %. Memory is flat where the upper
end of the interval, over the length of the whole run, comes to at most 2 % of what the process took after the warm-up:
not knowing is not flat, so that a run of a few minutes may fail for its noise. Descriptors do not grow where the most
in the last quarter of the run is at most four more than the most in the second. A process that ended is a failure, as
is a message that was not answered.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import theilslopes

from benchmarks.load_meta import Meta
from benchmarks.load_shop import deliver, descriptors, memory, shop
from benchmarks.load_state import opened, until_answered
from benchmarks.load_stream import stream

STRETCHES = 12
GROWTH = 0.02
MORE_OPEN = 4
_EVERY = 2.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds since the beginning, resident memory in MiB, open descriptors."""

    at: float
    mib: float
    open: int


def soak(options: argparse.Namespace, folder: Path, meta: Meta) -> bool:
    """Bring messages for so many minutes; whether memory and descriptors are flat and all is answered."""
    rate = options.rate or 5
    given = [stream(int(60 * rate), options.seed + minute) for minute in range(max(1, int(options.minutes)))]
    with shop(meta, folder, database=options.database, workers=1) as running:
        family = running.family()
        with sampling(family) as samples:
            for messages in given:
                deliver(running.port, [[one] for one in messages], rate=rate)
        same = running.family() == family
        with opened(options.database, folder) as store:
            lost = [id for messages in given for id in sorted(until_answered(store, messages))]
    print(f"{sum(map(len, given)):,} messages at {rate:g} a second, {len(lost)} not answered {lost[:5] or ''}")
    if not same:
        print("FAULT a process ended and was started again")
        return False
    verdicts = [judge(name, rows) for name, rows in zip(("web", "worker"), samples, strict=True)]
    return all(verdicts) and not lost


@contextmanager
def sampling(family: Sequence[int]) -> Iterator[list[list[Sample]]]:
    """Samples of each process, taken for as long as the block runs and the process lives."""
    samples: list[list[Sample]] = [[] for _ in family]
    ended = threading.Event()
    began = time.monotonic()

    def take() -> None:
        while not ended.wait(_EVERY):
            for rows, pid in zip(samples, family, strict=True):
                try:
                    rows.append(Sample(time.monotonic() - began, memory(pid), descriptors(pid)))
                except OSError:  # it ended
                    return

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def judge(name: str, rows: Sequence[Sample]) -> bool:
    """Print and return the verdict on one process."""
    slope, low, high, base = growth(rows)
    run = rows[-1].at / 3600
    is_flat = high * run <= GROWTH * base
    second, last = (max(row.open for row in quarter(rows, number)) for number in (1, 3))
    keeps = last <= second + MORE_OPEN
    print(
        f"{name}: {rows[0].mib:.0f} MiB at first, {base:.0f} after warming up, {rows[-1].mib:.0f} at the end; ", end=""
    )
    print(f"{slope:+.1f} MiB an hour (95 %: {low:+.1f} to {high:+.1f}), that is at most {high * run:+.1f} MiB in this ")
    print(f"    run of {60 * run:.1f} min, allowed {GROWTH * base:.1f}: {'flat' if is_flat else 'NOT FLAT'}; ", end="")
    print(f"descriptors at most {second} in the second quarter, {last} in the last: {'flat' if keeps else 'GROWING'}")
    return is_flat and keeps


def growth(rows: Sequence[Sample]) -> tuple[float, float, float, float]:
    """MiB an hour with the ends of its 95 % interval, and the MiB after the warm-up."""
    warm = [row for row in rows if row.at >= rows[-1].at / 3]
    stretches = np.array_split(np.array([(row.at / 3600, row.mib) for row in warm]), STRETCHES)
    hours, mib = np.array([stretch.mean(axis=0) for stretch in stretches if len(stretch)]).T
    slope, _, low, high = theilslopes(mib, hours, alpha=0.95)
    return float(slope), float(low), float(high), float(mib[0])


def quarter(rows: Sequence[Sample], number: int) -> Sequence[Sample]:
    """The samples of one quarter of the run, counted from nought."""
    return rows[len(rows) * number // 4 : max(1, len(rows) * (number + 1) // 4)]
