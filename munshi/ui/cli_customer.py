"""`munshi customer`: what the owner does for one customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import BusinessOption, JsonOption, show_json, telling_faults

customer = typer.Typer(no_args_is_help=True, help="One customer: a login token.")


@customer.callback()
def _group() -> None:
    """What the owner does for one customer."""


@customer.command()
def token(
    number: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer number, or the registered phone.")],
    business: BusinessOption = None,
    minutes: Annotated[int, typer.Option(min=1, max=10_080, help="How long the token may wait to be used.")] = 60,
    as_json: JsonOption = False,
) -> None:
    """Print a token that makes this customer known in the one chat that it is sent in first."""
    from munshi.bot.login_tokens import make_login_token

    with telling_faults():
        customer_id, made = make_login_token(
            load_settings(business=business), number, lifetime=timedelta(minutes=minutes)
        )
    if as_json:
        show_json({"customer": customer_id, "token": made, "minutes": minutes})
    else:
        typer.echo(made)
