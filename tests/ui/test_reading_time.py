"""A body that trickles in, or never ends, holds no request of a real server for ever; an answer takes its time."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from munshi.bot.app import open_app
from munshi.bot.settings import load_settings
from munshi.ui import reading_time, server
from munshi.ui.guards import COOKIE
from tests.servers.web import served

SECONDS = 1.0
KEY = "a-key-of-16-chars-or-more"
PATHS = ("/webhooks/whatsapp", "/v1/messages", "/upload", "/gradio_api/queue/join", "/papers/gradio_api/run/predict")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    settings = load_settings(
        home=tmp_path_factory.mktemp("slow"), business="auto-parts", encoder="none", api_key=KEY, whatsapp_token="x",
        whatsapp_phone_number_id="1", whatsapp_app_secret="app-secret", whatsapp_api="http://127.0.0.1:9/v26.0",
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patched, open_app(settings) as app:
        patched.setattr(reading_time.ReadingTime.__init__, "__kwdefaults__", {"seconds": SECONDS})
        with served(server.create_server(app)) as address:
            yield address


def head(path: str, framing: str, method: str = "POST") -> bytes:
    lines = (
        f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {KEY}", f"Cookie: {COOKIE}={'a' * 32}",
        "Content-Type: application/json", framing,
    )  # fmt: skip
    return "\r\n".join(line for line in lines if line).encode() + b"\r\n\r\n"


def answer(connection: socket.socket, piece: bytes) -> bytes:
    """What comes back while `piece` is sent ten times a second; all of it, up to the hanging up."""
    connection.settimeout(0.1)
    got, ends = b"", time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            if piece and not got:
                connection.sendall(piece)
            more = connection.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return got
        if not more:
            return got
        got += more
    raise AssertionError(f"the server never hung up: {got!r}")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("framing", "piece"),
    [("Content-Length: 60000", b"x"), ("Content-Length: 60000", b""), ("Transfer-Encoding: chunked", b"1\r\nx\r\n")],
)
def test_a_body_that_does_not_arrive_is_given_up(
    address: tuple[str, int], path: str, framing: str, piece: bytes
) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(head(path, framing))
        got = answer(connection, piece)
    assert got.startswith(b"HTTP/1.1 408 ")
    body = got.partition(b"\r\n\r\n")[2]
    assert body == b"The request took too long to arrive"
    assert b"x-content-type-options" in got.lower()


def test_many_that_trickle_keep_nobody_from_being_answered(address: tuple[str, int]) -> None:
    slow = [socket.create_connection(address) for _ in range(60)]
    for connection in slow:
        connection.sendall(head("/upload", "Content-Length: 60000") + b"x")
    with socket.create_connection(address) as connection:
        connection.sendall(head("/healthz", "Connection: close", "GET"))
        assert answer(connection, b"").startswith(b"HTTP/1.1 200")
    for connection in slow:
        connection.close()


def test_a_body_that_comes_in_pieces_within_its_time_is_answered(address: tuple[str, int]) -> None:
    body = b'{"session_id": "s1", "text": "what are your timings"}'
    with socket.create_connection(address) as connection:
        connection.sendall(head("/v1/messages", f"Connection: close\r\nContent-Length: {len(body)}"))
        for start in range(0, len(body), 18):
            time.sleep(SECONDS / 5)
            connection.sendall(body[start : start + 18])
        assert answer(connection, b"").startswith(b"HTTP/1.1 200")


def test_what_is_answered_may_take_its_time(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(head("/gradio_api/heartbeat/abc", "", "GET"))
        connection.settimeout(2 * SECONDS)
        got, ends = b"", time.monotonic() + 3 * SECONDS
        while time.monotonic() < ends:
            try:
                more = connection.recv(4096)
            except TimeoutError:
                continue
            assert more, "the stream was cut off"
            got += more
        assert got.startswith(b"HTTP/1.1 200")


def test_a_large_body_has_more_time(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_time, "BYTES_PER_SECOND", 10_000)
    size, pieces = 60_000, 20
    with socket.create_connection(address) as connection:
        connection.sendall(head("/upload", f"Connection: close\r\nContent-Length: {size}"))
        for _ in range(pieces):
            connection.sendall(b"x" * (size // pieces))
            time.sleep(2 * SECONDS / pieces)
        assert answer(connection, b"").startswith(b"HTTP/1.1 204")
