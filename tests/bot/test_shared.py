"""What workers share in Redis, and that nothing but speed hangs on it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from limits import parse
from numpy.typing import NDArray

from munshi.bot.app import open_app
from munshi.bot.bell import TICKETS, Bell, LocalBell, chat_bell
from munshi.bot.cache import Cache, SharedEncoder, SharedReranker
from munshi.bot.crew import working
from munshi.bot.inbox import open_inbox
from munshi.bot.message import Message
from munshi.bot.rates import LocalRates, RedisRates
from munshi.bot.redis_bell import RedisBell
from munshi.bot.redis_link import RedisLink
from munshi.bot.settings import Settings, SettingsError, load_settings
from munshi.bot.shared import forget_shared, open_shared
from munshi.knowledge.base import Hit, Passage
from tests.arriving import arrive
from tests.servers.redis_server import RedisServer

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if not RedisServer.is_there():
        pytest.skip("no redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis(server: RedisServer) -> Iterator[RedisServer]:
    """The server, in order before the test and after it."""
    server.client.flushall()
    yield server
    server.kill()
    server.start()


@pytest.fixture
def link(redis: RedisServer) -> Iterator[RedisLink]:
    link = RedisLink(redis.url, "shop")
    yield link
    link.close()


Trouble = Callable[[RedisServer], None]


def fill(server: RedisServer) -> None:
    server.client.config_set("maxmemory-policy", "noeviction")
    server.client.config_set("maxmemory", "1")


def make_read_only(server: RedisServer) -> None:
    server.client.replicaof("127.0.0.1", 1)


TROUBLES: dict[str, Trouble] = {
    "killed": RedisServer.kill,
    "paused": RedisServer.pause,
    "full": fill,
    "read-only": make_read_only,
    "flushed": lambda server: server.client.flushall(),
}
troubled = pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())


class Encoding:
    """An encoder that counts."""

    name, dim, has_tokens = "counting", 4, False

    def __init__(self) -> None:
        self.asked = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += 1
        made = np.array([[len(text), 1, 2, 3] for text in texts], dtype=np.float32)
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True))

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        return []


class Backwards:
    """A reranker that counts."""

    asked = 0

    def rerank(self, query: str, hits: Sequence[Hit], *, top_k: int) -> list[Hit]:
        self.asked += 1
        return [replace(hit, rerank=hit.score, score=-hit.score) for hit in reversed(hits)][:top_k]


def hits(*scores: float) -> list[Hit]:
    return [Hit(Passage(id=f"p{n}", text=f"text {n}", source="a.md"), score) for n, score in enumerate(scores)]


def test_a_vector_is_made_once_for_all_workers(link: RedisLink) -> None:
    encoding = Encoding()
    first, second = (SharedEncoder(encoding, Cache(link)) for _ in range(2))
    assert np.allclose(first.encode(["clutch"]), second.encode(["clutch"]))
    assert encoding.asked == 1
    assert second.encode(["clutch plate"])[0][0] != first.encode(["clutch"])[0][0]
    assert first.encode(["a", "b"]).shape == (2, 4)


def test_an_order_is_made_once_for_all_workers(link: RedisLink) -> None:
    backwards = Backwards()
    first, second = (SharedReranker(backwards, "backwards", Cache(link)) for _ in range(2))
    found = hits(0.3, 0.2, 0.1)
    assert first.rerank("q", found, top_k=2) == second.rerank("q", found, top_k=2)
    assert backwards.asked == 1
    changed = [replace(found[0], passage=replace(found[0].passage, text="changed")), *found[1:]]
    second.rerank("q", changed, top_k=2)
    assert backwards.asked == 2


@pytest.mark.parametrize("kept", [b"", b"\0" * 16, b"\xff" * 16, b"[[0,1,null]]", b"[[9,1,1],[8,1,1]]", b"nonsense"])
def test_what_was_not_put_there_by_us_is_not_believed(link: RedisLink, kept: bytes, redis: RedisServer) -> None:
    encoding, backwards, found = Encoding(), Backwards(), hits(0.2, 0.1)
    encoder, reranker = SharedEncoder(encoding, Cache(link)), SharedReranker(backwards, "b", Cache(link))
    right, order = encoder.encode(["clutch"]), reranker.rerank("q", found, top_k=2)
    for key in redis.client.scan_iter():
        redis.client.set(key, kept)
    assert np.allclose(encoder.encode(["clutch"]), right)
    assert reranker.rerank("q", found, top_k=2) == order


def test_keys_tell_nothing_last_a_day_and_are_forgotten_on_request(link: RedisLink, redis: RedisServer) -> None:
    SharedEncoder(Encoding(), Cache(link)).encode(["my number is 9820012345"])
    RedisRates(link).allow("919820012345", parse("5/minute"))
    other = RedisLink(redis.url, "bank")
    Cache(other).put(b"x", "vector", "a")
    keys = [key for key in redis.client.scan_iter() if key.startswith(b"munshi:shop:")]
    assert len(keys) >= 2
    assert not any(b"98200" in key or b"number" in key for key in keys)
    assert all(0 < redis.client.ttl(key) <= 24 * 3600 for key in keys)
    assert forget_shared(Settings(redis_url=redis.url), "shop")
    assert [key for key in redis.client.scan_iter() if key.startswith(b"munshi:shop:")] == []
    assert Cache(other).get("vector", "a") == b"x"
    other.close()


def test_what_is_too_large_is_not_kept(link: RedisLink) -> None:
    Cache(link).put(b"x" * 1_000_000, "vector", "a")
    assert Cache(link).get("vector", "a") is None


@troubled
def test_whatever_befalls_redis_the_answers_are_right_and_soon_there(
    trouble: Trouble, redis: RedisServer, link: RedisLink
) -> None:
    encoding, backwards, rates = Encoding(), Backwards(), RedisRates(link)
    encoder, reranker = SharedEncoder(encoding, Cache(link)), SharedReranker(backwards, "b", Cache(link))
    right, order = encoder.encode(["clutch"]), reranker.rerank("q", hits(0.2, 0.1), top_k=2)
    assert rates.allow("a", parse("3/minute"))
    trouble(redis)
    started = time.monotonic()
    for _ in range(20):
        assert np.allclose(encoder.encode(["clutch"]), right)
        assert np.allclose(encoder.encode([f"other {time.monotonic()}"])[0][1:] > 0, True)
        assert reranker.rerank("q", hits(0.2, 0.1), top_k=2) == order
    assert rates.allow("a", parse("3/minute"))
    assert [rates.allow("b", parse("2/minute")) for _ in range(3)] == [True, True, False]
    assert time.monotonic() - started < 10  # stuck, each of these would wait for seconds


def until(true: Callable[[], object], seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.02)


def test_a_ring_is_heard_in_other_processes(redis: RedisServer) -> None:
    links = [RedisLink(redis.url, "shop") for _ in range(2)]
    here, there = (RedisBell(link) for link in links)

    def rung() -> bool:
        here.ring("in")
        return there.heard("in") > 0

    until(rung)
    redis.kill()
    for _ in range(2_000):  # it never waits, nor fills up
        here.ring("in")
    redis.start()
    before = there.heard("out")

    def again() -> bool:
        here.ring("out")
        time.sleep(0.1)
        return there.heard("out") > before

    until(again, seconds=60)
    for bell in (here, there):
        bell.close()


def test_what_is_rung_before_the_end_is_told_and_nothing_else_is_counted(redis: RedisServer) -> None:
    links = [RedisLink(redis.url, "shop") for _ in range(2)]
    there = RedisBell(links[0])
    for word in (b"nonsense", b"someone nonsense", b"someone chat:99999", b"\xff in", b"", b"someone chat:12\n"):
        redis.client.publish(f"{links[0].prefix}bell", word)

    def told() -> bool:
        short = RedisBell(links[1])  # as a command has it, that is over at once
        for name in ("in", "chat:12"):
            short.ring(name)
        short.close()
        return there.heard("chat:12") > 0

    until(told)
    assert [there.heard(name) for name in ("nonsense", "chat:99999", "", "chat:12\n")] == [0] * 4
    there.close()


def test_a_ring_is_not_heard_twice_by_who_rang(redis: RedisServer, link: RedisLink) -> None:
    here, there_link = RedisBell(link), RedisLink(redis.url, "shop")
    there = RedisBell(there_link)

    def rung() -> bool:
        here.ring("in")
        return there.heard("in") > 0

    until(rung)
    before, seen = here.heard("out"), there.heard("out")
    here.ring("out")
    until(lambda: there.heard("out") > seen)
    time.sleep(0.3)
    assert here.heard("out") == before + 1
    for bell in (here, there):
        bell.close()


@pytest.mark.parametrize("kind", [LocalBell])
def test_whoever_waits_is_woken_and_misses_nothing_that_rang_before(kind: Callable[[], Bell]) -> None:
    bell = kind()
    since = bell.heard("in")
    bell.ring("in")
    bell.wait("in", since, 60)  # at once
    threading.Timer(0.05, bell.ring, ["in"]).start()
    bell.wait("in", bell.heard("in"), 60)
    bell.wait("in", bell.heard("in"), 0.01)


def test_whoever_is_told_hears_each_ring_until_the_end_and_no_other_name() -> None:
    bell, told = LocalBell(), []
    with bell.telling("in", lambda: told.append("a")), bell.telling("in", lambda: told.append("b")):
        bell.ring("in")
        bell.ring("out")
    bell.ring("in")
    assert told == ["a", "b"]


def test_the_name_of_a_chat_tells_nobody_which_and_there_are_few() -> None:
    names = {chat_bell(f"whatsapp-9198200{n:05d}") for n in range(50_000)}
    assert len(names) <= 4096
    assert all(re.fullmatch(r"chat:\d{1,4}", name) for name in names)
    assert chat_bell("web-\ud800") == chat_bell("web-\ud800")


def test_alone_a_process_counts_for_itself() -> None:
    rates = LocalRates()
    assert [rates.allow("a", parse("2/minute")) for _ in range(3)] == [True, True, False]
    assert rates.allow("b", parse("2/minute"))


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1", "redis://127.0.0.1:port"])
def test_an_address_that_is_none_of_redis_is_told_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="MUNSHI_REDIS_URL"), open_shared(Settings(redis_url=url), "shop"):
        pass


@pytest.mark.parametrize("rate", ["sixty", "60", "60/fortnight", "-1/minute"])
def test_a_rate_that_is_none_is_told(rate: str) -> None:
    with pytest.raises(SettingsError, match="MUNSHI_USER_RATE"):
        load_settings(user_rate=rate)


@pytest.mark.parametrize(("given", "rate"), [("none", ""), ("None ", ""), ("", "120/minute"), ("5/hour", "5/hour")])
def test_a_rate_is_lifted_by_a_word_and_an_empty_variable_leaves_the_default(
    monkeypatch: pytest.MonkeyPatch, given: str, rate: str
) -> None:
    monkeypatch.setenv("MUNSHI_USER_RATE", given)
    assert load_settings().user_rate == rate


@troubled
def test_a_rate_is_looked_at_without_being_counted_whatever_befalls_redis(
    trouble: Trouble, link: RedisLink, redis: RedisServer
) -> None:
    rate = parse("2/minute")
    for rates in (LocalRates(), RedisRates(link)):
        assert not any(rates.is_full("a", rate) for _ in range(5))
        assert [rates.allow("a", rate) for _ in range(2)] == [True, True]
        assert rates.is_full("a", rate)
        assert not rates.is_full("b", rate)
    trouble(redis)
    assert rates.is_full("a", rate)


@troubled
def test_messages_are_answered_whatever_befalls_redis(trouble: Trouble, redis: RedisServer, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, encoder="none", redis_url=redis.url)
    with open_app(settings) as app, working(app):
        for number in range(6):
            if number == 2:
                trouble(redis)
            arrive(app.store, [Message("what are your timings", "api-1", "u1", "api", f"m{number}")])
            until(lambda number=number: app.store.response(f"m{number}"))
        assert len([line for line in app.transcript("api-1") if line.role == "bot"]) == 6


def test_a_persons_words_ring_in_the_process_that_has_the_window(redis: RedisServer, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, encoder="none", redis_url=redis.url)
    with open_app(settings) as app:
        bell, chat = app.shared.bell, chat_bell("web-1")
        until(lambda: redis.client.pubsub_numsub("munshi:auto-parts:bell")[0][1])
        app.respond("I want to talk to a person", session_id="web-1")
        assert bell.heard(chat)
        assert bell.heard(TICKETS)
        before = bell.heard(chat)
        with open_inbox(settings) as inbox:
            (ticket,) = inbox.tickets()
            inbox.reply(ticket.reference, "Asha", "Hello")
        until(lambda: bell.heard(chat) > before)
        before, others = bell.heard(TICKETS), bell.heard(chat_bell("web-2"))
        app.respond("are you there", session_id="web-1")  # the person who has the chat waits for it
        assert bell.heard(TICKETS) > before
        assert bell.heard(chat_bell("web-2")) == others


def test_a_chat_that_writes_too_much_is_told_so_and_then_answered_again(tmp_path: Path) -> None:
    with open_app(Settings(home=tmp_path, encoder="none", user_rate="2/second")) as app:
        said = [app.respond("what are your timings", session_id="s1") for _ in range(6)]
        assert any(response.trace.get("rule") == "too_many_messages" for response in said)
        assert app.respond("what are your timings", session_id="s2").handler == "hours_location"
        time.sleep(2)
        assert app.respond("what are your timings", session_id="s1").handler == "hours_location"
