from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.app import open_app
from munshi.bot.database import open_engine
from munshi.bot.incoming import Delivery, Incoming, Said
from munshi.bot.incoming import Sender as SomeOne
from munshi.bot.keeper import Keeper
from munshi.bot.logs import start_logging
from munshi.bot.receiving import Receiver, teller
from munshi.bot.sender import Sender
from munshi.bot.settings import Settings
from munshi.bot.tracing import tracing
from munshi.bot.worker import Worker
from tests.bot.messenger import Messenger


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    kept, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = kept
    logging.root.setLevel(level)


def test_what_is_private_never_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("info")
    logging.getLogger("munshi.test").info("card %s of %s", "4111 1111 1111 1111", "meena@example.com")
    try:
        raise ValueError("aadhaar 2341 2341 2346 was given")
    except ValueError:
        logging.getLogger("another.library").exception("it failed")
    logged = capsys.readouterr().err
    assert "it failed" in logged
    assert not any(private in logged for private in ("4111 1111", "meena@", "2341 2341 2346"))


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("error")
    logging.getLogger("munshi.test").warning("nothing to see")
    assert capsys.readouterr().err == ""


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_in_json_every_line_is_one_object_and_masked_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("info", "json")
    with tracing("abc"):
        logging.getLogger("munshi.test").info("first\nsecond 4111 1111 1111 1111", extra={"who": "meena@example.com"})
    try:
        raise ValueError("card 4111 1111 1111 1111")
    except ValueError:
        logging.getLogger("munshi.test").exception("it failed")
    first, second = lines(capsys)
    assert (first["trace"], first["level"], first["logger"]) == ("abc", "info", "munshi.test")
    assert "trace" not in second
    assert "ValueError" in second["error"]
    assert not any(private in json.dumps([first, second]) for private in ("4111 1111", "meena@"))


def test_a_message_can_be_followed_from_its_arrival_to_its_reply(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    messenger = Messenger()
    channels: Any
    with open_app(Settings(home=tmp_path, encoder="none", settle_seconds=0)) as app:
        channels = app.outbox.channels
        channels["messenger"] = messenger
        start_logging("info", "json")
        said = Said("text", "what are your timings")
        asked = Incoming("m1", SomeOne(phone="919820012345"), datetime.now(UTC), said)
        Receiver(app.store, "messenger", tell=teller(app.outbox)).take(Delivery((asked,)))
        keeper = Keeper(app.store)
        assert Worker(app.store, app, channels, keeper).answer_one()
        Sender(app.store, channels, keeper).send_some()
    told = lines(capsys)
    received = next(line for line in told if line["message"] == "Received a message")
    mine = [line for line in told if line.get("trace") == received["trace"]]
    answered = next(line for line in mine if line["message"] == "Answered a message")
    assert answered["handler"] == "hours_location"
    queued = {line["ref"] for line in mine if line["message"] == "Queued a part"}
    assert queued == {line["ref"] for line in told if line["message"] == "Sent a part"} != set()
    assert "timings" not in json.dumps(told)
    assert "98200" not in json.dumps(told)


def test_a_statement_that_fails_is_logged_without_its_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, name = open_engine("", home=tmp_path), "Asha"
    start_logging("error")
    try:
        with engine.begin() as db:
            db.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": name})
    except SQLAlchemyError:
        logging.getLogger("munshi.test").exception("it failed")
    engine.dispose()
    logged = capsys.readouterr().err
    assert "nowhere" in logged
    assert name not in logged
