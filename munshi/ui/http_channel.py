"""The plain HTTP channel: any shop's own site can talk to the bot, under a bearer key.

`POST /v1/messages` gives the reply in its response, `GET /v1/sessions/{session_id}` the chat with what a person of the
business wrote in it since, at once or as soon as there is any.

`/v1/docs` shows both, and how to try them, without a word to another host.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import fastapi_offline
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.staticfiles import StaticFiles
from fastapi.telemetry import TelemetryConfig
from starlette.requests import HTTPConnection

from munshi import __version__
from munshi.bot.app import App
from munshi.bot.bell import chat_bell
from munshi.bot.message import bounded
from munshi.bot.response import HELD
from munshi.bot.state import from_json
from munshi.bot.transcript_rows import Line
from munshi.handlers.base import Reply
from munshi.ui.http_shapes import (
    ApiButton,
    ApiCitation,
    ApiFault,
    ApiFile,
    ApiLine,
    ApiMessage,
    ApiReply,
    ApiSession,
    SessionId,
)  # fmt: skip
from munshi.ui.news import News

PATH = "/v1"
CHANNEL = "http"

_SHOWN = Path(fastapi_offline.__file__).parent / "static"
_PAGE = Path(__file__).parent / "assets" / "api.html"
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SILENT: TelemetryConfig = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
_MOST_LINES = 200

MOST_WAITING = 256
"""Requests that wait for news at the same time; one more is told to come again."""

_LONGEST_WAIT = 30
_LOOK_SECONDS = 5.0  # whoever waits looks so often although no bell rang; who has gone away is noticed then

_REFUSED: Mapping[int | str, Any] = {
    401: {"model": ApiFault, "description": "The bearer key is missing or wrong."},
    400: {"model": ApiFault, "description": "The body cannot be read."},
    413: {"description": "The request is too large."},
    422: {"model": ApiFault, "description": "The request is no such message; the field is named."},
}
_FULL: Mapping[int | str, Any] = {503: {"model": ApiFault, "description": "Too many requests wait; try again soon."}}
_UNKNOWN: Mapping[int | str, Any] = {404: {"model": ApiFault, "description": "There is no such chat."}}


def create_api(app: App, key: str, news: News) -> FastAPI:
    """The channel as an app of its own, to be mounted at `/v1`. `key` is what callers must bring."""
    api = FastAPI(
        title=f"{app.business.profile.name}: messages",
        description="Send a visitor's message and get the reply. The key is a secret between your server and this one:"
        " call from your server, never from the visitor's browser.",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        telemetry=_SILENT,
    )
    api.exception_handler(RequestValidationError)(_say_what_is_wrong)
    guarded: dict[str, Any] = {"dependencies": [Depends(BearerKey(key))], "tags": ["Chats"]}
    channel = HttpChannel(app, news)
    api.post("/messages", responses={**_REFUSED}, summary="Send a message, get the reply", **guarded)(channel.post)
    told = {**_REFUSED, **_UNKNOWN, **_FULL}
    api.get("/sessions/{session_id}", responses=told, summary="Read a chat, or wait for news in it", **guarded)(
        channel.get
    )
    api.get("/docs", include_in_schema=False)(_docs)
    api.mount("/docs/static", StaticFiles(directory=_SHOWN))
    return api


class HttpChannel:
    """The two operations. What blocks is run in worker threads; waiting needs none."""

    def __init__(self, app: App, news: News) -> None:
        self._app = app
        self._news = news
        self._waiting = 0

    def post(self, message: ApiMessage) -> ApiReply:
        """Answer a message. One that was answered before gets the same reply again."""
        session_id = _ours(message.session_id)
        response = self._app.respond(
            message.text,
            session_id=session_id,
            channel=CHANNEL,
            user_id=message.user_id or session_id,
            # Named within its chat: no caller can fetch another's reply by guessing an id.
            message_id=bounded(f"{session_id}/{message.id}") if message.id else None,
        )
        reply = response.reply
        return ApiReply(
            session_id=message.session_id,
            reply=None if reply is None else reply.text,
            buttons=_buttons(reply),
            citations=_citations(reply),
            attachments=_files(reply),
            held=response.route == HELD,
            route=response.route,
            intent=response.intent,
            confidence=response.confidence,
            in_scope=response.in_scope,
            handler=response.handler,
            language=response.language,
            llm=response.llm,
            ms=response.ms,
        )

    async def get(
        self,
        request: Request,
        session_id: Annotated[SessionId, InPath()],
        after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only lines after the one of this id.")] = 0,
        limit: Annotated[int, Query(ge=1, le=_MOST_LINES, description="The latest so many lines at most.")] = 50,
        wait: Annotated[
            int,
            Query(
                ge=0,
                le=_LONGEST_WAIT,
                description="Seconds to wait for a line after `after`, or for `held` to change; there is an answer as"
                " soon as there is one, and with no lines where nothing came. Let your client's timeout be longer.",
            ),
        ] = 0,
    ) -> ApiSession:
        """Read a chat.

        While `held` is true, ask again and again with `after` and `wait`: what the person writes is there at once.
        """
        ends = monotonic() + wait
        heard = self._news.heard(chat_bell(_ours(session_id)))
        chat = await run_in_threadpool(self._read, session_id, after, limit)
        if chat.lines or not wait:
            return chat
        with self._room():
            was = chat.held
            while not (chat.lines or chat.held != was or self._news.closed or await request.is_disconnected()):
                left = ends - monotonic()
                if left <= 0:
                    break
                heard = await self._rung(session_id, heard, min(left, _LOOK_SECONDS))
                chat = await run_in_threadpool(self._read, session_id, after, limit)
        return chat

    async def _rung(self, session_id: str, heard: int, seconds: float) -> int:
        """Wait for a chat's bell; returns how often it has rung by then."""
        name = chat_bell(_ours(session_id))
        await self._news.rung(name, heard, seconds)
        return self._news.heard(name)

    @contextmanager
    def _room(self) -> Iterator[None]:
        """A place among those that wait. Raises HTTPException, 503, where all are taken."""
        if self._waiting >= MOST_WAITING:
            raise HTTPException(503, "Too many requests wait for news", headers={"Retry-After": "2"})
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def _read(self, session_id: str, after: int, limit: int) -> ApiSession:
        ours = _ours(session_id)
        with self._app.store.reading() as db:
            session = self._app.store.session(db, ours, channel=CHANNEL)
        if not session.version:
            raise HTTPException(404, "There is no such chat")
        self._app.pending(ours)  # whoever reads the chat has been shown what waited for it
        lines = [line for line in self._app.store.transcript(ours, limit=limit) if line.id > after]
        return ApiSession(
            session_id=session_id, held=session.held_by is not None, lines=[_line(line) for line in lines]
        )


def _ours(session_id: str) -> str:
    """The chat's id inside: no caller can name a chat of another channel."""
    return f"{CHANNEL}-{session_id}"


class BearerKey(HTTPBearer):
    """Lets nobody by who does not bring the key."""

    def __init__(self, key: str) -> None:
        super().__init__(scheme_name="key", description="The key that `MUNSHI_API_KEY` holds.", auto_error=False)
        self._key = key.encode()

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials:
        """What was brought. Raises HTTPException, 401."""
        given = await super().__call__(request)
        if given is None or not hmac.compare_digest(given.credentials.encode("utf-8", "replace"), self._key):
            raise HTTPException(401, "The bearer key is missing or wrong", headers={"WWW-Authenticate": "Bearer"})
        return given


async def _say_what_is_wrong(_request: Request, error: Exception) -> Response:
    """One line that names the field; what was given is not repeated, which may be anything."""
    assert isinstance(error, RequestValidationError)  # it is the handler of nothing else
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part not in ("body", "path", "query"))
    return JSONResponse({"detail": f"{field or 'The request'}: {first['msg']}"}, 422)


async def _docs() -> Response:
    return FileResponse(_PAGE, headers={"Content-Security-Policy": _PAGE_POLICY})


def _line(line: Line) -> ApiLine:
    reply = from_json(Reply, line.reply) if line.reply else None
    return ApiLine(
        id=line.id,
        role=line.role,
        text=line.text,
        at=line.at,
        buttons=_buttons(reply),
        citations=_citations(reply),
        attachments=_files(reply),
    )


def _buttons(reply: Reply | None) -> list[ApiButton]:
    return [ApiButton(label=button.label) for button in (reply.buttons if reply else ())]


def _citations(reply: Reply | None) -> list[ApiCitation]:
    return [
        ApiCitation(source=each.source, title=each.title, page=each.page, quote=each.quote)
        for each in (reply.citations if reply else ())
    ]


def _files(reply: Reply | None) -> list[ApiFile]:
    return [ApiFile(**asdict(file), size=file.size) for file in (reply.attachments if reply else ())]
