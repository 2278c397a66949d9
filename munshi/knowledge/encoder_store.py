"""Built graphs on disk: made once, checked at every start, made again where they are damaged."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from .base import EncoderError
from .weights import sha256

# Raise it when `encoder_graph` makes another graph of the same weights.
VERSION = 1


def stored_graph(home: Path, recipe: str, build: Callable[[Path], None]) -> Path:
    """The graph that `recipe` (weights, configuration, precision) stands for, built where it is not there yet.

    It lies under `home/encoders/<hash of the recipe>/<SHA-256 of the file>.onnx`. The name carries the hash, so one
    rename publishes file and hash together: a reader sees a whole graph or none, and builders that run at once each
    publish a whole one. Raises EncoderError where the folder cannot be written.
    """
    folder = home / "encoders" / hashlib.sha256(f"{VERSION} {recipe}".encode()).hexdigest()[:16]
    try:
        return _whole(folder) or _publish(folder, build)
    except OSError as error:
        raise EncoderError(
            f"the encoder cannot be kept in {folder} ({error.strerror}); free the disk or set another MUNSHI_HOME"
        ) from error


def _whole(folder: Path) -> Path | None:
    return next((file for file in sorted(folder.glob("*.onnx")) if sha256(file) == file.stem), None)


def _publish(folder: Path, build: Callable[[Path], None]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=folder) as scratch:
        fresh = Path(scratch) / "graph"
        build(fresh)
        with fresh.open("rb+") as stream:
            os.fsync(stream.fileno())
        target = folder / f"{sha256(fresh)}.onnx"
        fresh.replace(target)
    for other in folder.glob("*.onnx"):
        if other != target:
            other.unlink(missing_ok=True)
    return target
