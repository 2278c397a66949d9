"""The papers a business answers from: those of its pack, and those that were added with `munshi ingest`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from munshi.bot.business import Business
from munshi.bot.pack.reading import visible
from munshi.bot.settings import Settings
from munshi.knowledge.loaders import LOADERS

Stamps = Mapping[Path, tuple[int, int, int]]
"""What shows that a file is another: when it was written, when it was put there, its size in bytes."""

_FOLDER = "papers"
_NAMED = 3


def papers_of(settings: Settings, business: Business) -> tuple[Path, ...]:
    """All the papers of a business, as its folders hold them now."""
    return (*readable(business.folder / "knowledge"), *added_papers(settings, business.key))


def added_papers(settings: Settings, key: str) -> tuple[Path, ...]:
    """The papers that were added to a business, in name order."""
    return tuple(readable(papers_folder(settings, key)))


def papers_folder(settings: Settings, key: str) -> Path:
    """Where a business's added papers lie."""
    return settings.business_home(key) / _FOLDER


def stamps(papers: Iterable[Path]) -> Stamps:
    """What shows a change of any of them without reading it."""
    found = {}
    for path in papers:
        try:
            told = path.stat()
        except OSError:
            continue  # gone since it was listed
        found[path] = (told.st_mtime_ns, told.st_ctime_ns, told.st_size)
    return found


def few(names: Sequence[str], between: str = ", ") -> str:
    """The first names, and how many more there are."""
    more = len(names) - _NAMED
    return between.join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def readable(folder: Path) -> Iterator[Path]:
    """The papers under a folder. A link that leads out of it is left where it is."""
    for path in visible(folder) if folder.is_dir() else ():
        leads_out = path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())
        if path.suffix.casefold() in LOADERS and not leads_out:
            yield path
