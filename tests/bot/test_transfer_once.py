"""One confirmed transfer is one transfer, however many copies of the yes come in at once, from several processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from munshi.bot.app import App, open_app
from munshi.bot.message import Message
from munshi.bot.settings import Settings
from munshi.handlers.customers import bind
from munshi.handlers.ledger import faults, find_account, journal

BANK, CHAT = "dummy-bank", "s1"
COPIES, THREADS, PROCESSES = 250, 16, 4
"""Copies and threads of each process."""

NEW = 10
"""Every so manieth copy is a message of its own: the customer has pressed once more."""


def settings(url: str, home: str) -> Settings:
    return Settings(home=Path(home), database_url=url, encoder="none", business=BANK)


def say(app: App, text: str, id: str) -> str:
    response = app.assistant.respond(Message(text, CHAT, id=id))
    return response.reply.text if response.reply else ""


def copies(url: str, home: str, process: int) -> list[str]:
    """What one process answers to its copies of the yes: the same message delivered again, at times a new one."""
    with open_app(settings(url, home)) as app, ThreadPoolExecutor(THREADS) as pool:
        ids = ["yes" if number % NEW else f"yes-{process}-{number}" for number in range(COPIES)]
        return list(pool.map(lambda id: say(app, "yes", id), ids))


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_a_thousand_copies_of_a_yes_move_the_money_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'bank.sqlite3'}"
    if kind == "postgresql":
        postgres: Engine = request.getfixturevalue("postgres")
        with postgres.connect() as db:
            db.execute(text("CREATE SCHEMA once"))
        url = postgres.url.update_query_dict({"options": "-csearch_path=once"}).render_as_string(hide_password=False)
    with open_app(settings(url, str(tmp_path))) as app:
        with app.store.transaction() as db:
            bind(db, BANK, CHAT, "AMC10001", datetime.now(UTC) + timedelta(hours=1))
        assert "₹57" in say(app, "send Rs 57 to my landlord from savings", "form")
        with get_context("spawn").Pool(PROCESSES) as pool:
            answers = pool.starmap(copies, [(url, str(tmp_path), number) for number in range(PROCESSES)])
        assert sum(map(len, answers)) == COPIES * PROCESSES
        assert len({said for texts in answers for said in texts}) == 1
        with app.store.reading() as db:
            moved = db.execute(select(journal.c.reference).where(journal.c.kind == "transfer")).scalars().all()
            assert faults(db, BANK) == []
            savings = find_account(db, BANK, "AMV00014521")
        assert len(moved) == 1
        assert moved[0] in answers[0][0]
        assert savings is not None
        assert savings.balance_paise == 12_543_050 - 5_700
        verified = app.notary.verify().verified
        assert (verified.finding, verified.records) == (None, 2 + COPIES * PROCESSES // NEW)
