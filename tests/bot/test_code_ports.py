"""The ways a code goes to a customer, tried with real servers on loopback."""

from __future__ import annotations

import base64
import json
import logging
import socketserver
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email import message_from_string
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from munshi.bot.code_ports import open_code_port
from munshi.bot.code_secret import NAME, code_secret
from munshi.bot.database import StoreError
from munshi.bot.settings import SettingsError
from munshi.handlers.otp import Recipient

ASHA = Recipient("+919000000101", "asha@example.com", "बैंक")
CODE = "042042"


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def send(setting: str, to: Recipient = ASHA) -> None:
    """Send a code, and wait until the thread that carries it is done."""
    open_code_port(setting, demo=False).send(to, CODE)
    for thread in threading.enumerate():
        if thread.name == "one-time-code":
            thread.join()


@pytest.fixture
def gateway() -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """An SMS gateway that keeps what it gets, and refuses under /refuse."""
    got: list[tuple[Any, ...]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((self.path, self.headers.get("Authorization"), body))
            self.send_response(402 if self.path == "/refuse" else 202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, serving(server):
        yield f"127.0.0.1:{server.server_port}", got


@pytest.fixture
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """As much of SMTP as a mail needs."""
    mails: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                word = line.split()[0].upper() if line.strip() else b""
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    mails.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
                if word == b"QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server, serving(server):
        yield server.server_address[1], mails


def test_a_gateway_gets_phone_and_text(gateway: tuple[str, list[tuple[Any, ...]]]) -> None:
    place, got = gateway
    send(f"http://shop:s%40cret@{place}/sms?x=1")
    ((path, authorization, body),) = got
    assert path == "/sms?x=1"
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"shop:s@cret"
    assert body["to"] == ASHA.phone
    assert CODE in body["text"]


def test_a_mail_server_gets_a_mail(mail_server: tuple[int, list[str]]) -> None:
    port, mails = mail_server
    send(f"smtp://127.0.0.1:{port}/?from=bank@example.com")
    (mail,) = mails
    sent = message_from_string(mail, policy=default)
    assert sent["To"] == "asha@example.com"
    assert CODE in sent.get_content()


def test_what_cannot_be_sent_is_told_in_the_log_without_the_code(
    gateway: tuple[str, list[tuple[Any, ...]]], mail_server: tuple[int, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        send(f"http://{gateway[0]}/refuse")
        send("http://127.0.0.1:9/closed")
        send("smtp://127.0.0.1:9/?from=bank@example.com")
        send(f"smtp://127.0.0.1:{mail_server[0]}/?from=bank@example.com", Recipient(ASHA.phone, "", "Bank"))
    assert len(caplog.records) == 4
    assert CODE not in caplog.text
    assert ASHA.phone not in caplog.text


@pytest.mark.parametrize("demo", [True, False])
def test_the_console_writes_it_but_in_a_demonstration_the_chat_shows_it(
    demo: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    port = open_code_port("console", demo=demo)
    port.send(ASHA, CODE)
    told = capsys.readouterr().err
    assert (CODE in told, port.shown) == (not demo, demo)
    assert ASHA.phone not in told


def test_no_code_is_shown_where_it_is_sent_somewhere() -> None:
    assert not open_code_port("https://gateway.example/send", demo=True).shown


@pytest.mark.parametrize(
    "setting",
    ["terminal", "", "https://", "http://gateway.example/send", "ftp://x", "smtp://mail.example.com", "https://x:port/",
     "smtp://mail.example.com/?from=a@b%0aBcc:x@y", "https://[", "console ", "🙂"],
)  # fmt: skip
def test_a_setting_that_names_no_way_is_told(setting: str) -> None:
    with pytest.raises(SettingsError, match="MUNSHI_CODES"):
        open_code_port(setting, demo=False)


def test_the_secret_is_made_once_and_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: code_secret(home), range(32)))
    assert len(secrets) == 1
    assert stat.S_IMODE((home / NAME).stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == [NAME]


def test_a_spoilt_secret_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"short")
    with pytest.raises(StoreError, match="Remove it"):
        code_secret(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="MUNSHI_HOME"):
        code_secret(tmp_path / "file")
