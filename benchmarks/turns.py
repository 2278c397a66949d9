"""Programs in processes of their own, asked the same in turns: a busy machine slows all alike, and none the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from benchmarks.machine import memory_mib

Ways = Mapping[str, Callable[[str], object]]
"""What answers a query, by name."""
Make = Callable[..., AbstractContextManager[Ways]]
"""Opens ways to answer. It is called in the new process, so it stands at the top of a module."""


class Taken(NamedTuple):
    """Seconds by the clock and of the processor."""

    clock: float
    processor: float

    @classmethod
    def now(cls) -> Taken:
        """Both clocks."""
        return cls(time.perf_counter(), time.process_time())


class Apart:
    """What `make` opens, in a process of its own that lasts as long as the `with` block."""

    def __init__(self, make: Make, *arguments: Any) -> None:
        context = get_context("spawn")
        self._pipe, self._theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._theirs, make, arguments), daemon=True)
        self.memory: float | None = None

    def __enter__(self) -> Apart:
        self._process.start()
        self._theirs.close()
        self.names: tuple[str, ...] = self._pipe.recv()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pipe.close()
        self._process.join(timeout=10)

    def __call__(self, name: str, query: str) -> Taken:
        """What one of the ways takes for a query. Raises EOFError where the process has ended."""
        self._pipe.send((name, query))
        taken, self.memory = self._pipe.recv()
        return Taken(*taken)


def _serve(pipe: Connection, make: Make, arguments: Sequence[Any]) -> None:
    with make(*arguments) as ways:
        pipe.send(tuple(ways))
        while True:
            try:
                name, query = pipe.recv()
            except EOFError:
                return
            started = Taken.now()
            ways[name](query)
            ended = Taken.now()
            pipe.send(((ended.clock - started.clock, ended.processor - started.processor), memory_mib()))


def in_turns(
    programs: Sequence[Apart], queries: Sequence[str], *, uncounted: int, together: int = 1
) -> dict[str, list[Taken]]:
    """What each query took by each way of each program; the first `uncounted` queries are asked and not counted.

    A way's turn is `together` queries long: with one, each finds the processor's caches full of what another needed.
    """
    with ExitStack() as stack:
        opened = [stack.enter_context(program) for program in programs]
        times: dict[str, list[Taken]] = {name: [] for program in opened for name in program.names}
        for start in range(0, len(queries), together):
            for program in opened:
                for name in program.names:
                    taken = [program(name, query) for query in queries[start : start + together]]
                    times[name] += taken[max(0, uncounted - start) :]
    return times


def medians(times: Mapping[str, Sequence[Taken]]) -> dict[str, Taken]:
    """The median of each."""
    return {name: Taken(*np.median(taken, axis=0).tolist()) for name, taken in times.items()}
