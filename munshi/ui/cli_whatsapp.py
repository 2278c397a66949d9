"""`munshi whatsapp`: WhatsApp tried out before a number is registered."""

from __future__ import annotations

import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import BusinessOption, opened, telling_faults

if TYPE_CHECKING:
    from munshi.bot.app import App
    from munshi.ui.simulator import Simulator

LOOPBACK, PORT = "127.0.0.1", 7861
"""Where the stand-in for Meta is, for a shop that is served with --insecure-simulator."""

_QUIET_SECONDS = 2.0

whatsapp = typer.Typer(no_args_is_help=True, help="WhatsApp: try it out.")


@whatsapp.callback()
def _group() -> None:
    """What concerns WhatsApp."""


@whatsapp.command()
def simulate(
    business: BusinessOption = None,
    url: Annotated[
        str | None, typer.Option(help="The webhook of a running shop; without it, one is opened for the occasion.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the stand-in for Meta, with --url.")] = PORT,
    twice: Annotated[bool, typer.Option("--twice", help="Bring every message twice in the same moment.")] = False,
    disorder: Annotated[bool, typer.Option("--disorder", help="Bring statuses in any order, some twice.")] = False,
    statuses: Annotated[bool, typer.Option(help="Tell the shop what becomes of its messages.")] = True,
) -> None:
    """Be a customer on WhatsApp, with a stand-in for Meta on this computer: nothing leaves it, nothing is kept."""
    from munshi.ui.meta_stand_in import MetaStandIn
    from munshi.ui.simulated_phone import Phone
    from munshi.ui.simulator import Simulator

    with ExitStack() as stack, telling_faults():
        meta = stack.enter_context(MetaStandIn(port=port if url else 0, templates=_approved(business)))
        if url:
            secret = load_settings(business=business).whatsapp_app_secret.get_secret_value()
            typer.secho(f"The shop at {url} is to send to {meta.address}", dim=True)
        else:
            secret = secrets.token_hex(16)
            url = stack.enter_context(_shop(business, meta.address, meta.number, meta.token, secret))
        simulator = Simulator(Phone(url, secret, meta, twice=twice), meta, _show, statuses, disorder)
        simulator.start()
        stack.callback(simulator.stop)
        typer.echo("You are a customer on WhatsApp. /help lists what you can do; /quit or Ctrl-D ends it.")
        _talk(simulator)


def _approved(business: str | None) -> dict[tuple[str, str], str]:
    """The pack's template, as if Meta had approved it with the text that the README proposes."""
    from munshi.bot.business import load_business

    template = load_business(load_settings(business=business).business).template
    if template is None:
        return {}
    who = "from {{1}}" if template.words else "from us"
    return {(template.name, template.language): f"You have an answer {who}. Reply to read it."}


@contextmanager
def _shop(business: str | None, api: str, number: str, token: str, secret: str) -> Iterator[str]:
    """A shop on WhatsApp that forgets everything afterwards; gives its webhook's address."""
    with tempfile.TemporaryDirectory(prefix="munshi-") as folder:
        values: dict[str, Any] = {
            "whatsapp_api": api,
            "whatsapp_phone_number_id": number,
            "whatsapp_token": token,
            "whatsapp_app_secret": secret,
            "whatsapp_verify_token": secret,
            "database_url": f"sqlite:///{Path(folder) / 'munshi.sqlite3'}",
            "audit_folder": Path(folder) / "audit",
            "host": LOOPBACK,
        }
        with opened(business, **values) as app, served(app) as url:
            yield url


@contextmanager
def served(app: App) -> Iterator[str]:
    """A shop's webhook on this computer, with those that answer and send behind it; gives its address."""
    import uvicorn
    from fastapi import FastAPI

    from munshi.bot.crew import working
    from munshi.ui.webhook import PATH, meta_door, meta_routes

    door = meta_door(app)
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    if door is not None:
        api.include_router(meta_routes(door))
    server = uvicorn.Server(uvicorn.Config(api, log_level="warning", access_log=False))
    with socket.create_server((LOOPBACK, 0)) as listening, working(app):
        thread = threading.Thread(target=server.run, args=([listening],), name="webhook", daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{listening.getsockname()[1]}{PATH}"
        finally:
            server.should_exit = True
            thread.join()


def _talk(simulator: Simulator) -> None:
    from munshi.ui.simulated_phone import DeliveryRefusedError
    from munshi.ui.simulator import CommandError

    while True:
        try:
            line = input()
        except (EOFError, KeyboardInterrupt):
            break
        if line.strip() == "/quit":
            break
        if not line.strip():
            continue
        sent = len(simulator.meta.sent)
        try:
            simulator.do(line)
        except (CommandError, DeliveryRefusedError) as error:
            typer.secho(f"! {error}", fg=typer.colors.YELLOW)
        else:
            if not sys.stdin.isatty():  # a list of commands: one may speak of what the last one led to
                _await(simulator, sent)

    if not sys.stdin.isatty():
        _settle(simulator)


def _await(simulator: Simulator, sent: int) -> None:
    ends = time.monotonic() + _QUIET_SECONDS
    while len(simulator.meta.sent) == sent and time.monotonic() < ends:
        time.sleep(0.05)


def _settle(simulator: Simulator) -> None:
    heard = -1
    while heard < len(simulator.meta.sent):
        heard = len(simulator.meta.sent)
        time.sleep(_QUIET_SECONDS)


def simulated() -> dict[str, str]:
    """The settings of a shop that sends to the stand-in of `munshi whatsapp simulate --url`."""
    from munshi.ui.meta_stand_in import NUMBER, TOKEN, VERSION

    return {
        "whatsapp_api": f"http://{LOOPBACK}:{PORT}/{VERSION}",
        "whatsapp_phone_number_id": NUMBER,
        "whatsapp_token": TOKEN,
    }


def _show(text: str) -> None:
    typer.secho(text, fg=typer.colors.GREEN)
