"""PostgreSQL itself stopped and started again: what was accepted is answered, and Munshi need not be started again."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select

from munshi.bot.app import App, open_app
from munshi.bot.crew import working
from munshi.bot.settings import load_settings
from munshi.bot.tables import inbox, outbox
from munshi.bot.whatsapp.signature import HEADER, sign
from munshi.ui.meta_stand_in import NUMBER, TOKEN, MetaStandIn
from munshi.ui.webhook import PATH, meta_door, meta_routes
from tests.servers.postgres_server import Mode, PostgresServer, binaries_of_postgres

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no other user to run PostgreSQL"),
]

SECRET = "app-secret"
CHATS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    binaries = binaries_of_postgres()
    if binaries is None:
        if os.environ.get("MUNSHI_REQUIRE_SERVICES") == "1":
            pytest.fail("there is no initdb, and MUNSHI_REQUIRE_SERVICES asks for one")
        pytest.skip("there is no initdb here: install PostgreSQL's server")
    with PostgresServer(binaries) as server:
        yield server


@pytest.fixture(scope="module")
def meta() -> Iterator[MetaStandIn]:
    with MetaStandIn() as meta:
        yield meta


@pytest.fixture(scope="module")
def shop(server: PostgresServer, meta: MetaStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    settings = load_settings(
        home=tmp_path_factory.mktemp("home"),
        encoder="none",
        database_url=server.url,
        settle_seconds=0,
        whatsapp_api=meta.address,
        whatsapp_token=SecretStr(TOKEN),
        whatsapp_phone_number_id=NUMBER,
        whatsapp_app_secret=SecretStr(SECRET),
        whatsapp_verify_token=SecretStr("word"),
    )
    with open_app(settings) as app, working(app):
        yield app


@pytest.fixture(scope="module")
def client(shop: App) -> TestClient:
    door = meta_door(shop)
    assert door is not None
    app = FastAPI()
    app.include_router(meta_routes(door))
    return TestClient(app, raise_server_exceptions=False)


def until(true: Callable[[], object], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.05)


def bring(client: TestClient, id: str, number: int) -> int:
    """Bring a message of one of the chats, as Meta does; the status of the answer."""
    message = {
        "from": f"91987654321{number % CHATS}",
        "id": id,
        "timestamp": str(1_700_000_000 + number),
        "type": "text",
        "text": {"body": f"what are your timings {number}"},
    }
    change = {"field": "messages", "value": {"metadata": {"phone_number_id": NUMBER}, "messages": [message]}}
    payload = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    body = json.dumps(payload).encode()
    return client.post(PATH, content=body, headers={HEADER: sign(SECRET, body)}).status_code


def is_taken(client: TestClient, id: str, number: int) -> bool:
    return bring(client, id, number) == 200


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_all_that_was_accepted_is_answered_once_after_the_database_was_restarted(
    server: PostgresServer, shop: App, client: TestClient, meta: MetaStandIn, mode: Mode
) -> None:
    names = [f"wamid.{mode}.{number}" for number in range(12)]
    before, during = names[:9], names[9:]
    accepted = [bring(client, id, number) for number, id in enumerate(before)]
    server.stop(mode)
    refused = [bring(client, id, number) for number, id in enumerate(during, start=len(before))]
    server.start()
    assert set(accepted) == {200}
    assert set(refused) == {503}  # Meta brings them again
    for number, id in enumerate(during, start=len(before)):
        until(partial(is_taken, client, id, number))
    assert {bring(client, id, number) for number, id in enumerate(names)} == {200}  # once more, for good measure
    until(lambda: all(shop.store.response(id) for id in names))
    until(lambda: not waiting(shop))

    with shop.store.reading() as db:
        chats = set(db.execute(select(inbox.c.session_id).where(inbox.c.message_id.in_(names))).scalars())
        refs = set(db.execute(select(outbox.c.ref).where(outbox.c.session_id.in_(chats))).scalars())
    assert len(chats) == CHATS
    for chat in chats:
        lines = shop.store.transcript(chat)
        assert [line.role for line in lines] == ["customer", "bot"] * (len(lines) // 2)
        said = [line.text for line in lines if line.role == "customer"][-len(names) // CHATS :]
        assert said == sorted(said, key=lambda text: int(text.split()[-1]))
        assert len(set(said)) == len(names) // CHATS
    assert refs == {sent.ref for sent in meta.sent}


def waiting(shop: App) -> bool:
    """Whether a part waits to be sent."""
    with shop.store.reading() as db:
        return db.execute(select(outbox.c.id).where(outbox.c.status == "waiting").limit(1)).first() is not None
