"""`munshi privacy`: what is kept of one customer, handed over or erased."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import WRONG_USE, BusinessOption, JsonOption, fault, show_json, show_pairs, telling_faults

if TYPE_CHECKING:
    from munshi.bot.erasure import Kept, Privacy

privacy = typer.Typer(no_args_is_help=True, help="What is kept of one customer: hand it over, or erase it.")

CustomerArgument = Annotated[
    str,
    typer.Argument(
        metavar="CUSTOMER",
        help="A customer number, a phone or a channel's user id: the customer. A session id: that one chat.",
    ),
]

_BEYOND = """\
Not reached from here: the shop's own files (customers.csv and the like: their rows are left out at the next import),
backups, files that you exported, a PostgreSQL server's archived log and replicas, log lines kept by the system, and
what a language model's server or a messaging service keeps. A running Munshi forgets within a few seconds."""


@contextmanager
def _opened(business: str | None) -> Iterator[Privacy]:
    from munshi.bot.erasure import open_privacy

    with telling_faults(), open_privacy(load_settings(business=business)) as opened:
        yield opened


@privacy.command()
def export(
    customer: CustomerArgument,
    business: BusinessOption = None,
    out: Annotated[
        Path | None, typer.Option(help="A file to write, .json or .zip; without it standard output.")
    ] = None,
) -> None:
    """Write all that is kept of a customer as one JSON document, readable, without codes and keys."""
    with _opened(business) as opened:
        kept = opened.kept(customer)
    document = json.dumps(dataclasses.asdict(kept), ensure_ascii=False, indent=2, default=str) + "\n"
    if out is None:
        typer.echo(document, nl=False)
        return
    try:
        _write(out, document)
    except FileExistsError:
        raise fault(f"{out} is there already. Choose another name, or remove it first.", WRONG_USE) from None
    except OSError as error:
        raise fault(f"{out} cannot be written ({error.strerror}).") from None
    typer.echo(f"What is kept of {kept.label} ({kept.what}) is in {out}.")


def _write(out: Path, document: str) -> None:
    """A new file that its owner alone may read."""
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        if out.suffix.casefold() != ".zip":
            stream.write(document.encode())
            return
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("customer.json", document)


@privacy.command()
def erase(
    customer: CustomerArgument,
    business: BusinessOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase a customer for good: their chats' keys are destroyed, their rows go or lose every name."""
    if as_json and not yes:
        raise fault("With --json nothing is asked: say --yes, too.", WRONG_USE)
    with _opened(business) as opened:
        if opened.finish():
            typer.echo("An erasure that was broken off is finished now.", err=True)
        if not yes:
            _show(opened.kept(customer))
            typer.confirm("Erase all of this? It cannot be undone", abort=True)
        done = opened.erase(customer)
    if as_json:
        show_json(dataclasses.asdict(done))
    else:
        typer.echo(
            f"{done.label} ({done.what}) is erased: {sum(done.rows.values())} rows, and their bytes overwritten."
        )
        typer.secho(_BEYOND, dim=True)


def _show(kept: Kept) -> None:
    typer.echo(f"{kept.label}, {kept.what}:")
    show_pairs({title: len(rows) for title, rows in kept.sections.items()})
    for account in kept.sections.get("accounts", ()):
        if account["balance_paise"]:
            typer.echo(
                f"Account {account['number']} holds {account['balance_paise'] / 100:,.2f}: it stays in the ledger,"
                " closed and without a name."
            )
    for order in kept.sections.get("orders placed", ()):
        if order["status"] in ("placed", "packed"):
            typer.echo(f"Order {order['order_number']} is not sent yet: it loses its name, phone and address.")


@privacy.command()
def finish(business: BusinessOption = None) -> None:
    """Overwrite what an erasure that was broken off had deleted already; the next `erase` does so too."""
    with _opened(business) as opened:
        done = opened.finish()
    typer.echo("It is finished now." if done else "No erasure was broken off.")


@privacy.command()
def readmit(
    numbers: Annotated[list[str], typer.Argument(help="Customer numbers or phones that were erased.")],
    business: BusinessOption = None,
) -> None:
    """Let the shop's own files bring a customer back who was erased: name each of their numbers."""
    with _opened(business) as opened:
        for number in numbers:
            opened.readmit(number)
    typer.echo("The next start takes them up again.")
