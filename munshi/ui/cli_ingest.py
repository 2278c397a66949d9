"""`munshi ingest`: papers into the index, what is in it, and out of it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from munshi.bot.settings import Settings, load_settings
from munshi.ui.console import (
    DONE,
    FAILED,
    WRONG_USE,
    BusinessOption,
    JsonOption,
    fault,
    show_json,
    show_table,
    step,
    telling_faults,
)

if TYPE_CHECKING:
    from munshi.bot.library import Library
    from munshi.bot.paper_adding import Added
    from munshi.bot.paper_list import ListedPaper
    from munshi.knowledge.build_report import BuildReport


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Papers or folders to add; none: take up the pack's folder.")
    ] = None,
    business: BusinessOption = None,
    list_papers: Annotated[bool, typer.Option("--list", help="Show every paper and what was read of it.")] = False,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", help="Take away a paper that was added, by its name.", metavar="NAME"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read papers into the index; unchanged ones are not read again."""
    if (bool(paths) + bool(remove) + list_papers) > 1:
        raise fault("Give papers to add, or --list, or --remove NAME: one of them at a time.", WRONG_USE)
    with telling_faults():
        settings = load_settings(business=business)
        if list_papers:
            with _opened(settings) as library:
                _show_list(library.listing(), as_json)
            return
        added, removed = _move(settings, paths or [], remove or [])
        with _opened(settings) as library:
            report = library.report
    _show_report(report, added, removed, as_json)
    raise typer.Exit(FAILED if report.skipped or added.skipped else DONE)


def _move(settings: Settings, paths: list[Path], names: list[str]) -> tuple[Added, tuple[str, ...]]:
    from munshi.bot.business import load_business
    from munshi.bot.paper_adding import Added, add_papers, remove_papers

    key = load_business(settings.business).key
    added = add_papers(settings, key, paths) if paths else Added((), (), 0)
    return added, remove_papers(settings, key, names) if names else ()


@contextmanager
def _opened(settings: Settings) -> Iterator[Library]:
    from munshi.bot.logs import start_logging
    from munshi.bot.opening import open_library
    from munshi.ui.progress import showing_progress

    start_logging(settings.log_level)
    with showing_progress() as told, open_library(settings, progress=step, told=told) as library:
        yield library


def _show_report(report: BuildReport, added: Added, removed: tuple[str, ...], as_json: bool) -> None:
    from munshi.bot.papers import few

    skipped = (*added.skipped, *report.skipped)
    if as_json:
        given = [str(path) for path in added.papers]
        told = {"skipped": skipped, "given": given, "other_files": added.other, "taken_away": removed}
        show_json({**dataclasses.asdict(report), **told})
        return
    for line in skipped:
        typer.echo(f"fault: {line}")
    if added.other:
        typer.echo(f"passed over, being of other kinds: {added.other}")
    if added.papers:
        typer.echo(f"added: {few([path.name for path in added.papers])}")
    if removed:
        typer.echo(f"taken away: {few(removed)}")
    typer.echo(f"{report.passages} passages from {report.documents} papers, {report.embedded} of them new.")


def _show_list(papers: tuple[ListedPaper, ...], as_json: bool) -> None:
    if as_json:
        show_json({"papers": [dataclasses.asdict(paper) for paper in papers]})
        return
    columns = ("paper", "from", "kind", "passages", "valid", "state")
    rows = [(p.source, p.place, p.kind or "-", p.passages, _valid(p), p.state) for p in papers]
    show_table(columns, rows)
    for line in (line for paper in papers for line in paper.faults):
        typer.echo(line)


def _valid(paper: ListedPaper) -> str:
    if not paper.passages:
        return "-"
    begins, ends = paper.valid_from, paper.valid_until
    return " ".join(filter(None, (f"from {begins}" if begins else "", f"until {ends}" if ends else ""))) or "always"
