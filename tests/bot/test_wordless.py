"""Messages that are no words, through the real assistant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from munshi.bot.app import App, open_app
from munshi.bot.message import Media, Message
from munshi.bot.response import Response
from munshi.bot.settings import load_settings


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home: Path = tmp_path_factory.mktemp("home")
    with open_app(load_settings(home=home, business="auto-parts", encoder="none")) as app:
        yield app


@pytest.fixture
def chat() -> str:
    return uuid4().hex


def send(app: App, chat: str, text: str = "", **values: Any) -> Response:
    return app.assistant.respond(Message(text, chat, "9198", **values))


@pytest.mark.parametrize("kind", ["reaction", "system", "group", "revoke"])
def test_what_wants_no_answer_gets_none_and_is_kept(app: App, chat: str, kind: str) -> None:
    send(app, chat, "where is my order")
    response = send(app, chat, kind=kind, extra={"emoji": "👍"})
    assert (response.reply, response.route) == (None, "noted")
    assert kind in app.transcript(chat)[-1].text
    assert "NAS-20433" in send(app, chat, "NAS-20433").reply.text  # the form is as it was


@pytest.mark.parametrize(
    "kind", ["image", "video", "document", "sticker", "audio", "voice", "location", "contacts", "unsupported"]
)
def test_what_cannot_be_read_is_told_so(app: App, chat: str, kind: str) -> None:
    response = send(app, chat, kind=kind, media=(Media("1", "x/y", "bill.pdf"),), extra={"odd": [1]})
    assert response.reply is not None
    assert response.reply.text
    assert response.route == "fallback"
    assert app.transcript(chat)[0].text.startswith(f"[{kind}")


def test_a_caption_is_read_as_a_message(app: App, chat: str) -> None:
    response = send(app, chat, "do you have this brake pad for swift", kind="image", media=(Media("1", "image/jpeg"),))
    assert response.handler == "stock_price"


def test_a_button_counts_by_its_value_however_its_label_was_cut(app: App, chat: str) -> None:
    offered = send(app, chat, "how do i tune a radio telescope").reply.buttons
    (person,) = [button for button in offered if button.value.startswith("person")]
    assert send(app, chat, "Talk to…", pressed=person.value, kind="button").reply.handover
