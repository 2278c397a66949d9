"""Papers added to a business and taken away again: no name is taken from another, nothing is half-copied."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from rapidfuzz.process import extractOne

from munshi.bot.pack.reading import visible
from munshi.bot.papers import papers_folder, readable
from munshi.bot.settings import Settings
from munshi.knowledge.files import digest_file, replace_text
from munshi.knowledge.loaders import LOADERS, remedy

_ORIGINS = ".origins.json"


class PapersError(Exception):
    """Papers that cannot be added or removed as asked: nothing was done; the message is one line."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the papers given: `skipped` says what could not be added and why, `other` counts what in a folder
    is of a kind that cannot be read.
    """

    papers: tuple[Path, ...]
    skipped: tuple[str, ...]
    other: int


@dataclass(frozen=True, slots=True)
class _Given:
    """A file, and the name it is to have among the added papers: its path below the folder that was given."""

    path: Path
    name: str


def add_papers(settings: Settings, key: str, paths: Sequence[Path]) -> Added:
    """Copy papers (files, or folders with all that can be read in them) to where the business finds them.

    A paper given again replaces what was added from the same place. Another of the same name is left out and named,
    unless it holds the same. Raises PapersError, before any is copied, where a path holds nothing that can be read.
    """
    given = [one for path in paths for one in _given(path)]
    other = sum(_count_other(path) for path in paths)
    added, skipped = [], []
    with _alone(settings, key) as folder:
        origins = _Origins(folder)
        for one in given:
            fault = origins.clash(one) or _copy(one, folder)
            if fault:
                skipped.append(fault)
            else:
                origins.note(one)
                added.append(one.path)
        origins.save()
    return Added(tuple(added), tuple(skipped), other)


def remove_papers(settings: Settings, key: str, names: Sequence[str]) -> tuple[str, ...]:
    """Take added papers away again, by their names or the ends of their paths, and say which.

    Raises PapersError, before any is removed, where a name fits none or several.
    """
    with _alone(settings, key) as folder:
        there = {path.relative_to(folder).as_posix(): path for path in readable(folder)}
        chosen = tuple(dict.fromkeys(_named(name, tuple(there)) for name in names))
        origins = _Origins(folder)
        for name in chosen:
            there[name].unlink(missing_ok=True)
            origins.forget(name)
            _prune(there[name].parent, folder)
        origins.save()
    return chosen


class _Origins:
    """Where each added paper came from, in a file beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / _ORIGINS
        self._known = _read_names(self._file)
        # On some file systems "FAQ.csv" and "faq.csv" are one file, and accents come in two spellings.
        self._there = {_key(path.relative_to(folder).as_posix()): path for path in readable(folder)}

    def clash(self, given: _Given) -> str:
        """Why this one cannot have its name; empty where it can."""
        there = self._there.get(_key(given.name))
        origin = self._known.get(_key(given.name))
        if there is None or origin in (None, _place(given)) or _same(there, given.path):
            return ""
        return (
            f"{given.path}: another {given.name} was added from {origin}; give this one another name, or take that one "
            f"away with `munshi ingest --remove {given.name}`"
        )

    def note(self, given: _Given) -> None:
        """It is there now."""
        self._known[_key(given.name)] = _place(given)
        self._there[_key(given.name)] = self._folder / given.name

    def forget(self, name: str) -> None:
        """It is there no more."""
        self._known.pop(_key(name), None)

    def save(self) -> None:
        """Write it down."""
        replace_text(self._file, json.dumps(self._known, indent=1))


@contextmanager
def _alone(settings: Settings, key: str) -> Iterator[Path]:
    """The folder of the added papers, with what a crash left swept away; one process at a time.

    Raises PapersError where it cannot be written.
    """
    folder = papers_folder(settings, key)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            for left in folder.glob(".*.part"):
                left.unlink(missing_ok=True)
            yield folder
    except OSError as error:
        raise PapersError(
            f"{folder}: papers cannot be kept there ({error.strerror or error}); check room and rights"
        ) from error


def _given(path: Path) -> list[_Given]:
    if path.is_dir():
        found = [_Given(file, file.relative_to(path).as_posix()) for file in readable(path)]
        if not found:
            raise PapersError(f"{path}: the folder holds nothing Munshi can read ({', '.join(LOADERS)}).")
        return found
    if not path.exists():
        raise PapersError(f"{path}: there is no such file or folder.")
    if not path.is_file() or path.suffix.casefold() not in LOADERS:
        raise PapersError(f"{path}: Munshi cannot read {path.suffix or 'such'} files; {remedy(path.suffix)}.")
    return [_Given(path, path.name)]


def _count_other(path: Path) -> int:
    return sum(1 for _ in visible(path)) - sum(1 for _ in readable(path)) if path.is_dir() else 0


def _copy(given: _Given, folder: Path) -> str:
    """Put a copy among the added papers; returns what went wrong, which leaves the older one."""
    unfinished = folder / f".{secrets.token_hex(8)}.part"
    target = folder / given.name
    try:
        shutil.copyfile(given.path, unfinished)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        return f"{given.path}: cannot be copied ({error.strerror or error}); check that it can be read, and the disk"
    return ""


def _named(wanted: str, names: Sequence[str]) -> str:
    """The one added paper that is meant."""
    ends = [name for name in names if f"/{_key(name)}".endswith(f"/{_key(wanted)}")]
    exact = [name for name in ends if _key(name) == _key(wanted)]
    if len(exact or ends) == 1:
        return (exact or ends)[0]
    if ends:
        raise PapersError(f"{wanted}: there are several: {', '.join(ends)}. Say which.")
    near = extractOne(wanted, names, score_cutoff=60)
    hint = f"Did you mean {near[0]}?" if near else "`munshi ingest --list` shows them."
    raise PapersError(f"{wanted}: no paper of that name was added; those of the pack lie in its folder. {hint}")


def _prune(folder: Path, top: Path) -> None:
    """Remove folders that hold nothing any more."""
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _same(one: Path, other: Path) -> bool:
    try:
        return digest_file(one) == digest_file(other)
    except OSError:
        return False


def _place(given: _Given) -> str:
    return os.path.abspath(given.path)  # noqa: PTH100 - a link stays one, but `..` goes: it names the same place


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/")).casefold()


def _read_names(file: Path) -> dict[str, str]:
    """What `save` wrote; nothing where it is not there or damaged."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(origin) for name, origin in told.items()} if isinstance(told, dict) else {}
