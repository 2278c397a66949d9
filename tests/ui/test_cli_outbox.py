"""`munshi outbox`, as the owner calls it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from munshi.bot.channel import Window
from munshi.bot.database import open_engine
from munshi.bot.keeper import Keeper
from munshi.bot.message import Message
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_rows import Queued
from munshi.bot.sender import Sender
from munshi.bot.settings import Settings
from munshi.bot.store import Store
from munshi.handlers.base import Reply
from munshi.ui.cli import cli
from tests.arriving import arrive
from tests.bot.messenger import Messenger, refused


def run(home: Path, *args: str) -> Result:
    return CliRunner().invoke(cli, ["outbox", *args], env={"MUNSHI_HOME": str(home)})


def listed(home: Path, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(home, "list", "--json", *args).stdout)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One part that was sent, one that was given up."""
    store = Store(open_engine("", home=Settings(home=tmp_path).business_home("auto-parts")), "auto-parts")
    messenger = Messenger(faults=[refused("dead", "131026")])
    arrive(store, [Message("hello", "s1", "9198", "messenger")])
    with store.transaction() as db:
        line = store.say(db, "s1", "bot", "one\ntwo")
        Outbox(store, {"messenger": messenger}).post(db, Queued("s1", "messenger", line), Reply("one\ntwo"), "en")
    sender = Sender(store, {"messenger": messenger}, Keeper(store))
    while sender.send_some():
        pass
    return store


def test_an_outbox_that_is_empty_says_so(tmp_path: Path) -> None:
    assert "Everything was sent" in run(tmp_path).stdout
    assert listed(tmp_path) == []


def test_what_was_given_up_is_listed_with_the_reason_and_shown_in_full(tmp_path: Path, store: Store) -> None:
    (dead,) = listed(tmp_path)
    assert (dead["status"], dead["code"], dead["session_id"]) == ("dead", "131026", "s1")
    assert dead["part"] == ""  # a list is no place for a customer's words
    assert "131026" in run(tmp_path).stdout
    assert [part["status"] for part in listed(tmp_path, "--all")] == ["dead", "sent"]
    shown = run(tmp_path, "show", str(dead["id"])).stdout
    assert "9198" in shown
    assert "one" in shown


def test_it_is_tried_again_or_dropped_as_the_owner_says(tmp_path: Path, store: Store) -> None:
    id = str(listed(tmp_path)[0]["id"])
    assert run(tmp_path, "drop", id).exit_code == 0
    assert listed(tmp_path) == []
    assert run(tmp_path, "retry", id).exit_code == 0
    messenger = Messenger()
    assert Sender(store, {"messenger": messenger}, Keeper(store)).send_some()
    assert messenger.texts == ["one"]
    refused_ = run(tmp_path, "retry", id)
    assert refused_.exit_code == 1
    assert len(refused_.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("given", ["99", "0", "-1", "x", "9" * 30])
def test_a_part_that_is_not_there_is_told_in_one_line(tmp_path: Path, given: str) -> None:
    done = run(tmp_path, "show", "--", given)
    assert done.exit_code in (1, 2)
    assert "Traceback" not in done.output


def test_a_held_part_tells_that_the_customer_was_asked_to_write(tmp_path: Path) -> None:
    store = Store(open_engine("", home=Settings(home=tmp_path).business_home("auto-parts")), "auto-parts")
    channels = {"messenger": Messenger(window=Window(timedelta(days=1), "131047", {"text": "TEMPLATE"}))}
    long_ago = datetime.now(UTC) - timedelta(days=2)
    arrive(store, [Message("hello", "s1", "9198", "messenger", timestamp=long_ago)])
    with store.transaction() as db:
        line = store.say(db, "s1", "person", "It is here")
        Outbox(store, channels).post(db, Queued("s1", "messenger", line, "person"), Reply("It is here"), "en")
    sender = Sender(store, channels, Keeper(store))
    while sender.send_some():
        pass
    (held,) = listed(tmp_path)
    assert (held["status"], held["code"], held["template"]["status"]) == ("held", "131047", "sent")
    assert [part["role"] for part in listed(tmp_path, "--all")] == ["person", "template"]
    for shown in (run(tmp_path).stdout, run(tmp_path, "show", str(held["id"])).stdout):
        assert f"part {held['template']['id']}: sent" in " ".join(shown.split())
