"""`munshi inbox`: what waits for a person, and how the person answers."""

from __future__ import annotations

import dataclasses
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.bot.wording import plain
from munshi.ui.console import (
    BusinessOption,
    JsonOption,
    show_json,
    show_json_line,
    show_pairs,
    show_table,
    telling_faults,
)
from munshi.ui.stopping import leaving_on_sigterm

if TYPE_CHECKING:
    from munshi.bot.inbox import Inbox
    from munshi.bot.inbox_watch import News

inbox = typer.Typer(help="Tickets that wait for a person: list, watch, show, files, claim, reply, release.")

TicketArgument = Annotated[str, typer.Argument(help="The ticket's reference or number.")]
PersonOption = Annotated[str | None, typer.Option("--as", help="Your name; default: your name on this computer.")]


@contextmanager
def _opened(business: str | None) -> Iterator[Inbox]:
    from munshi.bot.inbox import open_inbox

    with telling_faults(), open_inbox(load_settings(business=business)) as box:
        yield box


@inbox.callback(invoke_without_command=True)
def _default(context: typer.Context, business: BusinessOption = None) -> None:
    """Tickets that wait for a person; without a command, list them."""
    if context.invoked_subcommand is None:
        list_tickets(business=business)


@inbox.command("list")
def list_tickets(
    business: BusinessOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the open tickets, oldest first."""
    with _opened(business) as box:
        tickets = box.tickets(closed=all_)
    if as_json:
        show_json([dataclasses.asdict(ticket) for ticket in tickets])
    elif not tickets:
        typer.echo("Nothing waits.")
    else:
        columns = ("ticket", "since", "status", "kind", "reason")
        rows = [(t.reference, f"{t.created_at:%d %b %H:%M}", t.status, t.kind, t.reason) for t in tickets]
        show_table(columns, rows)


@inbox.command()
def watch(
    ticket: Annotated[str | None, typer.Argument(help="Only this ticket, and what its customer writes.")] = None,
    business: BusinessOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")] = False,
) -> None:
    """Show new tickets as they come, and what customers write whose tickets are claimed, until Ctrl-C."""
    with leaving_on_sigterm(), _opened(business) as box:
        coming = box.watch(ticket)
        what = "what its customer writes" if ticket else "tickets, and for customers whose tickets are claimed"
        typer.secho(f"  Waiting for {what} (Ctrl-C ends it)", err=True, dim=True)
        for new in coming:
            _show_news(new, as_json=as_json)


def _show_news(new: News, *, as_json: bool) -> None:
    found, line = new.ticket, new.line
    if as_json and line is not None:
        show_json_line({"event": new.event, "ticket": found.reference, "id": line.id, "text": line.text, "at": line.at})
        return
    if as_json:
        show_json_line({"event": new.event, **dataclasses.asdict(found)})
        return
    when = found.updated_at if line is None else line.at
    reason = " ".join(found.reason.split())
    told = {"ticket": f"new {found.kind}: {reason}", "closed": "closed", "message": line.text if line else ""}
    typer.echo(plain(f"{when.astimezone():%H:%M} {found.reference} {told[new.event]}"))


@inbox.command()
def show(ticket: TicketArgument, business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Show a ticket with its chat."""
    with _opened(business) as box:
        found, lines = box.show(ticket)
        unsent, sent = box.unsent(found), [file.saved_as for file in box.files(ticket)]
    if as_json:
        transcript = [
            {"role": line.role, "text": line.text, "at": line.at, "unsent": unsent.get(line.id)} for line in lines
        ]
        show_json({**dataclasses.asdict(found), "files": sent, "transcript": transcript})
        return
    show_pairs(
        {
            "ticket": f"{found.reference} ({found.status}{f', {found.claimed_by}' if found.claimed_by else ''})",
            "reason": found.reason,
            "chat": f"{found.session_id} on {found.channel}",
            **found.form,
            **({"files": ", ".join(sent)} if sent else {}),
        }
    )
    for line in lines:
        why = f" (not sent: {unsent[line.id]})" if line.id in unsent else ""
        typer.secho(f"\n{line.role} {line.at.astimezone():%d %b %H:%M}{why}", dim=True)
        typer.echo(line.text)


@inbox.command()
def files(
    ticket: TicketArgument,
    out: Annotated[Path, typer.Option(file_okay=False, help="The folder to save them in.")] = Path(),
    business: BusinessOption = None,
) -> None:
    """Save the photos and PDFs that the customer sent in a ticket's chat."""
    with _opened(business) as box:
        found = box.files(ticket)
        out.mkdir(parents=True, exist_ok=True)
        for file in found:
            path = out / file.saved_as
            path.write_bytes(file.content)
            typer.echo(str(path))
    if not found:
        typer.echo("The customer has sent no files there.")


@inbox.command()
def claim(ticket: TicketArgument, business: BusinessOption = None, person: PersonOption = None) -> None:
    """Take a chat over: the bot is silent in it until you release it."""
    with _opened(business) as box:
        found = box.claim(ticket, person or getpass.getuser())
    typer.echo(f"{found.reference} is yours. Write with: munshi inbox reply {found.reference} '...'")


@inbox.command()
def reply(
    ticket: TicketArgument,
    text: Annotated[str, typer.Argument(help="What the customer is to read.")],
    business: BusinessOption = None,
    person: PersonOption = None,
) -> None:
    """Write to the customer; this takes the chat over where nobody has yet."""
    with _opened(business) as box:
        found = box.reply(ticket, person or getpass.getuser(), text)
    typer.echo(f"Sent to {found.session_id}. Give the chat back with: munshi inbox release {found.reference}")


@inbox.command()
def release(ticket: TicketArgument, business: BusinessOption = None) -> None:
    """Close a ticket; the bot answers in its chat again."""
    with _opened(business) as box:
        found = box.release(ticket)
    typer.echo(f"{found.reference} is closed.")
