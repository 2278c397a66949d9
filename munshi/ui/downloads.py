"""What a reply holds beyond its words, as a file that its own chat alone may fetch: a loan's repayment table as CSV.

The file is made of the reply that the transcript keeps: nothing more is stored, and erasing the chat erases it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request, Response

from munshi.bot.app import App
from munshi.ui.guards import session_of

_COLUMNS = ("month", "instalment", "interest", "principal", "balance")
_MOST_ID = 2**63 - 1


def download_routes(app: App) -> APIRouter:
    """`GET /files/{line}`: the file of a line of the browser's own chat, 404 for every other."""
    router = APIRouter()

    @router.get("/files/{line}")
    def download(line: Annotated[int, Path(ge=1, le=_MOST_ID)], request: Request) -> Response:
        session = session_of(request.cookies)
        lines = app.transcript(session) if session else []
        reply = next((each.reply for each in lines if each.id == line), None)
        table = repayment_csv(reply or {})
        if table is None:
            raise HTTPException(404, "Not found")
        headers = {"Content-Disposition": 'attachment; filename="repayment-table.csv"', "Cache-Control": "no-store"}
        return Response(table, media_type="text/csv; charset=utf-8", headers=headers)

    return router


def repayment_csv(reply: Mapping[str, Any]) -> str | None:
    """Every instalment of a reply that tells of a loan, in whole currency units; None where it tells of none."""
    rows = (reply.get("data") or {}).get("schedule")
    if not rows:
        return None
    written = StringIO()
    table = csv.writer(written)
    table.writerow(_COLUMNS)
    table.writerows((number, *(f"{paise // 100}.{paise % 100:02}" for paise in sums)) for number, *sums in rows)
    return written.getvalue()
