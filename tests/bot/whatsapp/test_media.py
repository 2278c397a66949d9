"""Files that customers send: fetched over real HTTP from a stand-in for Meta, checked, kept; voice notes in words."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from munshi.bot.fetching import FAULT, Fetcher
from munshi.bot.message import Media, Message
from munshi.bot.settings import SettingsError, load_settings
from munshi.bot.store import Store
from munshi.bot.transcribe import open_transcriber
from munshi.bot.whatsapp.client import WhatsApp
from munshi.bot.whatsapp.media import MediaError, fetch
from munshi.bot.wordless import answer_key
from munshi.handlers.attachments import MOST_BYTES, AttachmentError, files_of, keep
from munshi.handlers.sealing import destroy_key
from munshi.ui.meta_messages import File
from munshi.ui.meta_stand_in import MetaStandIn
from tests.pictures import picture

PDF, JPEG = b"%PDF-1.7 a bill", picture()


class Whisper(BaseHTTPRequestHandler):
    """A transcription server that hears what its server's `says` is."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, body))  # type: ignore[attr-defined]
        answer = self.server.says  # type: ignore[attr-defined]
        self.send_response(200 if answer is not None else 500)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def whisper() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), Whisper)
    server.heard, server.says = [], {"text": " where is my order "}
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def message(kind: str, id: str, **values: Any) -> Message:
    return Message("", "s1", "9198", "whatsapp", kind=kind, media=(Media(id, "image/jpeg", **values),))


@pytest.fixture
def fetcher(store: Store, whatsapp: WhatsApp) -> Fetcher:
    return Fetcher(store, {"whatsapp": whatsapp}, None)


def test_a_photo_is_kept_under_its_chat_and_sealed(fetcher: Fetcher, meta: MetaStandIn, store: Store) -> None:
    sent = message("image", meta.store(File(JPEG, "image/jpeg")), name="../../my part.jpeg")
    found = fetcher(sent)
    assert fetcher(sent) == found  # after a crash, say
    with store.transaction() as db:
        (file,) = files_of(db, "shop", "s1")
        assert (file.id,) == found.attachments
        assert (file.content, file.mime_type, file.name) == (JPEG, "image/jpeg", "my part.jpg")
        assert "photo" not in db.execute(text("SELECT content || name FROM attachments")).scalar_one()
        destroy_key(db, "shop", "s1")
        assert [file.content for file in files_of(db, "shop", "s1")] == [b""]
    assert answer_key(found) == "attachment_kept"


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"<html>", "attachment_type"),
        (b"", "attachment_type"),
        (b"MZ a program", "attachment_type"),
        (b"%PDF-" + b"x" * MOST_BYTES, "attachment_too_large"),
    ],
)
def test_what_is_no_photo_and_no_pdf_is_declined(fetcher: Fetcher, meta: MetaStandIn, content: bytes, key: str) -> None:
    found = fetcher(message("document", meta.store(File(content, "application/pdf"))))
    assert found.extra[FAULT] == answer_key(found) == key
    assert found.attachments == ()


def test_a_file_that_is_gone_is_asked_for_again(fetcher: Fetcher, meta: MetaStandIn) -> None:
    assert answer_key(fetcher(message("image", "nothing"))) == "attachment_unavailable"
    meta.faults.append(500)
    kept = meta.store(File(PDF, "application/pdf"))
    assert answer_key(fetcher(message("document", kept))) == "attachment_unavailable"
    assert fetcher(message("document", kept)).attachments


def test_no_fault_can_be_told_from_outside() -> None:
    for told in ("error_apology", {}, ["x"], None):
        assert answer_key(replace(message("image", "1"), extra={FAULT: told})) == "attachment_unsupported"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x", "http://lookaside.fbsbx.com/x", "https://fbsbx.com.evil.example/x", "file:///etc/passwd",
        "https://evilfbsbx.com/x", "http://127.0.0.1:1/x", "https://lookaside.fbsbx.com@evil.example/x", "", "http://[",
    ],
)  # fmt: skip
def test_the_token_is_shown_to_nobody_but_meta(url: str) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"url": url})

    http = httpx.Client(base_url="https://graph.facebook.com/v26.0", transport=httpx.MockTransport(answer))
    with pytest.raises(MediaError):
        fetch(http, Media("1", ""), most=100)
    assert len(asked) == 1


def test_bytes_that_are_not_what_was_promised_are_not_taken(whatsapp: WhatsApp, meta: MetaStandIn) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/1"):
            url = "https://lookaside.fbsbx.com/x"
            return httpx.Response(200, json={"url": url, "sha256": hashlib.sha256(b"other").hexdigest()})
        return httpx.Response(200, content=b"this")

    http = httpx.Client(base_url="https://graph.facebook.com/v26.0", transport=httpx.MockTransport(answer))
    with pytest.raises(MediaError):
        fetch(http, Media("1", ""), most=100)
    held = meta.store(File(PDF, "application/pdf"))
    assert whatsapp.fetch(Media(held, "", sha256="sQ=="), most=100) == PDF  # what Meta says last is what counts


def test_a_voice_note_becomes_words_where_somebody_can_hear_it(
    store: Store, whatsapp: WhatsApp, meta: MetaStandIn, whisper: Any
) -> None:
    url = f"http://127.0.0.1:{whisper.server_port}/v1"
    transcriber = open_transcriber(load_settings(transcribe_url=url, transcribe_model="base"))
    voice = message("voice", meta.store(File(b"OggS sound", "audio/ogg; codecs=opus")))
    hearing = Fetcher(store, {"whatsapp": whatsapp}, transcriber)
    assert hearing(voice).text == "where is my order"
    path, body = whisper.heard[0]
    assert path == "/v1/audio/transcriptions"
    assert b"OggS sound" in body
    assert b"base" in body
    for says in (None, {}, {"text": 7}, []):
        whisper.says = says
        assert hearing(voice).text == ""
    assert answer_key(hearing(voice)) == "voice_unsupported"
    assert Fetcher(store, {"whatsapp": whatsapp}, None)(voice) == voice


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(SettingsError, match="MUNSHI_TRANSCRIBE_URL"):
        open_transcriber(load_settings(transcribe_url="whisper"))
    assert open_transcriber(load_settings()) is None


def test_a_file_of_a_window_is_checked_alike(store: Store) -> None:
    with store.transaction() as db:
        assert keep(db, "shop", "s1", PDF) == keep(db, "shop", "s1", PDF, name="again.pdf")
        with pytest.raises(AttachmentError):
            keep(db, "shop", "s1", b"x")
