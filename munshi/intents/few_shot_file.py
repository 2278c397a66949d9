"""A fitted few-shot classifier as one file: arrays with a JSON header, no code, checked when read."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from munshi.intents.base import IntentError
from munshi.intents.calibration import Calibration, Thresholds
from munshi.intents.few_shot_model import FewShotModel
from munshi.intents.few_shot_views import Views
from munshi.intents.grams import GramSpace
from munshi.intents.scope import ScopeModel

FILE = "few_shot.safetensors"
# Raise it when the same examples give another model, or the same model another file.
VERSION = 5

Arrays = Mapping[str, NDArray[Any]]


def write_model(folder: Path, model: FewShotModel, calibration: Calibration, key: str) -> None:
    """Keep a model in a folder, in one step: a reader sees the old file or the new. Raises OSError."""
    space = model.space
    arrays: dict[str, NDArray[Any]] = {
        "owners": model.owners,
        "weights": model.weights,
        "idf": space.idf,
        "starts": space.starts,
        "rows": space.rows,
        "values": space.values,
    }
    if model.vectors is not None and model.views is not None:
        arrays["vectors"] = model.vectors
        arrays |= model.views.arrays()
    header = {
        "key": key,
        "encoder": model.encoder,
        "intents": model.intents,
        "texts": model.texts,
        "grams": list(space.vocabulary),
        "calibration": asdict(calibration),
    }
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    metadata = {"header": json.dumps(header), "digest": _digest(json.dumps(header), arrays)}
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as scratch:
        fresh = Path(scratch) / FILE
        save_file(arrays, fresh, metadata)
        with fresh.open("rb+") as stream:
            os.fsync(stream.fileno())
        fresh.replace(folder / FILE)


def read_model(folder: Path, key: str | None = None) -> tuple[FewShotModel, Calibration]:
    """The model kept in a folder; with `key` only if it was made from just that.

    Raises IntentError where it is missing, damaged, of another version, or made from something else.
    """
    path = folder / FILE
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except (OSError, SafetensorError) as error:
        raise IntentError(f"{path} cannot be read ({error}): train the classifier again") from error
    if metadata.get("digest") != _digest(metadata.get("header", ""), arrays):
        raise IntentError(f"{path} is damaged or of another version: train the classifier again")
    try:
        header = json.loads(metadata["header"])
        made_from, model, calibration = header["key"], _model(header, arrays), _calibration(header["calibration"])
    except (KeyError, TypeError, ValueError) as error:
        raise IntentError(f"{path} lacks a part ({error}): train the classifier again") from error
    if key is not None and made_from != key:
        raise IntentError(f"{path} was learnt from other examples: train the classifier again")
    return model, calibration


def _model(header: Mapping[str, Any], arrays: Arrays) -> FewShotModel:
    vocabulary = {gram: number for number, gram in enumerate(header["grams"])}
    return FewShotModel(
        intents=tuple(header["intents"]),
        texts=tuple(header["texts"]),
        owners=arrays["owners"],
        encoder=header["encoder"],
        views=Views.of(arrays) if "vectors" in arrays else None,
        vectors=arrays.get("vectors"),
        space=GramSpace(
            vocabulary=vocabulary,
            idf=arrays["idf"],
            starts=arrays["starts"],
            rows=arrays["rows"],
            values=arrays["values"],
            size=len(header["texts"]),
        ),
        weights=arrays["weights"],
    )


def _calibration(header: Mapping[str, Any]) -> Calibration:
    scope = ScopeModel(tuple(header["scope"]["weights"]))
    return Calibration(header["temperature"], scope, Thresholds(**header["thresholds"]))


def _digest(header: str, arrays: Arrays) -> str:
    digest = hashlib.sha256(f"{VERSION}\n{header}".encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
