"""The two demo packs through the real assistant: real papers, real records, a real encoder, a real SQLite file."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi.bot.app import App, open_app
from munshi.bot.business import check_business, find_business
from munshi.bot.inbox import Inbox
from munshi.bot.message import Message
from munshi.bot.settings import load_settings


@pytest.fixture(scope="module")
def app(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    database = f"sqlite:///{tmp_path_factory.mktemp('shop') / 'munshi.sqlite3'}"
    with open_app(load_settings(home=home, business="auto-parts", database_url=database)) as app:
        yield app


@pytest.fixture
def chat(app: App, request: pytest.FixtureRequest):
    def say(text: str):
        return app.respond(text, session_id=request.node.nodeid)

    return say


def test_a_missing_order_number_is_asked_for_and_then_used(chat) -> None:
    assert chat("where is my order").reply.text
    response = chat("NAS-20433")
    assert (response.route, response.handler) == ("run", "order_status")
    assert "NAS-20433" in response.reply.text


def test_a_question_in_between_is_answered_and_the_form_taken_up_again(chat) -> None:
    asked = chat("where is my order").reply.text
    between = chat("what time do you open on monday")
    assert between.handler == "hours_location"
    assert between.reply.text.endswith(asked.splitlines()[-1])
    assert "NAS-20433" in chat("NAS-20433").reply.text


def test_a_form_that_was_left_is_cancelled_and_forgotten(app: App, chat) -> None:
    chat("i want a bulk quote for my garage")
    chat("cancel")
    assert chat("10").handler != "quote_request"


def test_a_finished_form_is_confirmed_once_and_lands_in_the_inbox(app: App, chat) -> None:
    before = len(Inbox(app.store).tickets())
    response = chat("please call me back")
    for text in ("Meena Kulkarni", "98200 12345"):
        response = chat(text)
    while "yes" not in " ".join(button.label.casefold() for button in response.reply.buttons):
        response = chat(response.reply.buttons[0].label)
    assert len(Inbox(app.store).tickets()) == before
    done = chat("yes")
    tickets = Inbox(app.store).tickets()
    assert len(tickets) == before + 1
    assert tickets[-1].form["phone"] == "+919820012345"
    assert tickets[-1].reference in done.reply.text
    chat("yes")
    assert len(Inbox(app.store).tickets()) == before + 1


def test_every_figure_in_an_answer_from_the_papers_stands_in_its_quote(chat) -> None:
    response = chat("what are the delivery charges outside navi mumbai")
    quotes = " ".join(citation.quote for citation in response.reply.citations)
    figures = [word.strip(".,") for word in response.reply.text.split() if any(ch.isdigit() for ch in word)]
    assert figures
    assert all(figure in quotes for figure in figures)


def test_what_nobody_knows_is_said_and_a_person_is_a_word_away(app: App, chat) -> None:
    response = chat("who won the cricket world cup in 1983")
    assert not response.reply.answered
    assert response.reply.citations == ()
    assert response.reply.buttons
    called = chat("haan")
    assert called.reply.handover is not None


def test_while_a_person_holds_the_chat_the_bot_is_silent(app: App, chat, request: pytest.FixtureRequest) -> None:
    chat("i want to talk to a person")
    inbox = Inbox(app.store)
    ticket = next(t for t in inbox.tickets() if t.session_id == request.node.nodeid)
    inbox.reply(ticket.reference, "Asha", "Asha here, how can I help?")
    assert [line.text for line in app.pending(request.node.nodeid)] == ["Asha here, how can I help?"]
    assert chat("hello?").reply is None
    inbox.release(ticket.reference)
    assert chat("hello?").reply is not None
    roles = [line.role for line in app.transcript(request.node.nodeid)]
    assert roles == ["customer", "bot", "person", "customer", "customer", "bot"]


def test_a_form_runs_out_of_time_and_that_is_told(home: Path, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    with open_app(load_settings(home=home, database_url=database, form_minutes=0.0001)) as app:
        expired = app.phrases("form_expired", "en")
        app.respond("please call me back", session_id="slow")
        time.sleep(0.05)
        assert expired in app.respond("Meena Kulkarni", session_id="slow").reply.text
        app.respond("please call me back", session_id="slow")
        time.sleep(0.05)
        assert expired not in app.respond("do you deliver outside navi mumbai", session_id="slow").reply.text


def test_a_chat_goes_on_though_its_pack_lost_the_intent_of_its_form(home: Path, tmp_path: Path) -> None:
    pack = tmp_path / "shop"
    shutil.copytree(find_business("auto-parts"), pack)
    settings_ = load_settings(home=home, business=str(pack), database_url=f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with open_app(settings_) as app:
        assert app.respond("please call me back", session_id="s").intent == "callback_request"
    intents = pack / "intents.yaml"
    intents.write_text(intents.read_text(encoding="utf-8").replace("callback_request", "ring_back"), encoding="utf-8")
    with open_app(settings_) as app:
        assert app.respond("where is my order NAS-20433", session_id="s").handler == "order_status"


def test_a_shops_own_handler_lies_in_its_pack(home: Path, tmp_path: Path) -> None:
    pack = tmp_path / "shop"
    shutil.copytree(find_business("auto-parts"), pack)
    (pack / "battery_desk.py").write_text(
        "from munshi.handlers.base import Reply\n\n\n"
        "class BatteryDesk:\n"
        "    slots = ()\n\n"
        "    def __init__(self, services, config):\n"
        "        self.name = services.profile.name\n\n"
        "    def answer(self, turn):\n"
        "        return Reply(f'{self.name}: battery desk')\n",
        encoding="utf-8",
    )
    intents = pack / "intents.yaml"
    text = intents.read_text(encoding="utf-8")
    old = "handler: faq\n    options: {topic: battery fitting, testing and exchange}"
    assert old in text
    intents.write_text(text.replace(old, "handler: battery_desk:BatteryDesk"), encoding="utf-8")
    assert [fault for fault in check_business(pack) if fault.severity == "error"] == []
    database = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    with open_app(load_settings(home=home, business=str(pack), database_url=database)) as app:
        response = app.respond("can you fit a new battery at my home", session_id="s")
    assert "battery desk" in response.reply.text


def test_the_action_that_contributing_shows_books_once_it_is_confirmed(home: Path, tmp_path: Path) -> None:
    pack, guide = tmp_path / "shop", Path(__file__).parents[2] / "CONTRIBUTING.md"
    shutil.copytree(find_business("auto-parts"), pack)
    (example,) = re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    (pack / "fitters.py").write_text(example, encoding="utf-8")
    intents = pack / "intents.yaml"
    text = intents.read_text(encoding="utf-8")
    old = "handler: faq\n    options: {topic: battery fitting, testing and exchange}"
    intents.write_text(text.replace(old, "handler: fitters:BookFitter"), encoding="utf-8")
    database = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    with open_app(load_settings(home=home, business=str(pack), database_url=database)) as app:
        asked = app.respond("can you fit a new battery at my home", session_id="s").reply
        assert [button.label for button in asked.buttons] == ["Ramesh", "Imran"]
        assert "Imran" in app.respond("2", session_id="s").reply.text
        assert "Ramesh" in app.respond("no, with Ramesh", session_id="s").reply.text
        booked = app.respond("yes", session_id="s").reply.text
        assert booked.startswith("Booked: ")
        assert app.respond("yes", session_id="s").reply.text == booked


def test_a_message_id_is_answered_once(app: App) -> None:
    message = Message("i want to talk to a person", "twice", id="wamid.1")
    first, second = app.assistant.respond(message), app.assistant.respond(message)
    assert first == second
    assert len(app.transcript("twice")) == 2


def test_copies_of_one_message_from_many_threads_have_one_answer(app: App) -> None:
    message = Message("where is my order", "many", id="wamid.2")
    responses = []
    threads = [threading.Thread(target=lambda: responses.append(app.assistant.respond(message))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(response == responses[0] for response in responses)
    assert len(app.transcript("many")) == 2


def test_a_message_that_a_crash_left_is_answered_at_the_next_start(home: Path, tmp_path: Path) -> None:
    settings_ = load_settings(home=home, business="auto-parts", database_url=f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with open_app(settings_) as app:
        app.store.accept(Message("NAS-20433", "crashed", id="wamid.3"))
    with open_app(settings_) as app:
        assert app.store.unanswered() == []
        assert any("NAS-20433" in line.text for line in app.pending("crashed"))


def test_a_fault_is_an_apology_and_a_ticket_never_a_lost_message(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(type(app.assistant._conductor), "decide", broken)
    response = app.respond("price of brake pads", session_id="fault")
    assert response.reply.handover is not None
    assert "fire" not in response.reply.text
    assert app.store.unanswered() == []


def test_a_business_without_an_encoder_still_answers_and_says_so(home: Path, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    with open_app(load_settings(home=home, encoder="none", database_url=database)) as app:
        assert len(app.notes()) == 2
        assert "NAS-20433" in app.respond("where is my order NAS-20433", session_id="w").reply.text
        assert app.respond("do you deliver outside navi mumbai", session_id="w").reply.citations


@pytest.mark.parametrize(
    "text", ["", "   ", "\u200b\u200d", "\x00", "\ud800", "x" * 10_000, "🙏", "؟ما هذا", "\u202eevil"]
)
def test_hostile_and_empty_messages_get_a_polite_reply(app: App, text: str) -> None:
    response = app.respond(text, session_id=f"hostile {len(text)}")
    assert response.reply.text
    assert response.reply.citations == ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.text(max_size=80), min_size=1, max_size=4))
def test_any_chat_is_answered_and_recorded(app: App, lines: list[str]) -> None:
    session = f"any {hash(tuple(lines))}"
    for text in lines:
        response = app.respond(text, session_id=session)
        assert response.reply is None or response.reply.text
    assert app.store.unanswered() == []


@pytest.mark.parametrize(
    "text",
    ["bhaii swfit k liye clach plat h kyaa, kitny ki", "clucth plate for swfit pric", "swift ki klatch plate ka daam"],
)
def test_slips_in_a_products_words_do_not_hide_it(chat, text: str) -> None:
    assert chat(text).reply.data["products"][0]["sku"] == "CLU-101"
