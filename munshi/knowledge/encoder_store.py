"""Built graphs on disk: made once, checked at every start, made again where they are damaged."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from munshi.knowledge.base import EncoderError
from munshi.knowledge.weights import EncoderFolder, Precision, sha256

Builder = Literal["encoder_build", "cross_encoder_build"]

# Raise it when `encoder_graph` or `encoder_int8` makes another graph of the same weights.
VERSION = 4
# How `encoder_build` ends where the model is at fault, its last line on stderr saying how.
REFUSED = 3


def graph_key(folder: EncoderFolder, precision: Precision) -> str:
    """What a graph and the vectors it gives are known by: 16 hexadecimal digits."""
    return hashlib.sha256(f"{VERSION} {folder.recipe(precision)}".encode()).hexdigest()[:16]


def stored_graph(home: Path, key: str, build: Callable[[Path], None]) -> Path:
    """The graph `home/encoders/<key>/<SHA-256 of the file>.onnx`, built where it is not there whole.

    The name carries the hash, so one rename publishes file and hash together: a reader sees a whole graph or none, and
    builders that run at once each publish a whole one. Raises EncoderError where the folder cannot be written.
    """
    folder = home / "encoders" / key
    try:
        return _whole(folder) or _publish(folder, build)
    except OSError as error:
        raise EncoderError(
            f"the encoder cannot be kept in {folder} ({error.strerror}); free the disk or set another MUNSHI_HOME"
        ) from error


def build_apart(
    folder: EncoderFolder, target: Path, precision: Precision, *, builder: Builder = "encoder_build"
) -> None:
    """Write the folder's graph to `target`, in a process of its own. Raises EncoderError with what that said."""
    command = [sys.executable, "-P", "-m", f"munshi.knowledge.{builder}", folder.spec, str(target), precision]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}
    child = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace"
    )
    if child.returncode == 0:
        return
    said = (child.stderr.strip().splitlines() or ["nothing said"])[-1]
    if child.returncode == REFUSED:
        raise EncoderError(said)
    raise EncoderError(
        f"building the encoder {folder.name} broke off (exit code {child.returncode}: {said}); "
        "free some memory, or copy the model's folder again"
    )


def _whole(folder: Path) -> Path | None:
    return next((file for file in sorted(folder.glob("*.onnx")) if sha256(file) == file.stem), None)


def _publish(folder: Path, build: Callable[[Path], None]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=folder) as scratch:
        fresh = Path(scratch) / "graph"
        build(fresh)
        with fresh.open("rb+") as stream:
            os.fsync(stream.fileno())
        for file in folder.glob("*.onnx"):
            if sha256(file) != file.stem:
                file.unlink(missing_ok=True)
        target = folder / f"{sha256(fresh)}.onnx"
        if not target.exists():  # else another builder was first, and may have it open
            fresh.replace(target)
    return target
