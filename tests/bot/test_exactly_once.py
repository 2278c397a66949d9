"""One confirmed request has one effect, however many copies of the yes come in, from however many processes."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import Engine

from munshi.bot.app import App, open_app
from munshi.bot.audit_verify import Verified
from munshi.bot.message import Message
from munshi.bot.settings import Settings
from munshi.handlers.tickets import list_tickets

COPIES, THREADS, PROCESSES = 20, 4, 3
CHAT = "s1"


def say(app: App, text: str, id: str) -> str:
    response = app.assistant.respond(Message(text, CHAT, id=id))
    return response.reply.text if response.reply else ""


def ask_for_a_call(app: App) -> str:
    """A form filled in up to its confirmation."""
    for number, text in enumerate(("please ring me back", "Asha", "9820012345")):
        say(app, text, f"form-{number}")
    return say(app, "Evening", "form-last")


def open_shop(url: str, home: str) -> App:
    os.environ["MUNSHI_HOME"] = home
    opened = open_app(Settings(database_url=url, encoder="none", user_rate=""))
    return opened.__enter__()


def copies(url: str, home: str, process: int) -> list[str]:
    """What one process answers to its copies of the yes, each under an id of its own."""
    app = open_shop(url, home)
    ids = [f"yes-{process}-{number}" for number in range(COPIES)]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda id: say(app, "yes", id), ids))


def looked_over(app: App) -> Verified:
    return app.notary.verify().verified


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_a_yes_that_comes_many_times_is_one_yes(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.sqlite3'}"
    if kind == "postgresql":
        postgres: Engine = request.getfixturevalue("postgres")
        url = postgres.url.render_as_string(hide_password=False)
    with open_app(Settings(home=tmp_path, database_url=url, encoder="none")) as app:
        ask_for_a_call(app)
        with get_context("spawn").Pool(PROCESSES) as pool:
            answers = pool.starmap(copies, [(url, str(tmp_path), number) for number in range(PROCESSES)])
        said = {text for texts in answers for text in texts}
        with app.store.reading() as db:
            tickets = list_tickets(db, app.business.key)
        assert len(said) == 1
        assert [ticket.form["phone"] for ticket in tickets] == ["+919820012345"]
        verified = looked_over(app)
        assert (verified.finding, verified.records) == (None, 4 + COPIES * PROCESSES)


def test_an_older_yes_is_not_a_yes_to_what_was_shown_since(tmp_path: Path) -> None:
    with open_app(Settings(home=tmp_path, encoder="none")) as app:
        ask_for_a_call(app)
        done = say(app, "yes", "yes-1")
        say(app, "what are your timings", "other")
        again = say(app, "yes", "yes-2")
        with app.store.reading() as db:
            assert len(list_tickets(db, app.business.key)) == 1
        assert again != done
