"""Meta's webhook: who is let in, what is kept, and that nothing breaks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Engine, text

from munshi.bot.app import App
from munshi.bot.database import open_engine
from munshi.bot.incoming import Report
from munshi.bot.outbox import Outbox
from munshi.bot.receiving import Receiver
from munshi.bot.settings import SettingsError
from munshi.bot.store import Store
from munshi.bot.whatsapp.signature import HEADER, sign
from munshi.ui.server import create_server
from munshi.ui.webhook import MAX_WEBHOOK_BYTES, PATH, MetaDoor, meta_door, meta_routes

SECRET = "app-secret"


class Told(list[Report]):
    """The statuses that came in."""


@pytest.fixture
def told() -> Told:
    return Told()


def door(store: Store, told: Told, **values: Any) -> TestClient:
    receiver = Receiver(store, "whatsapp", tell=told.append)
    app = FastAPI(max_body_size=1000)
    app.include_router(meta_routes(MetaDoor(receiver, SECRET, "agreed", **values)))
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def client(engine: Engine, told: Told) -> TestClient:
    return door(Store(engine, "shop"), told)


def bring(client: TestClient, payload: Any, **headers: str) -> int:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return client.post(PATH, content=body, headers={HEADER: sign(SECRET, body), **headers}).status_code


def wrapped(*messages: Any, **value: Any) -> dict[str, Any]:
    change = {"field": "messages", "value": {"messages": list(messages), **value}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


def words(id: str, said: str = "hello", sender: str = "919876543210") -> dict[str, Any]:
    return {"from": sender, "id": id, "timestamp": "1700000000", "type": "text", "text": {"body": said}}


def kept(engine: Engine) -> list[str]:
    with engine.begin() as db:
        return list(db.execute(text("SELECT message_id FROM inbox ORDER BY timestamp, received_at")).scalars())


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("hub.mode=subscribe&hub.verify_token=agreed&hub.challenge=1158201444", 200),
        ("hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1", 403),
        ("hub.mode=unsubscribe&hub.verify_token=agreed&hub.challenge=1", 403),
        ("hub.verify_token=agreed&hub.challenge=1", 403),
        ("hub.mode=subscribe&hub.verify_token=%F0%9F%98%80&hub.challenge=1", 403),
        ("", 403),
    ],
)
def test_the_handshake(client: TestClient, query: str, status: int) -> None:
    answer = client.get(f"{PATH}?{query}")
    assert answer.status_code == status
    if status == 200:
        assert answer.text == "1158201444"
        assert answer.headers["content-type"].startswith("text/plain")


def test_without_a_word_agreed_on_nobody_passes(engine: Engine, told: Told) -> None:
    receiver = Receiver(Store(engine, "shop"), "whatsapp", tell=told.append)
    app = FastAPI()
    app.include_router(meta_routes(MetaDoor(receiver, SECRET, "")))
    query = "hub.mode=subscribe&hub.verify_token=&hub.challenge=1"
    assert TestClient(app).get(f"{PATH}?{query}").status_code == 403


def test_what_meta_brings_is_kept_before_it_is_told_so(client: TestClient, engine: Engine) -> None:
    assert bring(client, wrapped(words("wamid.A", "नमस्ते"), words("wamid.B"))) == 200
    assert kept(engine) == ["wamid.A", "wamid.B"]


@pytest.mark.parametrize("signature", [None, "", "sha256=" + "0" * 64, "sha1=abc", "sha256="])
def test_what_nobody_signed_is_not_kept(client: TestClient, engine: Engine, signature: str | None) -> None:
    headers = {} if signature is None else {HEADER: signature}
    body = json.dumps(wrapped(words("wamid.A"))).encode()
    assert client.post(PATH, content=body, headers=headers).status_code == 403
    assert kept(engine) == []


def test_in_a_simulation_no_signature_is_asked_for(engine: Engine, told: Told) -> None:
    client = door(Store(engine, "shop"), told, unsigned=True)
    assert client.post(PATH, json=wrapped(words("wamid.A"))).status_code == 200
    assert kept(engine) == ["wamid.A"]


def test_a_repetition_is_the_same_message(client: TestClient, engine: Engine) -> None:
    for _ in range(3):
        assert bring(client, wrapped(words("wamid.A"), words("wamid.A"), words("wamid.B"))) == 200
    assert kept(engine) == ["wamid.A", "wamid.B"]


def test_statuses_are_passed_on(client: TestClient, told: Told) -> None:
    status = {"id": "wamid.O", "status": "read", "timestamp": "1700000000", "biz_opaque_callback_data": "r1"}
    assert bring(client, wrapped(statuses=[status, status])) == 200
    assert [(report.status, report.ref) for report in told] == [("read", "r1")] * 2


def test_a_payload_may_be_as_large_as_meta_sends_and_no_larger(client: TestClient, engine: Engine) -> None:
    room = MAX_WEBHOOK_BYTES - len(json.dumps(wrapped(words("wamid.A", ""))))
    assert bring(client, wrapped(words("wamid.A", "x" * room))) == 200
    assert bring(client, wrapped(words("wamid.B", "x" * (room + 1)))) == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(4):
            yield b" " * (MAX_WEBHOOK_BYTES // 3)

    assert client.post(PATH, content=pieces()).status_code == 413
    assert kept(engine) == ["wamid.A"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"7", b"null", b"\xff\xfe", b"<xml/>"])
def test_what_is_no_object_is_refused(client: TestClient, body: bytes) -> None:
    assert bring(client, body) == 400


def test_long_and_strange_ids_and_texts_are_kept(client: TestClient, engine: Engine) -> None:
    strange = [words("x" * 5000), words("nul\0l"), words("half \ud800", "\0 \ud83d"), words("رقم", "\u202eabc\u200b")]
    assert bring(client, wrapped(*strange, *strange)) == 200
    assert len(kept(engine)) == 4


def test_a_database_that_is_down_is_no_fault_of_the_payload(told: Told, tmp_path: Path) -> None:
    engine = open_engine("", home=tmp_path)
    client = door(Store(engine, "shop"), told)
    with engine.begin() as db:
        db.execute(text("DROP TABLE inbox"))
    assert bring(client, wrapped(words("wamid.A"))) == 503
    engine.dispose()


def shop_with(shop: App, **values: Any) -> App:
    channel: Any = object()
    outbox = Outbox(shop.store, {"whatsapp": channel})
    return replace(shop, settings=shop.settings.model_copy(update=values), outbox=outbox)


def test_the_route_is_there_where_whatsapp_is_set_up_and_never_without_a_secret(shop: App) -> None:
    word, secret = SecretStr("agreed"), SecretStr(SECRET)
    assert meta_door(shop) is None
    with pytest.raises(SettingsError, match="MUNSHI_WHATSAPP_APP_SECRET"):
        meta_door(shop_with(shop, whatsapp_verify_token=word))
    with pytest.raises(SettingsError, match="this computer"):
        meta_door(shop_with(shop, host="0.0.0.0"), insecure_simulator=True)
    with pytest.raises(SettingsError, match="MUNSHI_WHATSAPP_TOKEN"):
        meta_door(shop, insecure_simulator=True)
    simulated = meta_door(shop_with(shop), insecure_simulator=True)
    assert simulated is not None
    assert simulated.unsigned
    signed = meta_door(shop_with(shop, whatsapp_app_secret=secret), insecure_simulator=True)
    assert signed is not None
    assert not signed.unsigned


def test_the_shops_server_takes_in_what_meta_brings(shop: App) -> None:
    open_shop = shop_with(shop, whatsapp_app_secret=SecretStr(SECRET), whatsapp_verify_token=SecretStr("agreed"))
    with TestClient(create_server(open_shop)) as client:
        query = "hub.mode=subscribe&hub.verify_token=agreed&hub.challenge=7"
        assert client.get(f"{PATH}?{query}").text == "7"
        assert bring(client, wrapped(words("wamid.shop", "x" * 200_000))) == 200
    with TestClient(create_server(shop)) as client:
        assert client.get(f"{PATH}?{query}").status_code == 404


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=25,
)
SENDERS = st.sampled_from(["919876543210", "IN.123", "", None]) | JSON
MESSAGES = st.fixed_dictionaries(
    {"from": SENDERS, "id": st.text() | JSON, "timestamp": JSON},
    optional={
        "type": st.sampled_from(["text", "image", "system", "reaction", "order"]),
        "text": JSON | st.fixed_dictionaries({"body": st.text()}),
        "image": JSON,
        "system": st.dictionaries(st.sampled_from(["type", "wa_id", "user_id", "body"]), SENDERS | st.text()) | JSON,
        "context": JSON,
        "anything": JSON,
    },
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Engine]]:
    engine = open_engine("", home=tmp_path_factory.mktemp("fuzzed"))
    yield door(Store(engine, "shop"), Told()), engine
    engine.dispose()


@given(value=JSON)
def test_no_json_breaks_it(fuzzed: tuple[TestClient, Engine], value: Any) -> None:
    assert bring(fuzzed[0], json.dumps(value).encode()) in (200, 400)


@given(body=st.binary())
def test_no_bytes_break_it(fuzzed: tuple[TestClient, Engine], body: bytes) -> None:
    assert bring(fuzzed[0], body) in (200, 400)


OTHERS = st.lists(MESSAGES | JSON, max_size=3)


@given(before=OTHERS, after=OTHERS, number=st.integers(0, 10**30))
def test_a_good_message_among_any_others_is_kept(
    fuzzed: tuple[TestClient, Engine], before: list[Any], after: list[Any], number: int
) -> None:
    client, engine = fuzzed
    assert bring(client, wrapped(*before, words(f"good-{number}"), *after)) == 200
    with engine.begin() as db:
        row = db.execute(text("SELECT 1 FROM inbox WHERE message_id = :id"), {"id": f"good-{number}"}).first()
    assert row is not None
