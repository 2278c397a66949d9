"""A connection over which no whole head comes is closed by a real server; one that talks is not."""

from __future__ import annotations

import asyncio
import http.client
import socket
import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from munshi.ui.head_time import HeadTime
from tests.servers.web import served

SECONDS = 0.5


class Hasty(HeadTime):
    """The same, for a test that has no time."""

    seconds = SECONDS


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    app = FastAPI()

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(3 * SECONDS)
        return "at last"

    @app.post("/")
    async def echo(words: list[str]) -> list[str]:
        return words

    with served(app, http=Hasty) as address:
        yield address


def seconds_until_closed(connection: socket.socket, *, letter: bytes = b"") -> float:
    """How long the server puts up with a connection over which a letter comes ten times a second, or nothing."""
    connection.settimeout(0.1)
    began = time.monotonic()
    while time.monotonic() - began < 30:
        try:
            connection.sendall(letter)
            if not connection.recv(1):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        raise AssertionError("it was never closed")
    return time.monotonic() - began


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
@pytest.mark.parametrize("letter", [b"", b"a"])
def test_a_head_that_does_not_arrive_is_given_up(address: tuple[str, int], begun: bytes, letter: bytes) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(begun)
        assert seconds_until_closed(connection, letter=letter) >= SECONDS / 2


def test_so_is_that_of_a_further_request(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n"
        connection.sendall(head + b'["hi"]')
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"POST / HT")
        assert seconds_until_closed(connection, letter=b"T") >= SECONDS / 2


def test_who_talks_is_heard_to_the_end(address: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*address, timeout=30)
    for _ in range(5):  # longer altogether than a head may take
        connection.request("POST", "/", b'["hi"]', {"Content-Type": "application/json"})
        assert connection.getresponse().read() == b'["hi"]'
        time.sleep(SECONDS / 3)
    connection.request("GET", "/slow")
    assert connection.getresponse().read() == b'"at last"'
