"""How a process that runs until it is told to stop is told: Ctrl-C, SIGTERM, or the end of what started it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def leaving_on_sigterm() -> Iterator[None]:
    """Leave the block in order on SIGTERM, as on Ctrl-C, instead of dying in the midst of it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may ask for signals
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    except (KeyboardInterrupt, _LeaveError):
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


class _LeaveError(BaseException):
    """Raised in the main thread on SIGTERM; nothing but `leaving_on_sigterm` may take it."""


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise _LeaveError


def tell_when_input_ends(ended: threading.Event) -> None:
    """Set `ended` once standard input is closed, which is when whoever holds its other end is gone."""

    def read() -> None:
        while os.read(0, 4096):  # not by sys.stdin, whose lock would be held when the interpreter ends
            pass
        ended.set()

    threading.Thread(target=read, name="munshi-stdin", daemon=True).start()
