"""A fine-tuned classifier as a folder: graph, tokenizer, head, and a manifest that vouches for each by its SHA-256."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from munshi.intents.base import IntentError
from munshi.intents.calibration import Calibration, Thresholds
from munshi.intents.fine_tuned_model import FineTunedModel
from munshi.intents.scope import ScopeModel
from munshi.knowledge.base import EncoderError
from munshi.knowledge.files import settle
from munshi.knowledge.weights import EncoderFolder, sha256

MANIFEST = "fine_tuned.json"
GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"
HEAD = "head.safetensors"
LABELS = "labels.json"
PARTS = (GRAPH, TOKENIZER, HEAD, LABELS)
# Raise it when a folder is read in another way.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What the manifest says beside the digests: how the folder came about."""

    base: str
    seed: int
    precision: str
    agreement: float
    max_tokens: int


def write_head(folder: Path, model: FineTunedModel, calibration: Calibration, facts: Facts) -> None:
    """Complete a folder that holds the graph and the tokenizer; the manifest comes last. Raises OSError."""
    arrays = {"weights": model.weights, "bias": model.bias, "means": model.means}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / HEAD)
    labels = {"intents": model.intents, "scale": model.scale, "known": sorted(model.known)}
    (folder / LABELS).write_text(json.dumps(labels), encoding="utf-8")
    manifest = {
        "version": VERSION,
        "sha256": {name: sha256(folder / name) for name in PARTS},
        "calibration": asdict(calibration),
        **asdict(facts),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def copy_model(source: Path, folder: Path) -> None:
    """Keep a copy in a folder, which may hold other files too.

    Each file comes by a rename and the manifest last: after a stop midway the folder is whole, old or new, or is
    refused when read. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as scratch:
        for name in (*PARTS, MANIFEST):
            shutil.copyfile(source / name, Path(scratch) / name)
        settle(Path(scratch))
        for name in (*PARTS, MANIFEST):
            (Path(scratch) / name).replace(folder / name)


def read_model(folder: Path) -> tuple[FineTunedModel, Calibration, EncoderFolder]:
    """What `write_head` kept, and the folder as an encoder's. Raises IntentError where it is missing or damaged."""
    manifest = _read_json(folder / MANIFEST)
    try:
        if manifest["version"] != VERSION:
            raise IntentError(f"{folder / MANIFEST} is of another version: train the classifier again")
        _check(folder, manifest["sha256"])
        arrays, labels = load_file(folder / HEAD), _read_json(folder / LABELS)
        model = FineTunedModel(
            intents=tuple(labels["intents"]),
            weights=arrays["weights"],
            bias=arrays["bias"],
            means=arrays["means"],
            scale=labels["scale"],
            known=frozenset(labels["known"]),
        )
        return model, _calibration(manifest["calibration"]), _encoder_folder(folder, manifest["max_tokens"])
    except (KeyError, TypeError, ValueError, AttributeError, SafetensorError) as error:
        raise IntentError(f"{folder / MANIFEST} lacks a part ({error}): train the classifier again") from error


def _check(folder: Path, digests: Mapping[str, str]) -> None:
    for name in PARTS:
        try:
            whole = sha256(folder / name) == digests[name]
        except EncoderError as error:
            raise IntentError(f"{folder / name} is missing or unreadable: train the classifier again") from error
        if not whole:
            raise IntentError(f"{folder / name} is damaged or was changed: train the classifier again")


def _encoder_folder(folder: Path, max_tokens: int) -> EncoderFolder:
    return EncoderFolder(
        spec=str(folder),
        path=folder,
        name="fine_tuned",
        config={},
        pooling="mean",
        max_tokens=max_tokens,
        onnx=folder / GRAPH,
        expected={},
    )


def _calibration(kept: Mapping[str, Any]) -> Calibration:
    scope = ScopeModel(tuple(kept["scope"]["weights"]))
    return Calibration(kept["temperature"], scope, Thresholds(**kept["thresholds"]))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise IntentError(f"{path} cannot be read ({reason}): train the classifier again") from error
