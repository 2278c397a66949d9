"""A zero-shot classifier as one JSON file: its intents in words and its calibration; the encoder reads them anew."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from munshi.intents.base import IntentError
from munshi.intents.calibration import Calibration
from munshi.intents.zero_shot_model import Wanted

FILE = "zero_shot.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands in the file; `encoder` names the encoder or model it was calibrated with; empty is none."""

    encoder: str
    wanted: Wanted
    calibration: Calibration
    version: Literal[1] = 1


def write_zero_shot(folder: Path, kept: Kept) -> None:
    """Keep it in a folder, in one step: a reader sees the old file or the new. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as scratch:
        fresh = Path(scratch) / FILE
        with fresh.open("wb") as stream:
            stream.write(TypeAdapter(Kept).dump_json(kept, indent=1))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(folder / FILE)


def read_zero_shot(folder: Path, encoder: str) -> Kept:
    """What is kept in a folder for the encoder of that name, empty for none.

    Raises IntentError where it is missing, damaged, of another version, or belongs to another encoder.
    """
    path = folder / FILE
    try:
        kept = TypeAdapter(Kept).validate_json(path.read_bytes())
    except OSError as error:
        raise IntentError(f"{path} cannot be read ({error.strerror}): train the classifier again") from error
    except ValidationError as error:
        raise IntentError(f"{path} is damaged or of another version: train the classifier again") from error
    if not len(kept.wanted.intents) == len(kept.wanted.names) == len(kept.wanted.descriptions) > 0:
        raise IntentError(f"{path} is damaged: train the classifier again")
    if kept.encoder != encoder:
        made, given = kept.encoder or "none", encoder or "none"
        raise IntentError(f"the classifier was calibrated with the model {made}, not {given}: train it again")
    return kept
