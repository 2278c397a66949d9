"""Photos that a customer sends in the chat window: taken, declined, and part of a return."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from munshi.bot.app import App, open_app
from munshi.bot.inbox import Inbox
from munshi.bot.settings import Settings, load_settings
from munshi.handlers.attachments import MOST_BYTES, MOST_FILES, files_of
from munshi.handlers.base import Language
from munshi.ui.guards import COOKIE
from munshi.ui.server import MAX_BODY_BYTES, create_server
from tests.pictures import picture


@pytest.fixture(scope="module")
def client(shop: App) -> Iterator[TestClient]:
    with TestClient(create_server(shop)) as client:
        yield client


@pytest.fixture
def browser(client: TestClient, token: str) -> TestClient:
    client.cookies.clear()
    client.cookies.set(COOKIE, token)
    return client


def kept(shop: App, token: str) -> list[tuple[str, str, bytes]]:
    with shop.store.reading() as db:
        found = files_of(db, shop.store.business, f"web-{token}")
        return [(file.name, file.mime_type, file.content) for file in found]


def replies(shop: App, token: str) -> list[str]:
    return [line.text for line in shop.transcript(f"web-{token}") if line.role == "bot"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_kept_sealed_under_its_chat_and_answered(
    browser: TestClient, shop: App, token: str, kind: str
) -> None:
    content = picture(kind=kind)
    answer = browser.post("/upload", content=content, headers={"x-file-name": "..%2F..%2Fbroken%20%F0%9F%98%80.jpg"})
    assert answer.status_code == 204
    assert [file[2] for file in kept(shop, token)] == [content]
    assert kept(shop, token)[0][0].startswith("broken.")
    assert len(replies(shop, token)) == 1
    with shop.store.reading() as db:
        raw = str(db.execute(text("SELECT content, name FROM attachments")).all())
    assert "broken" not in raw


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<script>alert(1)</script>",
        b"GIF89a" + bytes(40),
        b"\xff\xd8\xff\xe0 not a photo",
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"RIFF\x00\x00\x00\x00WEBP",
        b"PK\x03\x04",
    ],
)
def test_what_is_no_photo_is_declined_in_the_chat(browser: TestClient, shop: App, token: str, content: bytes) -> None:
    assert browser.post("/upload", content=content).status_code == 204
    assert kept(shop, token) == []
    assert len(replies(shop, token)) == 1


def test_only_the_chat_itself_may_send_one(browser: TestClient, shop: App, token: str) -> None:
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        assert browser.post("/upload", content=picture(), headers=headers).status_code == 403
    browser.cookies.clear()
    assert browser.post("/upload", content=picture()).status_code == 403
    assert kept(shop, token) == []


@pytest.mark.parametrize(
    ("said", "language"),
    [("", "en"), ("clutch plate ka rate kya hai bhai", "hinglish"), ("क्लच प्लेट का दाम क्या है", "hi")],
)
def test_what_the_window_says_of_a_file_is_in_the_chats_language(
    browser: TestClient, shop: App, token: str, said: str, language: Language
) -> None:
    if said:
        shop.respond(said, session_id=f"web-{token}")
    told = browser.get("/upload").json()
    assert told["too_large"] == shop.phrases("attachment_too_large", language)
    assert told["failed"] == shop.phrases("attachment_not_sent", language)
    assert told["sending"].count("{name}") == 1


def test_a_browser_without_a_chat_is_told_in_english(browser: TestClient, shop: App) -> None:
    browser.cookies.clear()
    assert browser.get("/upload").json()["failed"] == shop.phrases("attachment_not_sent", "en")


def test_a_large_file_is_refused_and_every_other_path_keeps_its_limit(
    browser: TestClient, shop: App, token: str
) -> None:
    assert browser.post("/upload", content=bytes(MOST_BYTES + 1)).status_code == 413
    assert browser.post("/upload", content=iter([bytes(MOST_BYTES), b"x"])).status_code == 413
    assert browser.post("/new", content=bytes(MAX_BODY_BYTES + 1)).status_code in (303, 413)
    assert browser.post("/gradio_api/queue/join", content=bytes(MAX_BODY_BYTES + 1)).status_code == 413
    assert browser.post("/gradio_api/upload", content=picture()).status_code == 404
    assert kept(shop, token) == []


def test_the_same_photo_twice_is_one_and_a_chat_does_not_fill_the_disk(
    browser: TestClient, shop: App, token: str
) -> None:
    for number in [0, 0, *range(1, MOST_FILES + 3)]:
        browser.post("/upload", content=b"%PDF-1.7 " + str(number).encode())
    assert len(kept(shop, token)) == MOST_FILES


@pytest.mark.parametrize("by_writing", [True, False])
def test_whoever_writes_or_sends_too_much_cannot_fill_the_disk(tmp_path: Path, token: str, by_writing: bool) -> None:
    settings = load_settings(home=tmp_path, business="auto-parts", encoder="none", user_rate="3/hour")
    with open_app(settings) as app, TestClient(create_server(app)) as browser:
        browser.cookies.set(COOKIE, token)
        for number in range(3):
            if by_writing:
                app.respond("what are your timings", session_id=f"web-{token}")
            else:
                assert browser.post("/upload", content=b"%PDF-1.7 " + str(number).encode()).status_code == 204
        before = len(kept(app, token))
        assert browser.post("/upload", content=picture()).status_code == 204
        assert len(kept(app, token)) == before == (0 if by_writing else 3)
        assert replies(app, token)[-1] == app.phrases("too_many_messages", "en")
        with app.store.transaction() as db:  # a person does not make it more
            app.store.hold(db, f"web-{token}", "Asha")
        browser.post("/upload", content=picture())
        assert len(kept(app, token)) == before


PHONE = "9000000198"


@pytest.fixture(scope="module")
def returning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The demo shop with an order that was delivered yesterday."""
    home = tmp_path_factory.mktemp("returns")
    settings: Settings = load_settings(home=home, business="auto-parts", encoder="none")
    with open_app(settings) as app:
        yesterday = (datetime.now(app.business.profile.timezone) - timedelta(days=1)).date().isoformat()
        with app.store.transaction() as db:
            for number in ("NAS-20439", "NAS-20446"):
                db.execute(
                    text("UPDATE orders SET status = 'delivered', phone = :phone, extra = :extra WHERE key = :key"),
                    {"phone": PHONE, "extra": f'{{"delivered_on": "{yesterday}"}}', "key": number.replace("-", "")},
                )
        yield app


@pytest.mark.parametrize(
    ("opening", "number", "details"),
    [
        ("register a return for order {}", "NAS-20439", "it is cracked"),
        ("{} wapas karna hai", "NAS-20446", "toota hua hai"),
    ],
)
def test_a_return_has_the_photo_that_was_sent_in_its_form(
    returning: App, tmp_path: Path, token: str, opening: str, number: str, details: str
) -> None:
    chat = f"web-{token}"

    def say(words: str) -> str:
        reply = returning.respond(words, session_id=chat).reply
        assert reply is not None
        return reply.text

    say(opening.format(number))
    say(PHONE)
    say("1")
    assert "photo" in say(details)
    with TestClient(create_server(returning)) as client:
        client.cookies.set(COOKIE, token)
        assert client.post("/upload", content=picture(), headers={"x-file-name": "crack.jpg"}).status_code == 204
    shown = returning.transcript(chat)[-1].text
    assert number in shown
    assert "photo" in shown
    assert "photo" in say("haan")
    box = Inbox(returning.store)
    ticket = box.tickets()[-1]
    (file,) = box.files(ticket.reference)
    assert ticket.form["photo"] == file.saved_as
    assert file.name == "crack.jpg"
