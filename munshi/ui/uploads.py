"""Files from the chat window: kept under the browser's own chat, and answered there like any other message.

The body is the file itself and nothing else: there is no form to take apart, and no name of a file to trust.
"""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

from munshi.bot.app import App
from munshi.bot.state import SessionState, from_json
from munshi.handlers.attachments import MOST_BYTES
from munshi.handlers.base import Language
from munshi.ui.guards import session_of
from munshi.ui.owner_only import from_own_page

PATH = "/upload"

_SAID = {"sending": "attachment_sending", "too_large": "attachment_too_large", "failed": "attachment_not_sent"}

_AT_ONCE = 4
"""Uploads that are in memory at the same time; more wait."""


def upload_routes(app: App) -> APIRouter:
    """`POST /upload` of a business's chat window: 204 once the file was answered in the chat, taken or declined.

    `GET /upload` gives the sentences that the window itself says of it.
    """
    router = APIRouter(max_body_size=MOST_BYTES)
    room = asyncio.Semaphore(_AT_ONCE)

    @router.get(PATH)
    def wording(request: Request) -> dict[str, str]:
        """What the window says of an upload, in the language that its chat was last in; `{name}` is the file's."""
        language = _language(app, session_of(request.cookies))
        return {what: app.phrases(key, language, name="{name}") for what, key in _SAID.items()}

    @router.post(PATH)
    async def upload(request: Request) -> Response:
        session = session_of(request.cookies)
        if session is None or not from_own_page(request.headers):
            raise HTTPException(403, "A file can only be sent from the chat itself")
        name = unquote(request.headers.get("x-file-name", ""))
        async with room:
            content = await request.body()
            await run_in_threadpool(app.respond_to_file, content, session_id=session, name=name)
        return Response(status_code=204)

    return router


def _language(app: App, session_id: str | None) -> Language:
    if session_id is None:
        return "en"
    with app.store.reading() as db:
        session = app.store.session(db, session_id, channel="chat")
    return from_json(SessionState, session.state).language or "en"
