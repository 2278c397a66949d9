"""The files of a reply, for the chat that asked for them alone: a bill, a loan's repayment table."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Path, Request, Response

from munshi.bot.app import App
from munshi.bot.state import from_json
from munshi.handlers.base import Reply
from munshi.handlers.reply_file import ReplyFile
from munshi.ui.guards import session_of

_MOST_ID = 2**63 - 1
_MOST_FILES = 99


def download_routes(app: App) -> APIRouter:
    """`GET /files/{line}/{number}`: a file, from 1 on, of a line of the browser's own chat; 404 for every other."""
    router = APIRouter()

    @router.get("/files/{line}/{number}")
    def download(
        line: Annotated[int, Path(ge=1, le=_MOST_ID)],
        number: Annotated[int, Path(ge=1, le=_MOST_FILES)],
        request: Request,
    ) -> Response:
        session = session_of(request.cookies)
        files = _files_of(app, session, line) if session else ()
        if number > len(files):
            raise HTTPException(404, "Not found")
        file = files[number - 1]
        named = f"attachment; filename*=utf-8''{quote(file.name, safe='')}"
        headers = {"Content-Disposition": named, "Cache-Control": "no-store"}
        return Response(file.data, media_type=file.mime_type, headers=headers)

    return router


def _files_of(app: App, session: str, id: int) -> tuple[ReplyFile, ...]:
    reply = next((line.reply for line in app.transcript(session) if line.id == id), None)
    return from_json(Reply, reply).attachments if reply else ()
