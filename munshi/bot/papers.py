"""The papers a business answers from: those of its pack, and those that were added with `munshi ingest`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from munshi.bot.business import Business, load_business
from munshi.bot.pack.faults import Report
from munshi.bot.pack.reading import read_papers
from munshi.bot.settings import Settings
from munshi.knowledge.base import LoadError
from munshi.knowledge.loaders import LOADERS

_FOLDER = "papers"


def added_papers(settings: Settings, key: str) -> tuple[Path, ...]:
    """The papers that were added to a business, in name order."""
    folder = settings.business_home(key) / _FOLDER
    return tuple(sorted(path for path in folder.glob("*") if path.suffix.casefold() in LOADERS))


def papers_of(settings: Settings, business: Business) -> tuple[Path, ...]:
    """All the papers of a business, as its folders hold them now."""
    return (*read_papers(business.folder, Report()), *added_papers(settings, business.key))


def add_papers(settings: Settings, paths: Sequence[Path]) -> list[Path]:
    """Copy papers (files, or folders with all that can be read in them) to where the business finds them.

    A paper of the same name is replaced. Raises LoadError where one cannot be read, before any is copied.
    """
    found = [paper for path in paths for paper in _readable(path)]
    if not found:
        return []
    folder = settings.business_home(load_business(settings.business).key) / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for paper in found:
        unfinished = folder / f".{paper.name}.part"
        shutil.copyfile(paper, unfinished)
        unfinished.replace(folder / paper.name)
    return found


def _readable(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.casefold() in LOADERS and file.is_file())
        if found:
            return found
        raise LoadError(f"{path}: the folder holds nothing Munshi can read ({', '.join(LOADERS)}).")
    if not path.is_file():
        raise LoadError(f"{path}: there is no such file or folder.")
    if path.suffix.casefold() not in LOADERS:
        raise LoadError(f"{path}: Munshi cannot read {path.suffix or 'such'} files. Save it as {', '.join(LOADERS)}.")
    return [path]
