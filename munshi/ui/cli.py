"""`munshi`: the command line. Each command is thin; what it does stands in the rooms."""

from __future__ import annotations

import dataclasses
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from munshi import __version__
from munshi.bot.settings import load_settings
from munshi.ui.cli_audit import audit
from munshi.ui.cli_check import check
from munshi.ui.cli_customer import customer
from munshi.ui.cli_evaluate import evaluate
from munshi.ui.cli_explain import explain
from munshi.ui.cli_export import export
from munshi.ui.cli_inbox import inbox
from munshi.ui.cli_ingest import ingest
from munshi.ui.cli_models import models
from munshi.ui.cli_orders import orders
from munshi.ui.cli_outbox import outbox
from munshi.ui.cli_privacy import privacy
from munshi.ui.cli_search import search
from munshi.ui.cli_train import train
from munshi.ui.cli_train_reranker import reranker
from munshi.ui.cli_tune import tune
from munshi.ui.cli_whatsapp import simulated, whatsapp
from munshi.ui.cli_worker import worker
from munshi.ui.console import (
    DONE,
    FAILED,
    BusinessOption,
    JsonOption,
    opened,
    show_json,
    show_piece,
    show_reply,
    show_table,
    speak_utf8,
    telling_faults,
)
from munshi.ui.processes import count_together
from munshi.ui.stopping import leaving_on_sigterm

if TYPE_CHECKING:
    from munshi.bot.app import App
    from munshi.bot.response import Response
    from munshi.handlers.reply_file import ReplyFile

cli = typer.Typer(
    name="munshi",
    help="A support assistant that a small business runs on its own computer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command()(check)
cli.command()(explain)
cli.command()(search)
cli.command()(ingest)
cli.add_typer(audit, name="audit")
cli.add_typer(customer, name="customer")
cli.add_typer(evaluate, name="evaluate")
cli.add_typer(export, name="export")
cli.add_typer(inbox, name="inbox")
cli.add_typer(whatsapp, name="whatsapp")
cli.add_typer(orders, name="orders")
cli.add_typer(outbox, name="outbox")
cli.command()(worker)
train.command()(reranker)
cli.add_typer(privacy, name="privacy")
cli.add_typer(train, name="train")
cli.add_typer(tune, name="tune")
cli.add_typer(models, name="models")


def main() -> None:
    """Run the command line; the exit status is 0 done, 1 a check failed, 2 wrong use."""
    speak_utf8()
    cli(prog_name="munshi")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"munshi {__version__}")
        raise typer.Exit


@cli.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """A support assistant that a small business runs on its own computer."""


@cli.command()
def serve(
    business: BusinessOption = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on (MUNSHI_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on (MUNSHI_PORT).")] = None,
    workers: Annotated[
        int, typer.Option(min=0, max=64, help="Processes that answer WhatsApp and the like; 0: this one does it too.")
    ] = 0,
    insecure_simulator: Annotated[
        bool, typer.Option("--insecure-simulator", help="Let `munshi whatsapp simulate --url` be Meta, signed or not.")
    ] = False,
) -> None:
    """Open the chat window in the browser, and take in what the channels bring."""
    if insecure_simulator and workers:
        raise typer.BadParameter("--insecure-simulator goes without --workers")
    overrides: dict[str, Any] = {"host": host, "port": port, **(simulated() if insecure_simulator else {})}
    if workers:
        count_together()
    with leaving_on_sigterm(), opened(business, **overrides) as app:
        from munshi.ui.gradio_start import skip_stubs

        skip_stubs()
        from munshi.ui.server import serve as run

        host, port = app.settings.host, app.settings.port
        run(app, host, port, workers=workers, insecure_simulator=insecure_simulator)


@cli.command()
def chat(
    business: BusinessOption = None,
    session: Annotated[str | None, typer.Option(help="Go on with this chat.")] = None,
) -> None:
    """Talk to the assistant in the terminal."""
    from munshi.bot.watch import watching

    session_id = session or f"terminal-{uuid.uuid4().hex[:12]}"
    with opened(business) as app:
        typer.echo(f"{app.business.profile.name}. Write a message; an empty line or Ctrl-D ends the chat.")
        for note in app.notes():
            typer.secho(note, dim=True)
        with watching(app):
            for text in _lines():
                _show_pending(app, session_id)
                _talk(app, text, session_id)
        typer.echo(f"Go on later with: munshi chat --session {session_id}")


def _talk(app: App, text: str, session_id: str) -> None:
    heard: list[str] = []

    def say(piece: str) -> None:
        heard.append(piece)
        show_piece(piece)

    response = app.respond(text, session_id=session_id, channel="terminal", say=say)
    _show_response(response, heard="".join(heard))


def _lines() -> Iterator[str]:
    while True:
        try:
            text = input("\n> ")
        except (EOFError, KeyboardInterrupt):
            typer.echo("")
            return
        if not text.strip():
            return
        yield text


def _show_pending(app: App, session_id: str) -> None:
    for line in app.pending(session_id):
        typer.secho(f"{app.business.profile.name}: {line.text}", fg=typer.colors.GREEN)


def _show_response(response: Response, *, heard: str = "") -> None:
    if response.reply is None:
        typer.secho("A person has this chat now; they have been given your message.", dim=True)
    else:
        show_reply(response.reply, heard=heard)


@cli.command()
def ask(
    text: Annotated[str, typer.Argument(help="The message; - reads it from standard input.")],
    business: BusinessOption = None,
    session: Annotated[str | None, typer.Option(help="Ask within this chat.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Send one message and print the reply."""
    message = sys.stdin.read() if text == "-" else text
    with opened(business) as app:
        response = app.respond(message, session_id=session or f"ask-{uuid.uuid4().hex[:12]}", channel="terminal")
    if as_json:
        show_json(_answered(response))
    else:
        _show_response(response)


def _answered(response: Response) -> dict[str, Any]:
    reply = response.reply
    return {
        "reply": reply.text if reply else None,
        "buttons": [button.label for button in reply.buttons] if reply else [],
        "citations": [_cited(citation) for citation in reply.citations] if reply else [],
        "attachments": [_attached(file) for file in reply.attachments] if reply else [],
        "intent": response.intent,
        "confidence": round(response.confidence, 4),
        "in_scope": round(response.in_scope, 4),
        "entities": [dataclasses.asdict(entity) for entity in response.entities],
        "handler": response.handler,
        "route": response.route,
        "session_id": response.session_id,
        "language": response.language,
        "llm": response.llm,
        "ms": response.ms,
        "trace": dict(response.trace),
    }


def _attached(file: ReplyFile) -> dict[str, Any]:
    return {"name": file.name, "title": file.title, "mime_type": file.mime_type, "size": file.size}


def _cited(citation: Any) -> dict[str, Any]:
    return {
        "source": citation.source,
        "title": citation.title,
        "heading": list(citation.heading),
        "page": citation.page,
        "quote": citation.quote,
    }


@cli.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make; it must not exist, or be empty.")],
    name: Annotated[str | None, typer.Option(help="The business's name.")] = None,
) -> None:
    """Start a business of your own from a commented template."""
    from munshi.bot.scaffold import create_pack

    with telling_faults():
        made = create_pack(folder, name=name)
    typer.echo(f"Made {made}. Edit the files, then:\n  munshi check {made}\n  munshi serve --business {made}")


@cli.command()
def classify(
    text: Annotated[str, typer.Argument(help="The message; - reads one message a line from standard input.")],
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """See what the classifier makes of a message."""
    texts = [line.rstrip("\n") for line in sys.stdin] if text == "-" else [text]
    with opened(business) as app:
        predictions = app.classifier.classify(texts)
    if as_json:
        found = [{"text": said, **dataclasses.asdict(made)} for said, made in zip(texts, predictions, strict=True)]
        show_json(found if text == "-" else found[0])
        return
    for said, made in zip(texts, predictions, strict=True):
        typer.secho(said, bold=True)
        typer.echo(f"  {made.intent}  confidence {made.confidence:.3f}  in scope {made.in_scope:.3f}")
        for name, share in made.ranked[1:3]:
            typer.secho(f"  {name}  {share:.3f}", dim=True)


@cli.command()
def doctor(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Look whether everything that Munshi needs is in order here."""
    from munshi.bot.doctor import examine

    with telling_faults():
        findings = examine(load_settings(business=business))
    failed = any(finding.state == "fault" for finding in findings)
    if as_json:
        show_json({"ok": not failed, "findings": [dataclasses.asdict(finding) for finding in findings]})
    else:
        show_table(("", "what", "how it stands"), [(f.state, f.what, f.detail) for f in findings])
    raise typer.Exit(FAILED if failed else DONE)
