"""The work folder of a fine-tuning: what it needs to go on after a stop.

It holds `fingerprint` (of data, base and settings), `checkpoints/` and, at the end, `model/`: the folder that is
served from. What belongs to another fingerprint is deleted before a training starts.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from munshi.knowledge.base import KnowledgeError
from munshi.knowledge.files import replace_text, settle
from munshi.knowledge.weights import sha256

# The file that a checkpoint is given last, once all of it is on the disk.
WHOLE = "whole"
# What of a Hugging Face folder decides what comes of it.
BASE_FILES = ("config.json", "tokenizer.json", "*.safetensors", "*.bin")


def fingerprint(version: int, data: str, base: Path, settings: dict[str, Any]) -> str:
    """SHA-256, in hex, of all that decides what comes of a training. Raises EncoderError where a file is unreadable.

    `version` is the recipe's, `data` a fingerprint of what is learnt from, `base` the folder that is started from.
    """
    files = sorted({file for pattern in BASE_FILES for file in base.glob(pattern)})
    content = [
        version,
        data,
        [[file.name, sha256(file)] for file in files],
        settings,
        [metadata.version(name) for name in ("torch", "transformers")],
    ]
    return hashlib.sha256(json.dumps(content).encode("ascii")).hexdigest()


class Work:
    """A folder that one training at a time works in; what goes wrong with it is raised as `fault`."""

    def __init__(self, folder: Path, fault: type[Exception] = KnowledgeError) -> None:
        self.checkpoints = folder / "checkpoints"
        self.model = folder / "model"
        self._folder = folder
        self._fault = fault
        self._fingerprint = folder / "fingerprint"

    @contextmanager
    def opened(self, fingerprint: str) -> Iterator[None]:
        """Keep others out, and delete what was left by another training.

        Raises the fault where the folder is in use or cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder / ".lock", timeout=0)
            with lock:
                self._start(fingerprint)
                yield
        except Timeout as error:
            raise self._fault(
                f"another training works in {self._folder}: wait for it, or give another folder"
            ) from error
        except OSError as error:
            raise self._fault(
                f"the training cannot keep its work in {self._folder} ({error.strerror or error}): "
                "free the disk, or give another folder"
            ) from error

    def last_checkpoint(self) -> Path | None:
        """The latest whole checkpoint; those that a stop left half-written are deleted."""
        found = sorted(self.checkpoints.glob("checkpoint-*"), key=_step)
        for checkpoint in found:
            if not (checkpoint / WHOLE).is_file():
                shutil.rmtree(checkpoint)
        return next((checkpoint for checkpoint in reversed(found) if checkpoint.is_dir()), None)

    def fresh_model(self) -> Path:
        """An empty folder to make the model in."""
        fresh = self.model.with_name("model.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir()
        return fresh

    def publish(self, fresh: Path) -> None:
        """Make a folder the model, in one step; the checkpoints have then done their service."""
        settle(fresh)
        if self.model.exists():
            shutil.rmtree(self.model)
        fresh.rename(self.model)
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def _start(self, fingerprint: str) -> None:
        if self._fingerprint.is_file() and self._fingerprint.read_bytes() == fingerprint.encode("ascii"):
            return
        for old in (self.checkpoints, self.model):
            if old.exists():
                shutil.rmtree(old)
        replace_text(self._fingerprint, fingerprint)


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1
