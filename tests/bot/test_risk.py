"""A bank whose cards and transfers are forms that leave a ticket: what was run can be counted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from munshi.bot.app import App, open_app
from munshi.bot.business import find_business
from munshi.bot.context import Context, Guess
from munshi.bot.inbox import Inbox
from munshi.bot.response import Response
from munshi.bot.settings import load_settings
from munshi.bot.state import SessionState
from munshi.handlers.base import Reply
from tests.servers.language_model import LanguageModelServer

Say = Callable[[str], Response]
ORDER, QUESTION = "block my card now", "is my card blocked?"
PHONE = {"name": "phone", "kind": "phone"}


def pack(folder: Path, demo: str, change: Callable[[dict[str, Any]], None], **business: str) -> Path:
    """A copy of a demo with each of its intents changed, one paper, and lines added to its business.yaml."""
    shutil.copytree(find_business(demo), folder)
    for paper in sorted((folder / "knowledge").glob("*"))[1:]:
        paper.unlink()
    file = folder / "intents.yaml"
    intents = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    for intent in intents["intents"]:
        change(intent)
    file.write_text(json.dumps(intents, ensure_ascii=False), encoding="utf-8")
    lines = "".join(f"\n{key}: {value}\n" for key, value in business.items())
    with (folder / "business.yaml").open("a", encoding="utf-8") as stream:
        stream.write(lines)
    return folder


def into_forms(intent: dict[str, Any]) -> None:
    if intent.get("risk") == "high":
        intent.pop("options")
        intent.pop("identify", None)
        intent |= {"handler": "collect", "slots": [PHONE]}


def into_high_risk(intent: dict[str, Any]) -> None:
    if intent["handler"] == "stock_price":
        intent["risk"] = "high"


@pytest.fixture(scope="module")
def bank(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("risk")
    business = pack(folder / "risky-bank", "dummy-bank", into_forms)
    url = f"sqlite:///{folder / 'munshi.sqlite3'}"
    with open_app(load_settings(home=home, business=str(business), database_url=url)) as app:
        yield app


@pytest.fixture(scope="module")
def shop(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("risk")
    business = pack(folder / "risky-shop", "auto-parts", into_high_risk)
    url = f"sqlite:///{folder / 'munshi.sqlite3'}"
    with open_app(load_settings(home=home, business=str(business), database_url=url)) as app:
        yield app


@pytest.fixture
def say(bank: App, request: pytest.FixtureRequest) -> Say:
    return lambda text: bank.respond(text, session_id=request.node.nodeid)


@pytest.fixture
def ask(shop: App, request: pytest.FixtureRequest) -> Say:
    return lambda text: shop.respond(text, session_id=request.node.nodeid)


def told(response: Response) -> Reply:
    assert response.reply is not None
    return response.reply


def tickets(app: App) -> int:
    """How many finished forms there are; calls for a person are none."""
    return sum(ticket.kind == "form" for ticket in Inbox(app.store).tickets())


def test_a_sure_order_is_not_asked_about_before_it_is_read_back(bank: App, say: Say) -> None:
    before = tickets(bank)
    assert say(ORDER).route == "run"
    read_back = say("98200 12345")
    assert "+91" in told(read_back).text.replace(" ", "")
    assert tickets(bank) == before
    say("yes")
    assert tickets(bank) == before + 1


@pytest.mark.parametrize("yes", ["yes", "Yes", "1", "haan", "हाँ", "ji haan", "kar do"])
def test_an_explicit_yes_runs_it_and_it_is_still_read_back(bank: App, say: Say, yes: str) -> None:
    before = tickets(bank)
    asked = say(QUESTION)
    assert (asked.route, asked.intent, len(told(asked).buttons)) == ("confirm", "Card_Block", 2)
    taken = say(yes)
    assert (taken.route, taken.intent, taken.handler) == ("run", "Card_Block", "collect")
    say("98200 12345")
    assert tickets(bank) == before
    say("yes")
    assert tickets(bank) == before + 1


@pytest.mark.parametrize("no", ["no", "No", "2", "nahi", "नहीं"])
def test_a_no_looks_for_another_answer(bank: App, say: Say, no: str) -> None:
    say(QUESTION)
    refused = say(no)
    assert (refused.route, refused.intent) == ("fallback", None)
    assert told(refused).citations or told(refused).buttons
    assert say("98200 12345").handler != "collect"


@pytest.mark.parametrize(
    "between", ["what is the minimum balance", "", "cancel", "rehne do", "yes but how long will it take"]
)
def test_anything_else_lets_it_fall(bank: App, say: Say, between: str) -> None:
    before = tickets(bank)
    say(QUESTION)
    say(between)
    for text in ("yes", "98200 12345", "yes"):
        assert say(text).handler != "collect"
    assert tickets(bank) == before


def test_a_yes_to_a_person_is_none_to_the_bot(bank: App, say: Say, request: pytest.FixtureRequest) -> None:
    before, inbox = tickets(bank), Inbox(bank.store)
    say("i want to talk to a person")
    ticket = next(ticket for ticket in inbox.tickets() if ticket.session_id == request.node.nodeid)
    assert say(QUESTION).route == "confirm"
    inbox.claim(ticket.reference, "Asha")
    assert say("yes").reply is None
    inbox.release(ticket.reference)
    for text in ("yes", "98200 12345", "yes"):
        assert say(text).handler != "collect"
    say(ORDER)
    say("98200 12345")
    inbox.claim(ticket.reference, "Asha")
    assert say("yes").reply is None
    inbox.release(ticket.reference)
    say("yes")
    assert tickets(bank) == before


def test_words_that_cancel_or_order_are_asked_about_again(say: Say) -> None:
    say(QUESTION)
    assert say("band karo").route == "confirm"
    assert say("haan").handler == "collect"


def test_one_that_was_chosen_from_several_is_confirmed_by_that(bank: App) -> None:
    conductor = bank.assistant._conductor
    utterance = bank.assistant._understand("card", now=bank.now())
    guess = Guess(bank.classifier, "card")
    context = Context(utterance, SessionState(clarifying="card"), bank.now(), "s", None, "chat", guess)
    step = conductor.decide(replace(context, pressed="intent:Card_Block"))
    assert (step.route.kind, step.intent, step.handler) == ("run", "Card_Block", "collect")


def test_a_form_is_left_for_a_question_first_and_taken_up_again(bank: App, say: Say) -> None:
    before = tickets(bank)
    asked = told(say("transfer 500 to ravi")).text
    assert say(QUESTION).route == "confirm"
    assert told(say("no")).text.endswith(asked)
    say("98200 12345")
    say("yes")
    assert tickets(bank) == before + 1


def test_a_bare_product_asks_before_it_runs_a_high_risk_intent(ask: Say) -> None:
    asked = ask("alto clutch plate")
    assert (asked.route, told(asked).data) == ("confirm", {})
    assert told(ask("yes")).data.get("products")


def test_a_no_is_not_asked_about_again(ask: Say) -> None:
    ask("alto clutch plate")
    refused = ask("no")
    assert refused.route == "fallback"
    assert refused.handler != "stock_price"


def test_a_follow_up_runs_no_high_risk_intent(ask: Say) -> None:
    ask("what does a clutch plate for the alto cost")
    assert ask("yes").handler == "stock_price"
    for text in ("and 4 of them?", "and for the swift?", "the cheaper one"):
        assert ask(text).handler != "stock_price"


@pytest.mark.parametrize("text", ["my neighbour's uncle has an alto clutch plate on his wall", "ngk iridium poem"])
def test_a_product_named_in_passing_runs_no_high_risk_intent(ask: Say, text: str) -> None:
    said = ask(text)
    assert said.handler != "stock_price"
    assert said.route != "run" or told(said).citations


def test_a_models_word_is_confirmed_and_the_model_is_named(
    home: Path, tmp_path: Path, language_model_server: LanguageModelServer
) -> None:
    language_model_server.answer = lambda _prompt: json.dumps({"intent": "Card_Block"})
    business = pack(tmp_path / "risky-bank", "dummy-bank", into_forms, classifier="cascade")
    url = f"sqlite:///{tmp_path / 'munshi.sqlite3'}"
    spec = language_model_server.spec("ollama")
    with open_app(load_settings(home=home, business=str(business), database_url=url, llm=spec)) as app:
        unsure = app.respond("somebody took my wallet", session_id="s")
        assert (unsure.route, unsure.intent, unsure.llm) == ("confirm", "Card_Block", spec)
        assert unsure.trace["classifier"] == "cascade:llm"
        sure = app.respond("what are the fixed deposit rates", session_id="s")
        assert sure.llm == "none"
        language_model_server.always = "hang_up"
        alone = app.respond("somebody took my wallet", session_id="t")
        assert (alone.llm, alone.trace["classifier"]) == ("none", "cascade:few_shot")


# What the papers say of it


@pytest.fixture(scope="module")
def reading_bank(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    url = f"sqlite:///{tmp_path_factory.mktemp('reading') / 'munshi.sqlite3'}"
    with open_app(load_settings(home=home, business="dummy-bank", database_url=url)) as app:
        yield app


def test_a_question_about_a_high_risk_wish_is_answered_beside_being_asked_back(reading_bank: App) -> None:
    first = reading_bank.respond("can i send money to my brother", session_id="how")
    assert first.route == "confirm"
    assert first.reply is not None
    assert first.reply.citations
    assert first.reply.buttons[0].value == "intent:Fund_Transfer"
    # Who says no has read it: it is not said again.
    second = reading_bank.respond("no", session_id="how")
    assert second.reply is not None
    assert not second.reply.citations


@pytest.mark.parametrize("text", ["haan", "yes", "no", "नहीं"])
def test_a_yes_or_no_to_nothing_is_not_looked_up(reading_bank: App, text: str) -> None:
    made = reading_bank.respond(text, session_id=f"bare {text}")
    assert made.reply is not None
    assert not made.reply.citations
    assert made.intent is None
