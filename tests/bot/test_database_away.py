"""A PostgreSQL that ends every connection: messages wait, and are answered once it takes new ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.app import App, open_app
from munshi.bot.crew import working
from munshi.bot.message import Message
from munshi.bot.settings import Settings
from tests.arriving import arrive

pytestmark = pytest.mark.services

MESSAGES = 24


def until(true: Callable[[], object], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.05)


def test_messages_outlast_the_connections_to_the_database(postgres: Engine, tmp_path: Path) -> None:
    with postgres.connect() as db:
        db.execute(text("CREATE SCHEMA away"))
    url = postgres.url.update_query_dict({"options": "-csearch_path=away"}).render_as_string(hide_password=False)
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    ended = threading.Event()

    def cut_off() -> None:
        while not ended.wait(0.3):
            with postgres.connect() as db:
                db.execute(cut)

    settings = Settings(home=tmp_path, database_url=url, encoder="none", settle_seconds=0)
    with open_app(settings) as app, working(app):
        cutting = threading.Thread(target=cut_off)
        cutting.start()
        try:
            for number in range(MESSAGES):
                message = Message("what are your timings", f"api-{number % 4}", "u1", "api", f"m{number}")
                until(lambda message=message: kept(app, message))
        finally:
            time.sleep(1)
            ended.set()
            cutting.join()
        until(lambda: all(app.store.response(f"m{number}") for number in range(MESSAGES)))
        for chat in range(4):
            roles = [line.role for line in app.transcript(f"api-{chat}")]
            assert roles == ["customer", "bot"] * (MESSAGES // 4)


def kept(app: App, message: Message) -> bool:
    """Whether a message was taken in; who brings it tries again, as Meta does."""
    try:
        arrive(app.store, [message])
    except SQLAlchemyError:
        return False
    return True
