"""The web server: what it serves, what it refuses, and what it tells a browser to allow."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest
import typer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from munshi.bot.app import App
from munshi.ui.guards import COOKIE, OwnPage, greet_customer, session_of
from munshi.ui.server import MAX_BODY_BYTES, create_server, serve

OUTSIDE = re.compile(r"""(?:src|href|content|url)\s*=?\s*\(?\s*["']?(?:https?:)?//[^"'\s)]+""")


@pytest.fixture(scope="module")
def client(shop: App) -> Iterator[TestClient]:
    with TestClient(create_server(shop)) as client:
        yield client


@pytest.fixture(autouse=True)
def _new_browser(client: TestClient) -> None:
    client.cookies.clear()


def test_the_page_is_the_shops_and_names_no_other_host(client: TestClient, shop: App) -> None:
    page = client.get("/").text
    assert f"<title>{shop.business.profile.name}</title>" in page
    # What Gradio itself keeps in its settings is data; what a browser or a link preview would fetch is not.
    markup = re.sub(r"<script[^>]*>.*?</script>", "", page, flags=re.DOTALL)
    assert not OUTSIDE.findall(markup)
    assert "gradio.app" not in markup
    assert "githubusercontent" not in page


def test_every_script_of_the_page_carries_the_nonce_that_the_policy_names(client: TestClient) -> None:
    first, second = client.get("/"), client.get("/")
    policy = first.headers["content-security-policy"]
    (nonce,) = re.findall(r"'nonce-([^']+)'", policy)
    assert set(re.findall(r"<script( nonce=\"[^\"]+\")?", first.text)) == {f' nonce="{nonce}"'}
    assert nonce not in second.text
    assert "unsafe-eval" not in policy
    script_source = next(part for part in policy.split(";") if "script-src" in part)
    assert "unsafe-inline" not in script_source
    assert not re.search(r"\s(\*|https?:)", policy)


@pytest.mark.parametrize("path", ["/", "/healthz", "/theme.css", "/ui/chat.css", "/nothing/here"])
def test_every_answer_carries_the_safety_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/docs", "/openapi.json", "/config", "/monitoring", "/manifest.json", "/login", "/svelte/x",
        "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/upload", "/gradio_api/runs", "/gradio_api/mcp/",
        "/gradio_api/proxy=https://evil.example/x", "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd",
        "/gradio_api/run/predict", "/gradio_api/call/x", "/gradio_api/vibe-code", "/gradio_api/component_server",
        "/gradio_api/heartbeat/a/../../upload", "/papers/gradio_api/queue/join", "/papers/gradio_api/upload",
        "/papers/gradio_api/info", "/papers/gradio_api/file=/etc/passwd", "/papers/config", "/papers/login",
        "/ui/../server.py", "/ui/%2e%2e/server.py",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_served_that_a_chat_does_not_need(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code in {404, 405}


def test_a_health_check_answers_in_json(client: TestClient) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"


def test_a_body_over_the_limit_is_refused_whatever_length_it_declares(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 1000 + 2):
            yield b" " * 1000

    whole = client.post("/gradio_api/queue/join", content=b" " * (MAX_BODY_BYTES + 1))
    chunked = client.post("/gradio_api/queue/join", content=pieces())
    assert [whole.status_code, chunked.status_code] == [413, 413]


def test_another_site_may_not_read_what_the_server_says(client: TestClient) -> None:
    for host in ("localhost", "shop.example"):
        headers = client.get("/theme.css", headers={"origin": "https://evil.example", "host": host}).headers
        assert not [name for name in headers if name.startswith("access-control-allow")]


def test_a_browser_gets_a_chat_of_its_own_and_keeps_it(client: TestClient) -> None:
    first = client.get("/")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "SameSite=lax" in first.headers["set-cookie"]
    assert session_of(client.cookies) is not None
    assert "set-cookie" not in client.get("/").headers


@pytest.mark.parametrize("value", ["", "919876543210", "web-1", "0" * 31, "0" * 33, "G" * 32, "../" * 8, "é" * 32])
def test_a_chat_that_the_server_did_not_name_is_not_opened(client: TestClient, value: str) -> None:
    assert session_of({COOKIE: value}) is None
    assert COOKIE in client.get("/", headers=[(b"cookie", f"{COOKIE}={value}".encode())]).headers["set-cookie"]


def test_behind_https_the_cookie_never_travels_in_the_open(shop: App) -> None:
    with TestClient(create_server(shop), base_url="https://shop.example") as client:
        assert "Secure" in client.get("/").headers["set-cookie"]


def test_a_new_chat_is_begun_from_the_page_and_from_nowhere_else(client: TestClient) -> None:
    client.get("/")
    before = session_of(client.cookies)
    refused = client.post("/new", headers={"sec-fetch-site": "cross-site"})
    assert refused.status_code == 403
    assert session_of(client.cookies) == before
    client.post("/new", headers={"sec-fetch-site": "same-origin"})
    assert session_of(client.cookies) not in {None, before}


def test_a_shops_name_is_text_in_the_page() -> None:
    async def page(_request: Request) -> HTMLResponse:
        return HTMLResponse("<html><head></head><body></body></html>")

    name = '"><script>alert(1)</script>'
    app = OwnPage(Starlette(routes=[Route("/", page)]), title=name, description=name, greet=greet_customer)
    text = TestClient(app).get("/").text
    assert "alert(1)" in text
    assert text.count("<script") == 1


def test_a_taken_port_is_told_in_one_line_with_the_remedy(shop: App, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(typer.Exit) as stopped:
            serve(shop, "127.0.0.1", port)
    assert stopped.value.exit_code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(port) in line
    assert "MUNSHI_PORT" in line
    assert "--port" in line
