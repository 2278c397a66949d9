"""A process killed around the use of a right one-time code: the code and its transfer go together or not at all."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event, select

from munshi.bot.app import App, open_app
from munshi.bot.settings import load_settings
from munshi.handlers.customers import bind
from munshi.handlers.ledger import faults, journal
from munshi.handlers.otp import codes

BANK, CHAT = "dummy-bank", "code"
CODE = re.compile(r"\b\d{6}\b")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@pytest.fixture
def bank(home: Path, tmp_path: Path) -> Iterator[App]:
    database = f"sqlite:///{tmp_path / 'munshi.sqlite3'}"
    settings = load_settings(home=home, business=BANK, database_url=database)
    with open_app(settings) as app:
        yield app


def transfers(bank: App) -> int:
    with bank.store.reading() as db:
        assert faults(db, BANK) == []
        return len(db.execute(select(journal.c.id).where(journal.c.kind == "transfer")).all())


def killed_at(bank: App, statement: int, code: str, message: str) -> bool:
    """A process that gives the code and is killed before so many statements; whether it was, or came to the end."""
    child = os.fork()
    if child == 0:
        left = [statement]

        def die(*_: object) -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        bank.store.engine.dispose(close=False)
        event.listen(bank.store.engine, "before_cursor_execute", die)
        event.listen(bank.store.engine, "commit", die)
        bank.respond(code, session_id=CHAT, message_id=message)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_code_is_used_up_with_its_transfer_or_not_at_all(bank: App) -> None:
    with bank.store.engine.begin() as db:
        bind(db, BANK, CHAT, "AMC10001", datetime.now(UTC) + timedelta(hours=1))
    lost = 0
    for sums, statement in enumerate(range(0, 80, 4)):
        before = transfers(bank)
        for text in (f"send {6000 + sums} to maa from savings", "yes"):
            told = bank.respond(text, session_id=CHAT).reply.text
        assert CODE.search(told), told
        code, message = CODE.search(told).group(), f"code-{statement}"
        died = killed_at(bank, statement, code, message)
        moved = transfers(bank) - before
        with bank.store.reading() as db:
            used = db.execute(select(codes.c.used_at).order_by(codes.c.sent_at.desc())).first().used_at is not None
        assert used == (moved == 1)
        bank.respond(code, session_id=CHAT, message_id=message)  # delivered again, or answered from where it was left
        assert transfers(bank) - before == 1
        with bank.store.engine.begin() as db:
            db.execute(delete(codes))
            db.execute(journal.update().values(at=datetime.now(UTC) - timedelta(days=2 + sums)))
        lost += moved == 0
        if not died:
            break
    assert not died
    assert lost > 3
