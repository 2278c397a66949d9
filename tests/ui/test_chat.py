"""What happens in the chat window, event by event, with the demo shop behind it."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from sqlalchemy import event

from munshi.bot.app import App, open_app
from munshi.bot.bell import chat_bell
from munshi.bot.inbox import Inbox
from munshi.bot.settings import Settings
from munshi.bot.store import Store
from munshi.ui.chat import LOOK_SECONDS, MAX_CHARS, Chat
from munshi.ui.guards import COOKIE
from munshi.ui.news import News
from tests.servers.language_model import LanguageModelServer

QUESTION = "Do you deliver outside Navi Mumbai?"


@pytest.fixture
def chat(shop: App) -> Chat:
    return Chat(shop, News(shop.shared.bell))


@pytest.fixture
def worded(settings: Settings, language_model_server: LanguageModelServer, tmp_path: Path) -> Iterator[App]:
    """The same shop with a language model that words its answers."""
    database = f"sqlite:///{tmp_path / 'worded.sqlite3'}"
    changed = {"llm": language_model_server.spec("openai"), "llm_answers": "always", "database_url": database}
    with open_app(settings.model_copy(update=changed)) as app:
        yield app


@pytest.fixture
def request_(token: str) -> gr.Request:
    return gr.Request(cookies={COOKIE: token})


def views(events: AsyncIterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    async def collect() -> list[tuple[Any, ...]]:
        return [event async for event in events]

    return asyncio.run(collect())


def sent(chat: Chat, text: str, request: gr.Request) -> list[list[dict[str, Any]]]:
    """The log as it stood at each step."""
    return [log for _, log, _, _ in views(chat.send(text, request)) if isinstance(log, list)]


def polled(chat: Chat, shown: int, request: gr.Request, heard: int = -1) -> tuple[Any, ...]:
    """What an open page is told; at once, unless `heard` says how often the bell had rung."""
    return asyncio.run(chat.poll(shown, heard, request))


def words(bubble: dict[str, Any]) -> str:
    """What a bubble shows."""
    said = re.findall(r'<div class="said[^>]*>(.*?)</div>', bubble["content"])
    return unescape("".join(said))


def test_a_worded_answer_is_shown_sentence_by_sentence(
    worded: App, language_model_server: LanguageModelServer, request_: gr.Request
) -> None:
    language_model_server.answer = lambda _: "Yes, we deliver all over India [P1]. Mumbai and Thane cost ₹120 [P1]."
    steps = sent(Chat(worded, News(worded.shared.bell)), QUESTION, request_)
    shown = [words(step[-1]) for step in steps[1:]]
    assert "Yes, we deliver all over India." in shown
    assert shown[-1] == "Yes, we deliver all over India. Mumbai and Thane cost ₹120."
    assert all(shown[-1].startswith(part) for part in shown)


def test_a_question_is_shown_at_once_and_its_answer_grows_to_the_whole(chat: Chat, request_: gr.Request) -> None:
    steps = sent(chat, QUESTION, request_)
    assert words(steps[0][-2]) == QUESTION
    whole = words(steps[-1][-1])
    growing = [words(step[-1]) for step in steps[1:-1]]
    assert len(growing) > 3
    assert growing == sorted(set(growing), key=len)
    assert all(whole.startswith(part) for part in growing)
    assert "<details" in steps[-1][-1]["content"]


def test_the_box_is_emptied_once_and_then_left_to_the_next_message(chat: Chat, request_: gr.Request) -> None:
    boxes = [box for box, *_ in views(chat.send(QUESTION, request_))]
    assert boxes[0] == ""
    assert all(box == gr.skip() for box in boxes[1:])


def test_a_reload_shows_what_was_said(chat: Chat, request_: gr.Request) -> None:
    last = sent(chat, QUESTION, request_)[-1]
    assert chat.open(request_)[0] == last


def test_another_browser_sees_none_of_it(chat: Chat, request_: gr.Request) -> None:
    sent(chat, QUESTION, request_)
    log, _, _ = chat.open(gr.Request(cookies={COOKIE: "f" * 32}))
    assert len(log) == 1


def test_a_pressed_button_is_said_as_it_is_labelled(chat: Chat, request_: gr.Request, shop: App) -> None:
    starter = shop.starters[0]
    option = gr.SelectData(None, {"index": 0, "value": starter})
    *_, (log, _, _) = views(chat.press(option, request_))
    assert words(log[-2]) == starter
    assert words(log[-1])


@pytest.mark.parametrize("text", ["", "   ", "\n\t \n"])
def test_an_empty_message_is_not_sent(chat: Chat, request_: gr.Request, text: str) -> None:
    assert sent(chat, text, request_) == []
    assert len(chat.open(request_)[0]) == 1


@pytest.mark.parametrize("text", ["क" * 100_000, "\U0001f600" * 5000, "\ud800 half", "\x00", "‮​", "' OR 1=1 --"])
def test_any_message_gets_an_answer(chat: Chat, request_: gr.Request, text: str) -> None:
    last = sent(chat, text, request_)[-1]
    assert words(last[-1])
    assert len(words(last[-2])) <= MAX_CHARS


def test_without_a_cookie_nothing_is_sent_and_the_reason_is_told(chat: Chat) -> None:
    steps = sent(chat, QUESTION, gr.Request(cookies={}))
    assert len(steps) == 1
    assert "cookies" in words(steps[0][-1])


class TestAPersonWrites:
    """The owner takes the chat over."""

    @pytest.fixture
    def inbox(self, shop: App) -> Inbox:
        return Inbox(shop.store)

    @pytest.fixture
    def ticket(self, chat: Chat, request_: gr.Request, inbox: Inbox, token: str) -> str:
        sent(chat, "I want to talk to a person", request_)
        return next(t.reference for t in inbox.tickets() if t.session_id == f"web-{token}")

    def test_their_words_appear_marked_as_theirs(
        self, chat: Chat, request_: gr.Request, inbox: Inbox, ticket: str
    ) -> None:
        _, _, shown = chat.open(request_)
        assert polled(chat, shown, request_)[:3] == (gr.skip(), gr.skip(), gr.skip())
        inbox.reply(ticket, "Ramesh", "Which car is it for?")
        log, foot, shown, _ = polled(chat, shown, request_)
        assert words(log[-1]) == "Which car is it for?"
        assert 'class="speaker"' in log[-1]["content"]
        assert "person" in unescape(foot)
        assert polled(chat, shown, request_)[:3] == (gr.skip(), gr.skip(), gr.skip())

    def test_a_page_that_waits_is_told_once_the_bell_rings_and_not_before(
        self, chat: Chat, request_: gr.Request, ticket: str, shop: App, token: str
    ) -> None:
        _, _, shown = chat.open(request_)
        bell, name = shop.shared.bell, chat_bell(f"web-{token}")
        writing = Inbox(Store(shop.store.engine, shop.business.key, ring=bell.ring))

        async def wait() -> tuple[Any, ...]:
            page = asyncio.create_task(chat.poll(shown, bell.heard(name), request_))
            await asyncio.sleep(0.2)
            assert not page.done()
            await asyncio.to_thread(writing.reply, ticket, "Ramesh", "Which car is it for?")
            ends = asyncio.get_running_loop().time() + LOOK_SECONDS / 2
            while (told := await page)[0] == gr.skip():  # taking the chat over rings too
                assert asyncio.get_running_loop().time() < ends
                page = asyncio.create_task(chat.poll(shown, told[-1], request_))
            return told

        log, _, _, heard = asyncio.run(wait())
        assert words(log[-1]) == "Which car is it for?"
        assert 0 < heard <= bell.heard(name)  # awake by the taking over, it may read the words before they ring

    def test_pages_that_wait_ask_the_database_nothing_and_hold_no_thread(self, chat: Chat, shop: App) -> None:
        requests = [gr.Request(cookies={COOKIE: f"{number:032x}"}) for number in range(200)]
        asked: list[str] = []
        listening = partial(event.listen, shop.store.engine, "before_cursor_execute")
        listening(hear := lambda _db, _cursor, statement, *_: asked.append(statement))

        async def wait() -> int:
            names = [chat_bell(f"web-{number:032x}") for number in range(200)]
            heard = [shop.shared.bell.heard(name) for name in names]
            pages = [asyncio.create_task(chat.poll(0, *given)) for given in zip(heard, requests, strict=True)]
            before = threading.active_count()
            await asyncio.sleep(0.5)
            for page in pages:
                page.cancel()
            return threading.active_count() - before

        more = asyncio.run(wait())
        event.remove(shop.store.engine, "before_cursor_execute", hear)
        assert (asked, more) == ([], 0)

    def test_a_second_window_on_the_same_chat_sees_them_too(
        self, chat: Chat, request_: gr.Request, inbox: Inbox, ticket: str
    ) -> None:
        _, _, shown = chat.open(request_)
        inbox.reply(ticket, "Ramesh", "Which car is it for?")
        first, second = polled(chat, shown, request_), polled(chat, shown, request_)
        assert first == second

    def test_the_bot_is_silent_until_the_chat_is_given_back(
        self, chat: Chat, request_: gr.Request, inbox: Inbox, ticket: str
    ) -> None:
        inbox.reply(ticket, "Ramesh", "Which car is it for?")
        for step in sent(chat, "A Swift, 2018", request_):
            assert words(step[-1]) == "A Swift, 2018"
        inbox.release(ticket)
        assert sent(chat, QUESTION, request_)[-1][-1]["role"] == "assistant"


class TestTheDatabaseFails:
    """The table of messages is gone, for a while."""

    @pytest.fixture
    def _broken(self, shop: App) -> Iterator[None]:
        with shop.store.transaction() as db:
            db.exec_driver_sql("ALTER TABLE inbox RENAME TO lost")
        yield
        with shop.store.transaction() as db:
            db.exec_driver_sql("ALTER TABLE lost RENAME TO inbox")

    @pytest.mark.usefixtures("_broken")
    def test_the_customer_gets_an_apology_and_the_log_no_word_of_theirs(
        self, chat: Chat, request_: gr.Request, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.ERROR):
            last = sent(chat, "Call me on 98765 43210", request_)[-1]
        assert "Sorry" in words(last[-1])
        assert words(last[-2]) == "Call me on 98765 43210"
        (record,) = [record for record in caplog.records if record.name == "munshi.ui.chat"]
        assert record.exc_info is None
        assert "98765" not in record.getMessage()
