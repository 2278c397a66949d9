"""Twilio's webhook: who is let in, what is kept, what is answered."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from munshi.bot.database import open_engine
from munshi.bot.incoming import Report
from munshi.bot.receiving import Receiver
from munshi.bot.store import Store
from munshi.bot.twilio.signature import HEADER, sign
from munshi.ui.twilio_webhook import MAX_FORM_BYTES, PATH, TwilioDoor, twilio_routes

URL, TOKEN = f"https://shop.example{PATH}", "12345"
FORM = {"MessageSid": "SM1", "From": "whatsapp:+919876543210", "Body": "hello & <b>"}


def client_for(engine: Engine, told: list[Report]) -> TestClient:
    store = Store(engine, "shop")
    receiver = Receiver(store, "twilio", tell=told.append)
    app = FastAPI()
    app.include_router(twilio_routes(TwilioDoor(receiver, TOKEN, URL, "Sorry & <goodbye>")))
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def told() -> list[Report]:
    return []


@pytest.fixture
def client(engine: Engine, told: list[Report]) -> TestClient:
    return client_for(engine, told)


def bring(client: TestClient, form: dict[str, str], query: str = "", signature: str | None = None):
    signed = sign(TOKEN, URL + query, form.items()) if signature is None else signature
    headers = {HEADER: signed, "content-type": "application/x-www-form-urlencoded"}
    return client.post(PATH + query, content=urlencode(form), headers=headers)


def kept(engine: Engine) -> int:
    with engine.begin() as db:
        return int(db.execute(text("SELECT count(*) FROM inbox")).scalar_one())


def test_a_message_is_kept_once_and_answered_with_nothing_yet(client: TestClient, engine: Engine) -> None:
    for _ in range(2):
        answer = bring(client, {**FORM, "Empty": ""})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/xml")
        assert "<Message>" not in answer.text
    assert kept(engine) == 1


@pytest.mark.parametrize("signature", ["", "x", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="])
def test_what_twilio_did_not_sign_is_not_kept(client: TestClient, engine: Engine, signature: str) -> None:
    assert bring(client, FORM, signature=signature).status_code == 403
    assert kept(engine) == 0


def test_a_status_finds_its_part_by_our_name_for_it(client: TestClient, told: list[Report]) -> None:
    assert bring(client, {"MessageSid": "SM9", "MessageStatus": "delivered"}, "?ref=r1").status_code == 200
    assert [(report.status, report.ref, report.provider_id) for report in told] == [("delivered", "r1", "SM9")]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"a=1&" * 2000, b"{}", b"%00=%FF"])
def test_no_body_breaks_it(client: TestClient, body: bytes) -> None:
    assert client.post(PATH, content=body, headers={HEADER: "x"}).status_code in (400, 403)


def test_a_form_has_its_limit(client: TestClient) -> None:
    assert client.post(PATH, content=b"x" * (MAX_FORM_BYTES + 1)).status_code == 413


def test_where_nothing_can_be_kept_the_customer_is_told(told: list[Report], tmp_path: Path) -> None:
    engine = open_engine("", home=tmp_path)
    client = client_for(engine, told)
    with engine.begin() as db:
        db.execute(text("DROP TABLE inbox"))
    answer = bring(client, FORM)
    assert answer.status_code == 200
    assert "<Message>Sorry &amp; &lt;goodbye&gt;</Message>" in answer.text
    engine.dispose()
