"""What a monitor is told: alive, ready, and the figures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update
from starlette.testclient import TestClient

from munshi.bot.app import App, open_app
from munshi.bot.message import Message
from munshi.bot.settings import Settings
from munshi.bot.tables import inbox
from munshi.ui.server import create_server
from tests.arriving import arrive


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with open_app(Settings(home=tmp_path_factory.mktemp("home"), encoder="none")) as app:
        yield app


@pytest.fixture
def here(app: App) -> Iterator[TestClient]:
    with TestClient(create_server(app), base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
        yield client


def figures(told: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()) if sample.name[-7:] != "_bucket")): (
            sample.value
        )
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


def test_a_server_in_order_is_alive_and_ready(here: TestClient) -> None:
    assert here.get("/healthz").json() == {"status": "ok"}
    ready = here.get("/readyz")
    assert ready.status_code == 200
    assert {"database", "papers", "queue"} <= set(ready.json())


def test_what_waits_too_long_is_told(here: TestClient, app: App) -> None:
    arrive(app.store, [Message("hello", "ops-1", "u", "api", "ops-1")])
    assert here.get("/readyz").status_code == 200
    with app.store.transaction() as db:
        past = datetime.now(UTC) - timedelta(hours=1)
        db.execute(update(inbox).where(inbox.c.message_id == "ops-1").values(received_at=past))
    stuck = here.get("/readyz")
    assert (stuck.status_code, stuck.json()["queue"].partition(",")[0]) == (503, "stuck")
    found = figures(here.get("/metrics").text)
    assert found["munshi_queue_depth", "inbox", "waiting"] == 1
    assert found["munshi_queue_oldest_seconds",] > 3000
    app.answer(Message("hello", "ops-1", "u", "api", "ops-1"))


def test_turns_are_counted_and_nothing_of_a_customer_is(here: TestClient, app: App) -> None:
    before = figures(here.get("/metrics").text)
    app.respond("what are your timings, my number is 9820012345", session_id="ops-2")
    app.respond("I want to talk to a person", session_id="ops-2")
    told = here.get("/metrics").text
    after = figures(told)
    more = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
    assert sum(value for name, value in more.items() if name[0] == "munshi_turns_total") == 2
    assert more["munshi_handovers_total",] == 1
    for stage in ("understand", "classify", "decide", "record", "turn"):
        assert ("munshi_stage_seconds_count", stage) in more
    assert "98200" not in told
    assert not re.search("timings", told)


def test_the_figures_are_the_owners(app: App) -> None:
    with TestClient(create_server(app), base_url="http://shop.example", client=("10.0.0.9", 1)) as stranger:
        assert stranger.get("/metrics").status_code == 404
        assert stranger.get("/healthz").status_code == 200


def test_a_database_that_is_away_is_told_without_a_word_of_it(tmp_path: Path) -> None:
    with open_app(Settings(home=tmp_path, encoder="none")) as app:
        server = create_server(app)
        with app.store.transaction() as db:
            inbox.drop(db)
        with TestClient(server, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as here:
            ready = here.get("/readyz")
            assert ready.status_code == 503
            assert "SELECT" not in ready.text
            assert here.get("/metrics").status_code == 503
            assert here.get("/healthz").status_code == 200


COUNT = """
import sys
from munshi.bot.app import open_app
from munshi.bot.settings import Settings
with open_app(Settings(home=sys.argv[1], encoder="none"), catch_up=False) as app:
    app.respond("what are your timings", session_id=sys.argv[2])
    print(app.metrics.told(app.store).decode())
"""


def test_processes_of_one_machine_count_together(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    for number in (1, 2):
        done = subprocess.run(
            [sys.executable, "-c", COUNT, str(tmp_path), f"s{number}"], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        found = figures(done.stdout)
        assert sum(value for name, value in found.items() if name[0] == "munshi_turns_total") == number
