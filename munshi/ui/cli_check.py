"""`munshi check`: what is wrong with a pack, or with a file of training data, before a customer finds out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.ui.cli_training import encoder_of
from munshi.ui.console import (
    DONE,
    FAILED,
    WRONG_USE,
    BusinessOption,
    JsonOption,
    fault,
    show_json,
    telling_faults,
)

if TYPE_CHECKING:
    from munshi.bot.business import Fault
    from munshi.intents.data_rows import Finding
    from munshi.knowledge.base import Encoder


def check(
    folder: Annotated[str | None, typer.Argument(help="The pack to check.", show_default=False)] = None,
    business: BusinessOption = None,
    train: Annotated[
        Path | None, typer.Option(help="Check this CSV or TSV of training data instead.", show_default=False)
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Its test data: what stands in both is told.", show_default=False)
    ] = None,
    oos_label: Annotated[str | None, typer.Option(help="The label of what fits no intent.", show_default=False)] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="Find examples that mean the same in other words, with this encoder.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List every fault of a pack or of training data, with file, line and remedy; status 1 where one is an error."""
    if train is None and (test or oos_label or encoder):
        raise fault("--test, --oos-label and --encoder go with --train FILE.csv: name the training data", WRONG_USE)
    if train is not None and (folder or business):
        raise fault("a pack and --train cannot be checked in one go: call twice", WRONG_USE)
    if train is None:
        _check_pack(folder or business, as_json)
    else:
        _check_data(train, test, oos_label, encoder, as_json)


def _check_pack(business: str | None, as_json: bool) -> None:
    from munshi.bot.business import check_business, find_business

    with telling_faults():
        path = find_business(business or load_settings().business)
        faults = check_business(path)
    errors = _errors(faults)
    if as_json:
        listed = [dataclasses.asdict(found) for found in faults]
        show_json({"business": path.name, "ok": not errors, "errors": errors, "faults": listed})
    else:
        _show(path.name, faults, errors, len(faults))
    raise typer.Exit(FAILED if errors else DONE)


def _check_data(train: Path, test: Path | None, oos_label: str | None, encoder: str | None, as_json: bool) -> None:
    from munshi.intents.data_check import capped

    with telling_faults():
        findings = _findings(train, test, oos_label, encoder_of(encoder) if encoder else None)
    errors = _errors(findings)
    if as_json:
        listed = [dataclasses.asdict(found) for found in findings]
        show_json({"train": str(train), "ok": not errors, "errors": errors, "faults": listed})
    else:
        name = train.name if test is None else f"{train.name} and {test.name}"
        _show(name, _faults(capped(findings)), errors, len(findings))
    raise typer.Exit(FAILED if errors else DONE)


def _faults(findings: Iterable[Finding]) -> list[Fault]:
    from munshi.bot.business import Fault

    return [Fault(found.severity, found.file, found.line, found.message, found.remedy) for found in findings]


def _findings(train: Path, test: Path | None, oos_label: str | None, encoder: Encoder | None) -> list[Finding]:
    from munshi.bot.pack.examples import kinds_of_pii
    from munshi.intents.data_check import check_data
    from munshi.intents.data_rows import read_rows

    taught, unread = read_rows(train)
    asked, untested = ([], []) if test is None else read_rows(test)
    found = check_data(taught, asked, find_pii=kinds_of_pii, encoder=encoder, oos_label=oos_label)
    return [*unread, *untested, *found]


def _errors(found: Sequence[Fault] | Sequence[Finding]) -> int:
    return sum(each.severity == "error" for each in found)


def _show(name: str, told: Iterable[Fault], errors: int, total: int) -> None:
    for each in told:
        typer.echo(str(each))
    typer.echo(f"{name}: {_count(errors, 'error')}, {_count(total - errors, 'warning')}.")


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
