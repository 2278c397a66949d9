"""The web server: the chat window and a health check in one FastAPI app, and how it is run."""

from __future__ import annotations

import contextlib
import logging
import socket
from datetime import datetime
from pathlib import Path

import gradio as gr
import typer
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.middleware import Middleware
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.telemetry import TelemetryConfig
from limits import parse
from starlette.routing import Mount

from munshi.bot.app import App
from munshi.bot.crew import working
from munshi.bot.herald import heralding
from munshi.bot.lasting import leave_alone_what_lasts
from munshi.bot.watch import watching
from munshi.ui.address_rate import AddressRate
from munshi.ui.chat import build_chat, theme
from munshi.ui.console import fault
from munshi.ui.downloads import download_routes
from munshi.ui.guards import OnlyPathsInUse, OwnPage, SafeHeaders, greet_customer, start_chat
from munshi.ui.head_time import HeadTime
from munshi.ui.http_channel import PATH as API_PATH
from munshi.ui.http_channel import create_api
from munshi.ui.news import News
from munshi.ui.operations import METRICS, operations
from munshi.ui.owner_only import OwnerOnly, from_own_page, is_loopback
from munshi.ui.past_queries import greet_owner
from munshi.ui.processes import worker_processes
from munshi.ui.reading_time import ReadingTime
from munshi.ui.search_page import PATH, build_search_page, title
from munshi.ui.twilio_webhook import twilio_door, twilio_routes
from munshi.ui.uploads import upload_routes
from munshi.ui.webhook import meta_door, meta_routes

MAX_BODY_BYTES = 64 * 1024
"""Largest request body: the longest message, with room for Gradio's envelope."""

_ASSETS = Path(__file__).parent / "assets"
_SILENT: TelemetryConfig = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
_CLOSING_SECONDS = 5


def create_server(app: App, *, insecure_simulator: bool = False) -> FastAPI:
    """One business as an ASGI app: the chat window at `/`, the owner's `/papers`, the health check at `/healthz`.

    What is set up of WhatsApp is beside them; `insecure_simulator` lets it go without a secret. Raises SettingsError.
    """
    news = News(app.shared.bell)
    server = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=_SILENT,
        max_body_size=MAX_BODY_BYTES,
        middleware=_middleware(app),
    )
    server.include_router(operations(app))
    _add_webhooks(server, app, insecure_simulator)
    server.post("/new")(_new_chat)
    server.include_router(upload_routes(app))
    server.include_router(download_routes(app))
    server.mount("/ui", StaticFiles(directory=_ASSETS))
    server.get(PATH)(_to_papers)
    if app.settings.api_key.get_secret_value():
        server.mount(API_PATH, create_api(app, app.settings.api_key.get_secret_value(), news))
    _mount(server, build_search_page(app), PATH)  # before the chat: what is mounted at "/" takes every path
    _mount(server, build_chat(app, news), "/")
    server.state.news = news
    return server


def _middleware(app: App) -> list[Middleware]:
    """What every request passes through, the first one first."""
    profile, password = app.business.profile, app.settings.owner_password.get_secret_value()
    papers = title(app)
    return [
        Middleware(SafeHeaders),
        Middleware(ReadingTime),
        Middleware(OnlyPathsInUse),
        *_address_rate(app),
        Middleware(OwnerOnly, path=PATH, password=password),
        Middleware(OwnerOnly, path=METRICS, password=password),
        Middleware(OwnPage, title=profile.name, description=profile.description, greet=greet_customer),
        Middleware(OwnPage, title=papers, description="", greet=greet_owner, path=f"{PATH}/", assets="../ui/papers"),
        Middleware(CORSMiddleware),  # allows no other origin; where it is missing, Gradio allows every one
    ]


def _add_webhooks(server: FastAPI, app: App, insecure_simulator: bool) -> None:
    """The webhooks of those providers that are set up. Raises SettingsError."""
    meta = meta_door(app, insecure_simulator=insecure_simulator)
    if meta is not None:
        server.include_router(meta_routes(meta))
    twilio = twilio_door(app)
    if twilio is not None:
        server.include_router(twilio_routes(twilio))


def _address_rate(app: App) -> list[Middleware]:
    if not app.settings.address_rate:
        return []
    rate = parse(app.settings.address_rate)
    return [Middleware(AddressRate, allow=lambda who: app.shared.rates.allow(who, rate))]


def _mount(server: FastAPI, page: gr.Blocks, path: str) -> None:
    gr.mount_gradio_app(
        server,
        page,
        path,
        theme=theme(),
        favicon_path=str(_ASSETS / "favicon.svg") if path == "/" else None,  # there is one for all
        footer_links=[],
        show_error=False,
        app_kwargs={"telemetry": _SILENT},
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )


def serve(app: App, host: str, port: int, *, workers: int = 0, insecure_simulator: bool = False) -> None:
    """Serve until Ctrl-C, and take up what changes in the business's folders.

    What the channels bring is answered by so many worker processes, or by threads of this one where there are none.

    Where the port cannot be had, tells so in one line and raises the exit with status 1. Raises SettingsError.
    """
    listening = _listen(host, port)
    server = create_server(app, insecure_simulator=insecure_simulator)
    leave_alone_what_lasts()
    typer.echo(f"{app.business.profile.name} is open at {_address(host, port)} (Ctrl-C closes it)")
    typer.echo(_papers_line(app, host, port))
    hands = worker_processes(workers, app.settings.business) if workers else working(app)
    with watching(app, _tell), heralding(app.store, app.shared.bell), hands, contextlib.suppress(KeyboardInterrupt):
        _Server(server).run(sockets=[listening])


def _tell(line: str) -> None:
    typer.echo(f"{datetime.now():%H:%M:%S} {line}")


class _Server(uvicorn.Server):
    """Ends what open pages and sites wait for before it waits for connections to close: it would be held up."""

    def __init__(self, server: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                server,
                http=HeadTime,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_CLOSING_SECONDS,
            )
        )
        self._news: News = server.state.news
        self._mounted = [route.app for route in server.routes if isinstance(route, Mount)]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End heartbeats and waiting, then close as usual."""
        self._news.close()
        for mounted in self._mounted:
            if isinstance(mounted, gr.routes.App):
                mounted.stop_event.set()
        # A page that is cut off from here on is no fault to tell of.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


async def _new_chat(request: Request) -> Response:
    if not from_own_page(request.headers):
        raise HTTPException(403, "A new chat can only be started from the chat itself")
    response = RedirectResponse("./", status_code=303)
    start_chat(response, secure=request.url.scheme == "https")
    return response


async def _to_papers() -> Response:
    return RedirectResponse(f".{PATH}/", status_code=307)


def _papers_line(app: App, host: str, port: int) -> str:
    """Where the owner's page is, from where, and how."""
    if app.settings.owner_password.get_secret_value():
        return f"Search its papers at {_address(host, port)}{PATH}, with the owner's password"
    here = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    if not is_loopback(here):
        return f"Its papers can be searched at {_address(host, port)}{PATH} once MUNSHI_OWNER_PASSWORD is set"
    return f"Search its papers at {_address(here, port)}{PATH}, on this computer alone"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = error.strerror or str(error)
        raise fault(
            f"Port {port} of {host} cannot be used: {reason}. Choose another with --port or MUNSHI_PORT."
        ) from None


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
