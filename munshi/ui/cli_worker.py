"""`munshi worker`: a process that answers and sends, beside `munshi serve` or on a machine of its own."""

from __future__ import annotations

import os
import sys
import threading
from typing import Annotated

import typer

from munshi.ui.console import BusinessOption, opened
from munshi.ui.stopping import leaving_on_sigterm, tell_when_input_ends

_NICER = 10


def worker(
    business: BusinessOption = None,
    attached: Annotated[bool, typer.Option("--attached", hidden=True)] = False,
) -> None:
    """Answer and send what waits, until it is told to stop: `munshi serve` takes messages in, workers do the rest."""
    from munshi.bot.crew import working
    from munshi.bot.lasting import leave_alone_what_lasts
    from munshi.bot.watch import watching

    ended = threading.Event()
    if attached:
        tell_when_input_ends(ended)
        _give_way()
    with leaving_on_sigterm(), opened(business, catch_up=False) as app, watching(app), working(app):
        leave_alone_what_lasts()
        typer.echo(f"A worker of {app.business.profile.name} is ready (Ctrl-C stops it)")
        ended.wait()


def _give_way() -> None:
    """Leave the processor to the web process beside it where both want it: a provider waits for its "received"."""
    if sys.platform != "win32":
        os.nice(_NICER)
