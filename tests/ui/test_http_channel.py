"""The HTTP channel behind a real server: its key, its replies, its chats, and what schemathesis makes of its schema."""

from __future__ import annotations

import base64
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import BrowserContext, expect
from pydantic import SecretStr
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, unsupported_method

from munshi.bot.app import App
from munshi.bot.settings import SettingsError, load_settings
from munshi.bot.store import Store
from munshi.ui import http_channel
from munshi.ui.server import MAX_BODY_BYTES, _Server, create_server

KEY = "a-key-of-the-tests-own"
BEARER = {"authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def address(shop: App) -> Iterator[str]:
    """A real server with the channel, on loopback."""
    opened = replace(shop, settings=shop.settings.model_copy(update={"api_key": SecretStr(KEY)}))
    server = uvicorn.Server(uvicorn.Config(create_server(opened), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def site(address: str) -> Iterator[httpx.Client]:
    """A shop's own site, which has the key."""
    with httpx.Client(base_url=f"{address}/v1", headers=BEARER, timeout=30) as site:
        yield site


def lines(site: httpx.Client, session_id: str, **given: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(f"/sessions/{session_id}", params=given).json()["lines"]
    return found


class TestAMessage:
    def test_is_answered_with_its_sources_and_kept_in_its_chat(self, site: httpx.Client) -> None:
        told = site.post("/messages", json={"session_id": "v1", "text": "what is your return policy"}).json()
        assert told["citations"]
        assert not told["held"]
        customer, bot = lines(site, "v1")
        assert (customer["role"], customer["text"]) == ("customer", "what is your return policy")
        assert (bot["text"], bot["citations"]) == (told["reply"], told["citations"])

    def test_a_button_is_pressed_by_its_label(self, site: httpx.Client) -> None:
        greeted = site.post("/messages", json={"session_id": "v2", "text": "hello"}).json()
        label = greeted["buttons"][0]["label"]
        assert site.post("/messages", json={"session_id": "v2", "text": label}).json()["intent"]

    def test_sent_again_under_its_name_gets_the_first_reply_again(self, site: httpx.Client) -> None:
        message = {"session_id": "v3", "text": "namaste", "id": "m1"}
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: site.post("/messages", json=message).json(), range(16)))
        assert all(reply == replies[0] for reply in replies)
        assert len(lines(site, "v3")) == 2

    def test_a_name_is_only_good_in_its_own_chat(self, site: httpx.Client) -> None:
        site.post("/messages", json={"session_id": "v4", "text": "where is my order NAS-10234", "id": "same"})
        site.post("/messages", json={"session_id": "v5", "text": "hello", "id": "same"})
        assert [line["text"] for line in lines(site, "v5") if line["role"] == "customer"] == ["hello"]

    def test_a_file_comes_with_the_reply_and_with_its_line(self, site: httpx.Client) -> None:
        for text in ("please send me a copy of my bill for order NAS-20401", "+919000000137"):
            told = site.post("/messages", json={"session_id": "bill", "text": text}).json()
        (file,) = told["attachments"]
        assert (file["name"], file["mime_type"]) == ("bill-NAS-20401.pdf", "application/pdf")
        data = base64.b64decode(file["content"], validate=True)
        assert (data[:5], len(data)) == (b"%PDF-", file["size"])
        assert [line["attachments"] for line in lines(site, "bill")][-1] == [file]

    @pytest.mark.parametrize("text", ["", " \u200b ", "\x00", "😀" * 50, "مرحبا", "x" * 5000])
    def test_whatever_its_text_it_is_answered(self, site: httpx.Client, text: str) -> None:
        answer = site.post("/messages", json={"session_id": "odd", "text": text})
        assert answer.status_code == 200
        assert answer.json()["reply"]

    @pytest.mark.parametrize(
        "given",
        [
            {}, [], None, "text", {"text": "hi"}, {"session_id": "v6"}, {"session_id": "v6", "text": 7},
            {"session_id": "", "text": "hi"}, {"session_id": "a/b", "text": "hi"}, {"session_id": "é", "text": "hi"},
            {"session_id": "v6", "text": "hi", "id": "x" * 501}, {"session_id": "v6", "text": "hi", "held": True},
        ],
    )  # fmt: skip
    def test_one_that_is_none_is_refused_and_leaves_nothing(self, site: httpx.Client, given: Any) -> None:
        assert site.post("/messages", json=given).status_code == 422
        assert site.get("/sessions/v6").status_code == 404

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"session_id":"v6","text":"\\ud800"}', b"[" * 9999])
    def test_one_that_cannot_be_read_is_refused(self, site: httpx.Client, content: bytes) -> None:
        answer = site.post("/messages", content=content, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422)
        assert answer.json()["detail"]

    def test_a_request_that_is_too_large_is_refused(self, site: httpx.Client) -> None:
        assert site.post("/messages", json={"session_id": "v7", "text": "x" * MAX_BODY_BYTES}).status_code == 413

    def test_while_a_person_holds_the_chat_the_person_is_heard_and_the_bot_is_not(
        self, site: httpx.Client, shop: App
    ) -> None:
        site.post("/messages", json={"session_id": "v8", "text": "hello"})
        with shop.store.transaction() as db:
            shop.store.hold(db, "http-v8", "Asha")
            line = shop.store.say(db, "http-v8", "person", "Asha here")
        told = site.post("/messages", json={"session_id": "v8", "text": "are you there"}).json()
        assert (told["reply"], told["held"]) == (None, True)
        heard = lines(site, "v8", after=line - 1)
        assert (heard[0]["role"], heard[0]["text"]) == ("person", "Asha here")


class TestTheKey:
    @pytest.mark.parametrize("given", [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {KEY}"}])
    def test_without_it_nothing_is_answered_and_nothing_read(self, address: str, given: dict[str, str]) -> None:
        posted = httpx.post(f"{address}/v1/messages", json={"session_id": "k", "text": "hi"}, headers=given)
        read = httpx.get(f"{address}/v1/sessions/k", headers=given)
        assert (posted.status_code, read.status_code) == (401, 401)
        assert posted.headers["www-authenticate"] == "Bearer"

    def test_where_none_is_set_there_is_no_channel(self, shop: App) -> None:
        server = create_server(shop)
        assert all(getattr(route, "path", "") != "/v1" for route in server.routes)

    def test_a_short_one_is_refused_without_being_told(self) -> None:
        with pytest.raises(SettingsError, match="MUNSHI_API_KEY") as refused:
            load_settings(api_key=SecretStr("short-one"))
        assert "short-one" not in str(refused.value)


class TestAChat:
    def test_of_another_channel_cannot_be_named(self, site: httpx.Client, shop: App) -> None:
        shop.respond("hello", session_id="web-secret")
        for name in ("web-secret", "secret", "..%2Fweb-secret"):
            assert site.get(f"/sessions/{name}").status_code in (404, 422)

    def test_gives_its_latest_lines(self, site: httpx.Client) -> None:
        for text in ("hello", "thanks", "hello"):
            site.post("/messages", json={"session_id": "c1", "text": text})
        latest = lines(site, "c1", limit=2)
        assert [line["role"] for line in latest] == ["customer", "bot"]
        assert lines(site, "c1", after=latest[-1]["id"]) == []


class TestWaiting:
    """A site that asks for what is new, and waits for it."""

    @pytest.fixture
    def held(self, site: httpx.Client, shop: App) -> tuple[str, int]:
        """A chat that a person has, and its last line."""
        chat = f"w-{uuid.uuid4().hex}"
        site.post("/messages", json={"session_id": chat, "text": "hello"})
        with shop.store.transaction() as db:
            shop.store.hold(db, f"http-{chat}", "Asha")
        return chat, lines(site, chat)[-1]["id"]

    def write(self, shop: App, chat: str, text: str = "Asha here") -> None:
        with shop.store.transaction() as db:
            shop.store.say(db, f"http-{chat}", "person", text)

    def test_is_over_as_soon_as_a_person_has_written(
        self, site: httpx.Client, shop: App, held: tuple[str, int]
    ) -> None:
        chat, last = held
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(lines, site, chat, after=last, wait=30)
            time.sleep(0.3)
            assert not asked.done()
            self.write(shop, chat)
            assert [line["text"] for line in asked.result(timeout=20)] == ["Asha here"]
        assert len(lines(site, chat, after=last, wait=30)) == 1  # what is there already is not waited for

    def test_is_over_when_the_chat_is_given_back(self, site: httpx.Client, shop: App, held: tuple[str, int]) -> None:
        chat, last = held
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(site.get, f"/sessions/{chat}", params={"after": last, "wait": 30})
            time.sleep(0.3)
            with shop.store.transaction() as db:
                shop.store.hold(db, f"http-{chat}", None)
            assert asked.result(timeout=20).json() == {"session_id": chat, "held": False, "lines": []}

    def test_is_over_after_its_time_with_nothing(self, site: httpx.Client, held: tuple[str, int]) -> None:
        chat, last = held
        assert lines(site, chat, after=last, wait=1) == []

    def test_hears_what_was_written_where_no_bell_was_heard(
        self, site: httpx.Client, shop: App, held: tuple[str, int]
    ) -> None:
        chat, last = held
        elsewhere = Store(shop.store.engine, shop.business.key)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(lines, site, chat, after=last, wait=30)
            time.sleep(0.3)
            with elsewhere.transaction() as db:
                elsewhere.say(db, f"http-{chat}", "person", "from another computer")
            assert len(asked.result(timeout=20)) == 1

    def test_many_wait_without_holding_up_who_does_not(
        self, site: httpx.Client, shop: App, held: tuple[str, int]
    ) -> None:
        chat, last = held  # more of them than there are worker threads
        with ThreadPoolExecutor(80) as pool:
            asked = [pool.submit(lines, site, chat, after=last, wait=30) for _ in range(80)]
            time.sleep(0.5)
            assert site.post("/messages", json={"session_id": "w-other", "text": "hello"}).json()["reply"]
            self.write(shop, chat)
            assert all(len(one.result(timeout=25)) == 1 for one in asked)

    def test_one_too_many_is_told_to_come_again(
        self, site: httpx.Client, shop: App, held: tuple[str, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chat, last = held
        monkeypatch.setattr(http_channel, "MOST_WAITING", 1)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(lines, site, chat, after=last, wait=30)
            time.sleep(0.3)
            refused = site.get(f"/sessions/{chat}", params={"after": last, "wait": 30})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
            assert site.get(f"/sessions/{chat}", params={"after": last}).status_code == 200
            self.write(shop, chat)
            asked.result(timeout=20)
        assert lines(site, chat, after=last + 1, wait=1) == []  # the place is free again

    def test_who_has_gone_away_takes_no_place_for_long(
        self, site: httpx.Client, shop: App, held: tuple[str, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chat, last = held
        monkeypatch.setattr(http_channel, "MOST_WAITING", 1)
        with pytest.raises(httpx.ReadTimeout):
            site.get(f"/sessions/{chat}", params={"after": last, "wait": 30}, timeout=0.5)
        ends = time.monotonic() + 20
        while site.get(f"/sessions/{chat}", params={"after": last, "wait": 1}).status_code == 503:
            assert time.monotonic() < ends
            time.sleep(0.2)

    @pytest.mark.parametrize("wait", ["-1", "31", "soon", "1e3", "", "٣", "5.5"])
    def test_for_no_number_of_seconds_is_refused(self, site: httpx.Client, wait: str) -> None:
        answer = site.get("/sessions/v1", params={"wait": wait})
        assert answer.status_code == 422
        assert "wait" in answer.json()["detail"]

    def test_in_a_chat_that_is_none_is_over_at_once(self, site: httpx.Client) -> None:
        assert site.get("/sessions/nobody", params={"wait": 30}).status_code == 404

    def test_ends_with_the_server(self, shop: App, held: tuple[str, int]) -> None:
        chat, last = held
        opened = replace(shop, settings=shop.settings.model_copy(update={"api_key": SecretStr(KEY)}))
        server = _Server(create_server(opened))
        server.config.port = 0
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        url = (
            f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1/sessions/{chat}?after={last}&wait=30"
        )
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(httpx.get, url, headers=BEARER, timeout=40)
            time.sleep(0.5)
            server.should_exit = True
            assert asked.result(timeout=25).json()["lines"] == []
        thread.join()


@pytest.fixture(scope="module")
def described(address: str) -> Any:
    """The API by its own description."""
    return schemathesis.openapi.from_url(f"{address}/v1/openapi.json")


@pytest.mark.parametrize(("path", "method"), [("/messages", "POST"), ("/sessions/{session_id}", "GET")])
@pytest.mark.parametrize("mode", GenerationMode)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_it_does_what_its_description_says(
    described: Any, path: str, method: str, mode: GenerationMode, data: st.DataObject
) -> None:
    case = data.draw(described[path][method].as_strategy(generation_mode=mode))
    # A path that has no such method is no path in use, and says 404 like any other. That the key is needed is tested
    # above: here every request brings it.
    # What must be refused is told above too: a header or a query that nobody asked for is none of it.
    case.call_and_validate(headers=BEARER, excluded_checks=[unsupported_method, ignored_auth, negative_data_rejection])


@pytest.mark.browser
def test_its_page_shows_it_and_asks_no_other_host(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}/v1/docs")
    expect(page.get_by_text("/messages", exact=True).first).to_be_visible(timeout=30_000)
    assert faults == []
    assert all(url.startswith((address, "data:")) for url in asked)
