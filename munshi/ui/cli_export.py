"""`munshi export`: what Munshi has learnt of its customers, as files for other programs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import BusinessOption, JsonOption, show_json, telling_faults

export = typer.Typer(help="Write what was said to files for other programs: chat-data.", no_args_is_help=True)


@export.callback()
def _group() -> None:
    """Write what was said to files for other programs."""


@export.command("chat-data")
def chat_data(
    out: Annotated[Path, typer.Option(help="The JSON Lines file to write; one that is there is replaced.")],
    business: BusinessOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also chats that a person had to take part in, or that were not answered.")
    ] = False,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Leave phone numbers, e-mail addresses and the like readable.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the chats as training data: one a line, with `messages` and the same as ChatML in `text`."""
    from munshi.bot.chat_data import export_chats, open_chats
    from munshi.bot.privacy import mask

    with telling_faults(), open_chats(load_settings(business=business)) as chats:
        done = export_chats(chats, out, mask=str if unmasked else mask, everything=everything)
    if as_json:
        show_json(dataclasses.asdict(done))
    else:
        typer.echo(f"{done.written} chats written to {out}, {done.left_out} left out.")
