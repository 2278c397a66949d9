"""Trained models, a folder a version: kept whole, checked before use, promoted and rolled back."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from munshi.intents.base import IntentError
from munshi.intents.examples import Examples
from munshi.intents.models_held_out import HeldOut, examples_from, examples_to
from munshi.intents.models_manifest import FILE, Manifest
from munshi.intents.registry import Savable, Trained, Training, loader
from munshi.knowledge.base import KnowledgeError
from munshi.knowledge.files import replace_text, settle
from munshi.knowledge.weights import sha256

WEIGHTS, EXAMPLES, HELD_OUT, CARD = "weights", "examples.json", "held_out.json", "README.md"
# The name, or its beginning, of the folder that a training works in.
WORK = ".work"
_CURRENT, _HISTORY = "current", "promotions.jsonl"
_WRITING = ".new-"
_NAME = re.compile(r"\d{8}-\d{6}-[a-z0-9_]+-[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Version:
    """A trained model in its folder."""

    folder: Path
    manifest: Manifest

    @classmethod
    def read(cls, folder: Path) -> Version:
        """The version in a folder. Raises IntentError where its description cannot be trusted."""
        return cls(folder, Manifest.read(folder))

    def verify(self) -> None:
        """Raise IntentError where a file is missing or is not what was written."""
        for name, digest in self.manifest.files.items():
            try:
                found = sha256(self.folder / name)
            except KnowledgeError as error:
                raise IntentError(f"{error}; train the model again") from error
            if found != digest:
                raise IntentError(f"{self.folder / name} is not what was trained (SHA-256): train the model again")

    def load(self, training: Training) -> Trained:
        """The classifier, once its files are verified. Raises IntentError where they, or the encoder, do not fit."""
        self.verify()
        return loader(self.manifest.recipe.classifier)(self.folder / WEIGHTS, training)

    def examples(self) -> Examples:
        """What it learnt from. Raises IntentError where the file is damaged."""
        return examples_from(self._json(EXAMPLES))

    def held_out(self) -> HeldOut:
        """What it was measured on. Raises IntentError where the file is damaged."""
        return HeldOut.from_json(self._json(HELD_OUT))

    def card(self) -> str:
        """Its model card, Markdown. Raises IntentError where it cannot be read."""
        try:
            return (self.folder / CARD).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise IntentError(f"{self.folder / CARD} cannot be read ({error})") from error

    def _json(self, name: str) -> Any:
        self.verify()
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the history: which version took over from which, None being the pack's own fit.

    `figures` are the candidate's and those of what it took over from, by name; `reason` is given where the promotion
    was forced, and `falls` names what fell.
    """

    at: str
    action: Literal["promote", "rollback"]
    source: str | None
    target: str | None
    figures: dict[str, Any]
    falls: tuple[str, ...] = ()
    reason: str = ""


class ModelStore:
    """The models of one business in one folder. One process at a time changes it; readers never wait."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The versions, oldest first; half-written ones are none."""
        found = [path.name for path in self.folder.glob("*") if _NAME.fullmatch(path.name) and (path / FILE).is_file()]
        return sorted(found)

    def version(self, name: str) -> Version:
        """The version of that name. Raises IntentError where there is none, or it is damaged."""
        if name not in self.names():
            known = ", ".join(self.names()[-3:]) or "none yet; `munshi train intents` makes one"
            raise IntentError(f"there is no model {name[:80]!r}; the latest are: {known}")
        return Version.read(self.folder / name)

    def current(self) -> str | None:
        """The version that was promoted last; None where the pack's own fit is used."""
        try:
            return (self.folder / _CURRENT).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def stopped(self) -> list[Path]:
        """The work folders of trainings that were stopped, or that are going on."""
        return sorted(self.folder.glob(f"{WORK}-*"))

    def history(self) -> list[Change]:
        """Promotions and rollbacks, oldest first; one that a crash kept from taking effect is left out."""
        changes = self._written()
        return changes[:-1] if changes and changes[-1].target != self.current() else changes

    def add(self, name: str, write: Callable[[Path], None]) -> Version:
        """Keep what `write` puts in an empty folder. Raises IntentError where that cannot be done."""
        with self._changing():
            for left in self.folder.glob(f"{_WRITING}*"):
                shutil.rmtree(left, ignore_errors=True)  # what a crash left: whoever writes holds the lock
            return write_version(self.folder / name, write)

    def promote(
        self, name: str, *, figures: dict[str, Any] | None = None, falls: tuple[str, ...] = (), reason: str = ""
    ) -> Change:
        """Make a version the current one. Raises IntentError where it is not whole, or is the current one."""
        self.version(name).verify()
        with self._changing():
            if name == self.current():
                raise IntentError(f"{name} is the current model already")
            return self._switch(Change(_now(), "promote", self.current(), name, figures or {}, falls, reason))

    def rollback(self) -> Change:
        """Go back to what the current version took over from. Raises IntentError where there is no way back."""
        with self._changing():
            current = self.current()
            if current is None:
                raise IntentError("no model is promoted: there is nothing to roll back")
            before = _stack(self._written(), current)[-2]
            if before is not None:
                self.version(before).verify()
            return self._switch(Change(_now(), "rollback", current, before, {}))

    def _switch(self, change: Change) -> Change:
        """The history first: what it tells of a change that did not come about can be seen from `current`."""
        lines = [json.dumps(asdict(one), ensure_ascii=False) for one in (*self._written(), change)]
        replace_text(self.folder / _HISTORY, "\n".join(lines) + "\n")
        replace_text(self.folder / _CURRENT, f"{change.target or ''}\n")
        return change

    def _written(self) -> list[Change]:
        path = self.folder / _HISTORY
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            return [_change(json.loads(line)) for line in lines if line.strip()]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IntentError(f"{path} cannot be read ({error}): mend it, or move it away") from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock"):
                yield
        except OSError as error:
            raise IntentError(
                f"the models cannot be kept in {self.folder} ({error.strerror or error}): check room and rights there"
            ) from error


def new_name(classifier: str) -> str:
    """A name for a version made now; names sort by the second, in UTC."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{classifier}-{secrets.token_hex(3)}"


def write_version(folder: Path, write: Callable[[Path], None]) -> Version:
    """Have `write` fill a fresh folder, then put it in place of `folder` in one step. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(4)
    fresh, old = (folder.parent / f"{_WRITING}{mark}{end}" for end in ("", "-old"))
    fresh.mkdir()
    try:
        write(fresh)
        settle(fresh)
        _replace(folder, fresh, old)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    return Version.read(folder)


def _replace(folder: Path, fresh: Path, old: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
        return
    folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        old.rename(folder)
        raise


def write_parts(folder: Path, classifier: Trained, examples: Examples, held_out: HeldOut) -> dict[str, str]:
    """Put weights and data in a folder; the SHA-256 of each file by its path. Raises IntentError and OSError."""
    if not isinstance(classifier, Savable):
        raise IntentError(f"the classifier {classifier.name} cannot be saved: there is nothing in it to keep")
    (folder / WEIGHTS).mkdir()
    classifier.save(folder / WEIGHTS)
    for name, value in ((EXAMPLES, examples_to(examples)), (HELD_OUT, held_out.to_json())):
        (folder / name).write_text(json.dumps(value), encoding="ascii")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def _stack(changes: list[Change], current: str) -> list[str | None]:
    """What was promoted over what, the current version on top; changes that never took effect are skipped."""
    stack: list[str | None] = [None]
    for change in changes:
        while len(stack) > 1 and stack[-1] != change.source:
            stack.pop()
        if change.action == "promote":
            stack.append(change.target)
        elif len(stack) > 1:
            stack.pop()
    while len(stack) > 1 and stack[-1] != current:
        stack.pop()
    return stack if stack[-1] == current else [*stack, current]


def _change(value: dict[str, Any]) -> Change:
    return Change(**{**value, "falls": tuple(value["falls"])})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
