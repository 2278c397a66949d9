"""`munshi audit`: whether the record of what was done is as it was written."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import DONE, FAILED, BusinessOption, JsonOption, fault, show_json, telling_faults

if TYPE_CHECKING:
    from munshi.bot.audit_chain import Record
    from munshi.bot.audit_notary import Notary, Report

audit = typer.Typer(no_args_is_help=True, help="The record of every turn: verify it, sign it, take a copy.")


@contextmanager
def _opened(business: str | None) -> Iterator[Notary]:
    from munshi.bot.audit_notary import open_notary

    with telling_faults(), open_notary(load_settings(business=business)) as notary:
        yield notary


@audit.command()
def verify(
    business: BusinessOption = None,
    public_key: Annotated[
        Path | None, typer.Option(help="A copy of public-key.pem kept elsewhere; else the one beside the checkpoints.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look whether any record was changed, removed, put in, moved or cut off."""
    with _opened(business) as notary:
        report = notary.verify(public_key)
    if as_json:
        show_json({"sound": report.sound, **dataclasses.asdict(report)})
    else:
        _tell(report)
    raise typer.Exit(DONE if report.sound else FAILED)


def _tell(report: Report) -> None:
    found = report.verified
    for line in report.unsigned:
        typer.echo(line)
    if found.finding is not None:
        typer.echo(f"Record {found.finding.seq} was {found.finding.what}: {found.finding.detail}.")
        typer.echo(f"The {found.finding.seq - 1} before it are as they were written.")
    else:
        vouched = f"{found.covered} of them under {report.checkpoints} signed checkpoints"
        typer.echo(f"{found.records} records, all as they were written, {vouched}.")


@audit.command()
def checkpoint(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Sign what the audit is now; the running server does so by itself every hour and every 500 turns."""
    with _opened(business) as notary:
        signed = notary.sign()
    if as_json:
        show_json(None if signed is None else dataclasses.asdict(signed))
    elif signed is None:
        typer.echo("There is nothing to sign yet.")
    else:
        typer.echo(f"{signed.size} records signed at {signed.at}, root {signed.root}.")


@audit.command()
def export(
    business: BusinessOption = None,
    out: Annotated[Path | None, typer.Option(help="A file to write; without it standard output.")] = None,
) -> None:
    """Write the records, one JSON document a line, oldest first."""
    with _opened(business) as notary:
        lines = (_line(record) for record in notary.records())
        try:
            if out is None:
                sys.stdout.writelines(lines)
            else:
                with out.open("x", encoding="utf-8") as stream:
                    stream.writelines(lines)
        except FileExistsError:
            raise fault(f"{out} is there already. Choose another name, or remove it first.") from None
        except OSError as error:
            raise fault(f"{out} cannot be written ({error.strerror}).") from None


def _line(record: Record) -> str:
    return json.dumps(dataclasses.asdict(record), ensure_ascii=False) + "\n"
