"""`munshi outbox`: replies that were not sent, why, and what is to become of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import BusinessOption, JsonOption, show_json, show_pairs, show_table, telling_faults

if TYPE_CHECKING:
    from munshi.bot.outbox_desk import OutboxDesk, Parcel

outbox = typer.Typer(help="Replies that were not sent: list, show, retry, drop.")

PartArgument = Annotated[int, typer.Argument(help="The number that the list gives it.", min=1)]


@contextmanager
def _opened(business: str | None) -> Iterator[OutboxDesk]:
    from munshi.bot.outbox_desk import open_outbox_desk

    with telling_faults(), open_outbox_desk(load_settings(business=business)) as desk:
        yield desk


@outbox.callback(invoke_without_command=True)
def _default(context: typer.Context, business: BusinessOption = None) -> None:
    """Replies that were not sent; without a command, list them."""
    if context.invoked_subcommand is None:
        list_parts(business=business)


@outbox.command("list")
def list_parts(
    business: BusinessOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Those that were sent or dropped too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List what was not sent, oldest first: waiting for its next try, held until the customer writes, or given up."""
    statuses = ("waiting", "held", "dead", "dropped", "sent", "delivered", "read")
    with _opened(business) as desk:
        parcels = desk.parcels(statuses) if all_ else desk.parcels()
    if as_json:
        show_json([dataclasses.asdict(parcel) for parcel in parcels])
    elif not parcels:
        typer.echo("Everything was sent.")
    else:
        columns = ("part", "since", "from", "status", "tries", "next try", "chat", "why")
        rows = [
            (
                p.id,
                f"{p.created_at.astimezone():%d %b %H:%M}",
                p.role,
                p.status,
                p.tries,
                f"{p.next_try_at.astimezone():%H:%M:%S}" if p.next_try_at else "",
                p.session_id,
                _why(p),
            )
            for p in parcels
        ]
        show_table(columns, rows)


def _why(parcel: Parcel) -> str:
    """What the provider said, and whether the customer was asked to write."""
    asked = f"({_asked(parcel)})" if parcel.template else None
    return " ".join(filter(None, (parcel.code, parcel.detail, asked)))


def _asked(parcel: Parcel) -> str | None:
    """What became of the template; None where there is none."""
    asked = parcel.template
    return None if asked is None else f"template, part {asked.id}: {asked.status} {asked.at.astimezone():%d %b %H:%M}"


@outbox.command()
def show(part: PartArgument, business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Show one part: to whom, what it says, and what became of it."""
    with _opened(business) as desk:
        found = desk.show(part)
    if as_json:
        show_json(dataclasses.asdict(found))
    else:
        told = {**dataclasses.asdict(found), "template": _asked(found)}
        show_pairs({name: value for name, value in told.items() if value is not None})


@outbox.command()
def retry(part: PartArgument, business: BusinessOption = None) -> None:
    """Have a part tried again now."""
    with _opened(business) as desk:
        found = desk.retry(part)
    typer.echo(f"Part {found.id} is tried as soon as a worker runs.")


@outbox.command()
def drop(part: PartArgument, business: BusinessOption = None) -> None:
    """See to it that a part is never sent."""
    with _opened(business) as desk:
        found = desk.drop(part)
    typer.echo(f"Part {found.id} is dropped.")
