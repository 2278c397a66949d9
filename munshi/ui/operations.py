"""What a monitor asks: `/healthz` (is it alive), `/readyz` (can it work), `/metrics` (what it does)."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.app import App
from munshi.bot.metrics import waiting_messages

METRICS = "/metrics"

STUCK_SECONDS = 300.0
"""A message that has waited so long says that nobody works."""

_NOT_NOW = JSONResponse({"detail": "The database cannot be asked"}, 503)


def operations(app: App) -> APIRouter:
    """The routes. They hold up nothing: the database is asked in a thread."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    async def readyz() -> Response:
        found = await run_in_threadpool(_looked_into, app)
        ready = all(state.startswith("ok") for state in found.values())
        return JSONResponse({"status": "ok" if ready else "not ready", **found}, 200 if ready else 503)

    @routes.get(METRICS)
    async def metrics() -> Response:
        try:
            told = await run_in_threadpool(app.metrics.told, app.store)
        except SQLAlchemyError:
            return _NOT_NOW
        return Response(told, media_type=CONTENT_TYPE_LATEST)

    return routes


def _looked_into(app: App) -> dict[str, str]:
    looks: dict[str, Callable[[App], str]] = {"database": _database, "papers": _papers, "queue": _queue}
    return {name: _look(look, app) for name, look in looks.items()}


def _look(look: Callable[[App], str], app: App) -> str:
    try:
        return look(app)
    except SQLAlchemyError as error:  # its text is no business of who asks
        return f"cannot be asked ({type(error).__name__})"


def _database(app: App) -> str:
    with app.store.reading() as db:
        db.execute(text("SELECT 1"))
    return "ok"


def _papers(app: App) -> str:
    return f"ok, {len(app.library.retriever.index.passages)} passages"


def _queue(app: App) -> str:
    count, seconds = waiting_messages(app.store)
    state = "ok" if seconds < STUCK_SECONDS else "stuck"
    return f"{state}, {count} wait" + (f", the first for {seconds:.0f} s" if count else "")
