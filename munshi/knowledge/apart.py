"""Files read in a process of their own, which may be stopped.

A small file may be made to take any time and memory: a bomb of nested archives, a drawing of a million lines. So what
is packed or drawn is read where it can do no harm but to itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from munshi.knowledge.base import LoadError
from munshi.knowledge.documents import Block, Document

SECONDS = 1_800
"""How long a file may take by the clock; its scanned pages count."""

CPU_SECONDS = 300
MEMORY = 1_500 * 1024 * 1024
MAX_ANSWER = 64 * 1024 * 1024

_DATES = ("valid_from", "valid_until", "dated")


def read_apart(path: Path, source: str, *, seconds: float = SECONDS) -> Document:
    """The document in a file, read in a process of its own within bounds of time and memory.

    Raises LoadError, as the format's loader would, or where the bounds are passed.
    """
    command = [sys.executable, "-m", "munshi.knowledge.apart_child", str(path.absolute()), source]
    paths = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment,
        start_new_session=True,
    )  # fmt: skip
    try:
        answer, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"{source}: takes over {seconds:g} seconds; split it, or save it anew") from error
    finally:
        _stop(process)
    return _document(answer, source)


def to_json(document: Document) -> str:
    """A document as one JSON text."""
    return json.dumps(asdict(document), default=date.isoformat)


def _document(answer: bytes, source: str) -> Document:
    try:
        told = json.loads(answer)
    except ValueError as error:  # it was stopped, or fell over its own limits
        raise LoadError(f"{source}: damaged, or needs too much time or memory; open it and save it again") from error
    if "error" in told:
        raise LoadError(told["error"])
    return _from_json(told)


def _from_json(told: dict[str, Any]) -> Document:
    blocks = tuple(Block(**{**block, "alternates": tuple(block["alternates"])}) for block in told["blocks"])
    dates = {name: date.fromisoformat(told[name]) if told[name] else None for name in _DATES}
    return Document(**{**told, **dates, "blocks": blocks, "faults": tuple(told["faults"])})


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process if it still runs, with what it started."""
    if process.poll() is None:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()
