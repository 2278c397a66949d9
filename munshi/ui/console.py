"""How the command line speaks: for people by default, one JSON document with `--json`, faults in one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from munshi.bot.audit_chain import AuditError
from munshi.bot.business import BusinessError
from munshi.bot.database import StoreError
from munshi.bot.paper_adding import PapersError
from munshi.bot.settings import SettingsError, load_settings
from munshi.bot.wording import plain
from munshi.handlers.base import HandlerError, Reply
from munshi.intents.base import IntentError
from munshi.knowledge.base import Citation, KnowledgeError

if TYPE_CHECKING:
    from munshi.bot.app import App

DONE, FAILED, WRONG_USE = 0, 1, 2
# Wrong use is what the person at the keyboard can put right by calling differently.
_WRONG_USE = (BusinessError, PapersError, SettingsError)
_FAULTS = (*_WRONG_USE, AuditError, StoreError, HandlerError, IntentError, KnowledgeError)

BusinessOption = Annotated[
    str | None, typer.Option("--business", "-b", help="A pack's folder, or the name of a demo.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@contextmanager
def telling_faults() -> Iterator[None]:
    """Turn our own errors into one line on stderr and an exit status."""
    try:
        yield
    except _FAULTS as error:
        raise fault(str(error), WRONG_USE if isinstance(error, _WRONG_USE) else FAILED) from None


def fault(message: str, status: int = FAILED) -> typer.Exit:
    """The exit to raise after telling `message` on stderr."""
    typer.echo(f"munshi: {message}", err=True)
    return typer.Exit(status)


def speak_utf8() -> None:
    """Let any script through: a Windows console's own code page would fail on the first Hindi word."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def step(text: str) -> None:
    """Say on stderr what is going on."""
    typer.secho(f"  {text}", err=True, dim=True)


def show_json(data: object) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def show_json_line(data: object) -> None:
    """One JSON document in one line, read by whoever is at the other end as soon as it is written."""
    typer.echo(json.dumps(data, ensure_ascii=False, default=str))
    sys.stdout.flush()


def show_piece(piece: str) -> None:
    """A piece of a reply that is still being written."""
    typer.echo(plain(piece), nl=False)
    sys.stdout.flush()


def show_reply(reply: Reply, *, heard: str = "") -> None:
    """A reply as text: what is said, the buttons by number, files, sources. `heard` is what was shown of it already."""
    typer.echo(plain(reply.text.removeprefix(heard)))
    for number, button in enumerate(reply.buttons, start=1):
        typer.secho(f"  [{number}] {button.label}", fg=typer.colors.CYAN)
    for file in reply.attachments:
        typer.secho(f"  + {plain(file.title)} ({plain(file.in_words)})", dim=True)
    for citation in reply.citations:
        typer.secho(f"  - {place(citation)}", dim=True)


def place(citation: Citation) -> str:
    """Where a quote stands, in one line."""
    page = f", page {citation.page}" if citation.page else ""
    trail = " > ".join(dict.fromkeys(part for part in (citation.title, *citation.heading) if part))
    return f"{citation.source}{page}" + (f": {trail}" if trail else "")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for people; numbers keep the form they are given in."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console().print(table)


def show_pairs(pairs: Mapping[str, Any]) -> None:
    """Names and values, aligned."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        typer.echo(f"{name:<{width}}  {value}")


@contextmanager
def opened(business: str | None, *, catch_up: bool = True, **overrides: Any) -> Iterator[App]:
    """The whole of Munshi for one business, closed again at the end; faults are told in one line.

    `catch_up` as in `open_app`.
    """
    from munshi.bot.app import open_app
    from munshi.bot.logs import start_logging

    with telling_faults():
        settings = load_settings(business=business, **overrides)
        start_logging(settings.log_level, settings.log_format)
        with open_app(settings, progress=step, catch_up=catch_up) as app:
            yield app
