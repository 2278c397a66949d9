"""The trace id of the message at hand, which every line of the log carries while it is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_trace: ContextVar[str] = ContextVar("munshi_trace", default="")


@contextmanager
def tracing(trace: str) -> Iterator[None]:
    """Have what is logged in the block carry `trace`."""
    token = _trace.set(trace)
    try:
        yield
    finally:
        _trace.reset(token)


def trace_id() -> str:
    """The id of the message that this thread works on; empty where it works on none."""
    return _trace.get()
