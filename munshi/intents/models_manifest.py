"""What is written down of a trained model: enough to trust it, to load it, and to make it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from munshi.intents.base import IntentError
from munshi.intents.models_held_out import Figures, Method, sha256_of

FILE = "model.json"
# Raise it when a reader of an older one would go wrong.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a classifier is trained, beside its examples and its encoder; `base` is a folder's full path."""

    classifier: str
    seed: int = 0
    base: str | None = None
    false_accept: float = 0.01


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures on texts held out, how they were held out, and the SHA-256 of those texts with their labels."""

    method: Method
    figures: Figures | None
    note: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A version. `labels` holds the number of examples by label, `languages` by language; `files` SHA-256 by path.

    `business` is the key of the pack whose preprocessing the texts go through, None where they are taken as they
    stand. `created` is in UTC. `code` is the version of the classifier's own file format, None where it has none.
    """

    version: str
    created: str
    recipe: Recipe
    encoder: str
    business: str | None
    labels: Mapping[str, int]
    out_of_scope: int
    languages: Mapping[str, int]
    data_sha256: str
    held_out: Measured
    thresholds: Mapping[str, Any]
    munshi: str
    code: int | None
    command: str
    files: Mapping[str, str]

    @property
    def examples(self) -> int:
        """How many examples in scope it learnt from."""
        return sum(self.labels.values())

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {"format": FORMAT, **asdict(self)}

    def write(self, folder: Path) -> None:
        """Write it, with a digest of itself. Raises OSError."""
        value = self.to_dict()
        text = json.dumps({**value, "digest": sha256_of(value)}, ensure_ascii=False, indent=2)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """What `write` wrote. Raises IntentError where it is missing, damaged, or of another format."""
        path = folder / FILE
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            digest = value.pop("digest")
            if value.pop("format") != FORMAT:
                raise IntentError(f"{path} was written by another version of Munshi: train the model again")
            if digest != sha256_of({"format": FORMAT, **value}):
                raise IntentError(f"{path} was changed by hand or damaged: train the model again")
            return _manifest(value)
        except OSError as error:
            raise IntentError(f"{path} cannot be read ({error.strerror}): train the model again") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IntentError(f"{path} is no model's description ({error}): train the model again") from error


def _manifest(value: dict[str, Any]) -> Manifest:
    held_out = value.pop("held_out")
    figures = held_out.pop("figures")
    measured = Measured(figures=None if figures is None else Figures(**figures), **held_out)
    return Manifest(recipe=Recipe(**value.pop("recipe")), held_out=measured, **value)
