"""`munshi models`: the versions there are, which one answers, and the way there and back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import (
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
    from munshi.intents.models import Change, ModelStore
    from munshi.intents.models_manifest import Manifest

models = typer.Typer(help="Trained models: list, show, promote, roll back.", no_args_is_help=True)

VersionArgument = Annotated[str, typer.Argument(help="The version's name, as `munshi models list` has it.")]
_BUILT_IN = "the pack's own fit"


def _store(business: str | None) -> ModelStore:
    from munshi.bot.business import find_business
    from munshi.bot.classifier import models_of

    settings = load_settings(business=business)
    return models_of(settings.business_home(find_business(settings.business).name))


@models.command("list")
def list_models(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """List the versions, oldest first; the one in use is marked."""
    with telling_faults():
        store = _store(business)
        current, rows = store.current(), [_listed(store, name) for name in store.names()]
    if as_json:
        show_json([{**row, "current": row["version"] == current} for row in rows])
    elif not rows:
        typer.echo("No models yet: `munshi train intents` makes one. Until then the pack's examples are learnt.")
    else:
        shown = ("version", "examples", "accuracy", "macro_f1", "mcc")
        marked = [("*" if row["version"] == current else "", *(_cell(row[name]) for name in shown)) for row in rows]
        show_table(("", *shown), marked)
        if current is None:
            typer.echo(f"None is promoted: {_BUILT_IN} is used.")
    for folder in [] if as_json else store.stopped():
        typer.echo(f"A training is going on or was stopped: the same command goes on from {folder}, or delete it.")


def _listed(store: ModelStore, name: str) -> dict[str, Any]:
    """A version in a line; one that is damaged is listed as such."""
    from munshi.intents.base import IntentError

    try:
        made = store.version(name).manifest
    except IntentError:
        empty = dict.fromkeys(("accuracy", "macro_f1", "mcc", "held_out"))
        return {"version": name, "examples": "damaged", **empty}
    figures = made.held_out.figures
    shares = {gated: figures and getattr(figures, gated) for gated in ("accuracy", "macro_f1", "mcc")}
    return {"version": name, "examples": made.examples, **shares, "held_out": made.held_out.method}


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


@models.command()
def show(version: VersionArgument, business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Show a version's card, and when and why it was promoted or rolled back."""
    with telling_faults():
        store = _store(business)
        found = store.version(version)
        found.verify()
        card, current = found.card(), store.current() == version
        history = [change for change in store.history() if version in (change.source, change.target)]
    if as_json:
        changes = [dataclasses.asdict(change) for change in history]
        show_json({**found.manifest.to_dict(), "current": current, "card": card, "history": changes})
        return
    typer.echo(card)
    typer.echo(f"## History\n\n{_told(found.manifest, current)}")
    for change in history:
        typer.echo(f"- {_change(change)}")


def _told(made: Manifest, current: bool) -> str:
    return f"{made.version} is {'in use' if current else 'not in use'}."


def _change(change: Change) -> str:
    said = f"{change.at}: {change.action} from {change.source or _BUILT_IN} to {change.target or _BUILT_IN}"
    forced = f" Forced: {change.reason}" if change.reason else ""
    falls = f" {'; '.join(change.falls)}." if change.falls else ""
    return f"{said}.{falls}{forced}"


@models.command()
def promote(
    version: VersionArgument,
    business: BusinessOption = None,
    tolerance: Annotated[float, typer.Option(min=0, max=1, help="How far a figure may fall.")] = 0.0,
    force: Annotated[bool, typer.Option("--force", help="Promote it though figures fall.")] = False,
    reason: Annotated[str, typer.Option(help="With --force: why; it is kept.", show_default=False)] = "",
    as_json: JsonOption = False,
) -> None:
    """Use a version from the next start on, if accuracy, macro F1 and MCC do not fall on what it held out."""
    if force != bool(reason.strip()):
        raise fault('--force and --reason "…" go together: the reason is kept in the history', WRONG_USE)
    from munshi.bot.opening import open_school
    from munshi.intents.examples import Examples
    from munshi.intents.models_gate import promote as let_through

    with telling_faults(), open_school(load_settings(business=business), progress=step) as school:
        pack = Examples.from_intents(school.business.intents)
        change = let_through(
            school.models, version, pack, school.training, tolerance=tolerance, force=" ".join(reason.split())
        )
    _show_change(change, as_json)


@models.command()
def rollback(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Go back to what the current version took over from."""
    with telling_faults():
        change = _store(business).rollback()
    _show_change(change, as_json)


def _show_change(change: Change, as_json: bool) -> None:
    if as_json:
        show_json(dataclasses.asdict(change))
    else:
        typer.echo(f"From the next start on: {change.target or _BUILT_IN}, in place of {change.source or _BUILT_IN}.")
