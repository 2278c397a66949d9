"""Who gets to see the owner's page, and what everybody else is told."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.testclient import TestClient

from munshi.bot.app import App
from munshi.ui.owner_only import TRIES, WAIT_SECONDS, Guesses, is_loopback
from munshi.ui.search_page import PATH
from munshi.ui.server import create_server

PASSWORD = "चाबी no one guesses"
PATHS = (
    "/papers", "/papers/", "/papers/theme.css", "/papers/assets/x.js", "/papers/gradio_api/run/predict",
    "/papers/gradio_api/heartbeat/x", "/papers/gradio_api/app_id",
)  # fmt: skip
REMOTE = ("203.0.113.5", 4711)


def with_password(shop: App, password: str) -> App:
    return replace(shop, settings=shop.settings.model_copy(update={"owner_password": SecretStr(password)}))


def basic(password: str, name: str = "owner") -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture(scope="module")
def address(shop: App) -> Iterator[str]:
    """A real server without a password, on loopback."""
    server = uvicorn.Server(uvicorn.Config(create_server(shop), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def remote(shop: App) -> Iterator[TestClient]:
    """A visitor from elsewhere, where no password is set; what it names the server is up to it."""
    with TestClient(create_server(shop), base_url="http://127.0.0.1", client=REMOTE) as client:
        yield client


@pytest.fixture
def locked(shop: App) -> Iterator[TestClient]:
    """A visitor from elsewhere, where a password is set."""
    with TestClient(create_server(with_password(shop, PASSWORD)), client=REMOTE) as client:
        yield client


class TestWithoutAPassword:
    """The page is there on this computer alone."""

    def test_on_this_computer_it_is_there(self, address: str) -> None:
        page = httpx.get(f"{address}/papers", follow_redirects=True)
        assert page.status_code == 200
        assert "Papers of" in page.text
        assert httpx.get(f"{address}/papers/theme.css").status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"x-forwarded-for": "127.0.0.1"}, {"x-forwarded-for": "203.0.113.5"}, {"forwarded": "for=127.0.0.1"},
            {"x-real-ip": "127.0.0.1"}, {"via": "1.1 proxy"}, {"x-forwarded-host": "localhost"},
            {"host": "shop.example"}, {"host": "127.0.0.1.evil.example"}, {"host": "localhost.evil.example:80"},
            {"host": "localhost@evil.example"}, {"host": "[::1"}, {"host": "0.0.0.0"},
        ],
    )  # fmt: skip
    def test_a_proxy_or_another_name_is_not_this_computer(self, address: str, headers: dict[str, str]) -> None:
        for path in PATHS:
            assert httpx.get(address + path, headers=headers).status_code in {400, 404}

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("headers", [{}, {"x-forwarded-for": "127.0.0.1"}, {"host": "localhost"}, basic("")])
    def test_from_elsewhere_it_is_not_there(self, remote: TestClient, path: str, headers: dict[str, str]) -> None:
        answer, nothing = remote.get(path, headers=headers), remote.get("/nothing")
        assert answer.status_code == 404
        assert (answer.text, answer.headers) == (nothing.text, nothing.headers)

    def test_from_elsewhere_nothing_is_searched(self, remote: TestClient) -> None:
        asked = {"data": [], "fn_index": 1, "session_hash": "x"}
        assert remote.post("/papers/gradio_api/run/predict", json=asked).status_code == 404

    def test_the_chat_is_there_for_all_and_says_nothing_of_the_page(self, remote: TestClient) -> None:
        page = remote.get("/")
        assert page.status_code == 200
        assert PATH not in page.text

    def test_another_site_cannot_ask_in_the_owners_browser(self, address: str) -> None:
        asked = {"data": [], "fn_index": 1, "session_hash": "x"}
        path = f"{address}/papers/gradio_api/run/predict"
        assert httpx.post(path, json=asked, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        for origin in ("https://evil.example", "null", "http://[", f"{address}.evil.example"):  # as older browsers say
            assert httpx.post(path, json=asked, headers={"origin": origin}).status_code == 403
        for own in ({"origin": address}, {"sec-fetch-site": "same-origin", "origin": address}, {}):
            assert httpx.post(path, json=asked, headers=own).status_code != 403


class TestWithAPassword:
    """The page asks for it from everywhere."""

    @pytest.mark.parametrize("path", PATHS)
    def test_it_is_asked_for(self, locked: TestClient, path: str) -> None:
        answer = locked.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")

    def test_on_this_computer_too(self, shop: App) -> None:
        server = create_server(with_password(shop, PASSWORD))
        with TestClient(server, base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as local:
            assert local.get("/papers/").status_code == 401

    def test_the_right_one_opens_it_whatever_the_name(self, locked: TestClient) -> None:
        for name in ("owner", "", "रमेश"):
            assert locked.get("/papers/", headers=basic(PASSWORD, name)).status_code == 200

    @pytest.mark.parametrize(
        "value",
        [
            "Basic", "Basic !!!", "Basic " + b64encode(PASSWORD.encode()).decode(), "Bearer x", "Basic é", "",
            basic("")["authorization"], basic(PASSWORD[:-1])["authorization"], basic(PASSWORD + " ")["authorization"],
            "Basic " + b64encode(b"owner:\xff\xfe").decode(), "Basic " + "A" * 5000,
        ],
    )  # fmt: skip
    def test_anything_else_does_not(self, locked: TestClient, value: str) -> None:
        headers = [(b"authorization", value.encode())]
        assert locked.get("/papers/", headers=headers).status_code == 401

    def test_guessing_is_slowed_down(self, locked: TestClient) -> None:
        for number in range(TRIES):
            assert locked.get("/papers/", headers=basic(f"guess {number}")).status_code == 401
        refused = locked.get("/papers/", headers=basic(PASSWORD))
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= WAIT_SECONDS + 1

    def test_a_browser_that_repeats_itself_is_not_guessing(self, locked: TestClient) -> None:
        for _ in range(TRIES + 1):
            assert locked.get("/papers/", headers=basic("the old one")).status_code == 401
        assert locked.get("/papers/", headers=basic(PASSWORD)).status_code == 200


def test_wrong_passwords_are_forgotten_after_a_while_and_counted_by_address() -> None:
    now = 0.0
    guesses = Guesses(lambda: now)
    for number in range(TRIES):
        guesses.add("203.0.113.5", b"%d" % number)
    assert guesses.wait("203.0.113.5") == WAIT_SECONDS
    assert guesses.wait("203.0.113.6") == 0
    now = WAIT_SECONDS + 1
    assert guesses.wait("203.0.113.5") == 0


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("::ffff:10.0.0.1", False), ("", False),
        ("localhost.evil.example", False), ("2130706433", False), ("127.1", False),
    ],
)  # fmt: skip
def test_only_this_computers_own_addresses_are_its_own(host: str, local: bool) -> None:
    assert is_loopback(host) is local
