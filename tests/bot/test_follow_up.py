"""Messages that lean on the question before: what they may mean, and what becomes of them in a demo pack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.app import App, open_app
from munshi.bot.follow_up import Similar, read_follow_up, similar_by
from munshi.bot.response import Response
from munshi.bot.settings import load_settings
from munshi.knowledge.encoder import open_encoder


@pytest.fixture(scope="module")
def similar(home: Path) -> Similar | None:
    return similar_by(open_encoder("minilm", home=home, threads=1))


@pytest.mark.parametrize(
    ("question", "message", "meant"),
    [
        ("do you deliver to mumbai", "and for Pune?", "do you deliver to pune"),
        ("do you deliver to mumbai", "and Pune for?", "do you deliver to pune"),
        ("price of front brake pads for swift", "what about the rear one", "price of rear brake pads for swift"),
        ("what time do you open on monday", "and on sunday?", "what time do you open on sunday"),
        ("do you deliver to 400703", "what of 410206", "do you deliver to 410206"),
        ("where is the panvel branch", "and alibag", "where is the alibag branch"),
        ("price of clutch plate for swift", "and for alto", "price of clutch plate for alto"),
        ("what is the warranty on a clutch plate", "and battery?", "what is the warranty on a battery"),
        ("do you deliver clutch plates", "its price?", "deliver clutch plates price"),
    ],
)
def test_what_is_left_unsaid_is_put_in(question: str, message: str, meant: str, similar: Similar | None) -> None:
    follow_up = read_follow_up(message, question, similar)
    assert follow_up is not None
    assert meant in follow_up.readings


@pytest.mark.parametrize(
    "message",
    ["", "?", "and", "what time do you close on sunday", "please send me the bill of my last order", "🙏"],
)
def test_what_stands_by_itself_is_left_alone(message: str, similar: Similar | None) -> None:
    assert read_follow_up(message, "what time do you open on monday", similar) is None


def test_without_an_encoder_the_form_still_tells() -> None:
    follow_up = read_follow_up("what of 410206", "do you deliver to 400703")
    assert follow_up is not None
    assert follow_up.readings == ("do you deliver to 410206",)


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_is_read(message: str, question: str) -> None:
    follow_up = read_follow_up(message, question)
    assert follow_up is None or (follow_up.new or follow_up.has_pronoun)


@pytest.fixture(scope="module", params=["minilm", "none"])
def parts(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    database = f"sqlite:///{tmp_path_factory.mktemp('parts') / 'munshi.sqlite3'}"
    with open_app(load_settings(home=home, encoder=request.param, database_url=database)) as app:
        yield app


@pytest.fixture(scope="module")
def bank(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    database = f"sqlite:///{tmp_path_factory.mktemp('bank') / 'munshi.sqlite3'}"
    with open_app(load_settings(home=home, business="dummy-bank", database_url=database)) as app:
        yield app


@pytest.fixture
def talk(request: pytest.FixtureRequest) -> Callable[..., list[Response]]:
    def through(app: App, *messages: str) -> list[Response]:
        return [app.respond(text, session_id=request.node.nodeid) for text in messages]

    return through


def test_a_place_takes_the_place_of_another(parts: App, talk: Callable[..., list[Response]]) -> None:
    *_, pune = talk(parts, "delivery charge for thane", "and for Pune?")
    assert "180" in pune.reply.text


def test_a_product_follows_another(parts: App, talk: Callable[..., list[Response]]) -> None:
    _, alto = talk(parts, "price of front brake pads for swift", "and for alto?")
    assert "980" in alto.reply.text
    assert "1,850" not in alto.reply.text


def test_a_number_alone_keeps_the_product(parts: App, talk: Callable[..., list[Response]]) -> None:
    *_, two = talk(parts, "price of front brake pads for swift", "how much for two?")
    assert "1,850" in two.reply.text


def test_a_day_follows_another(bank: App, talk: Callable[..., list[Response]]) -> None:
    monday, sunday = talk(bank, "what time do you open on monday", "and on sunday?")
    assert sunday.handler == monday.handler
    assert sunday.reply.text != monday.reply.text


def test_one_follow_up_leans_on_another(bank: App, talk: Callable[..., list[Response]]) -> None:
    *_, car, personal = talk(bank, "home loan rate please", "and car loan?", "personal loan ka?")
    assert "9.25" in car.reply.text
    assert "12.00" in personal.reply.text
    assert personal.language == "hinglish"


def test_hindi_follows_hindi(bank: App, talk: Callable[..., list[Response]]) -> None:
    *_, metro = talk(bank, "ग्रामीण शाखा में न्यूनतम बैलेंस कितना चाहिए", "और मेट्रो में?")
    assert "5,000" in metro.reply.text
    assert metro.language == "hi"


def test_small_talk_between_changes_nothing(bank: App, talk: Callable[..., list[Response]]) -> None:
    *_, rural = talk(bank, "what is the minimum balance in metro branches", "thanks", "and rural?")
    assert "1,000" in rural.reply.text


def test_what_nobody_knows_is_not_answered_with_the_last_answer(bank: App, talk: Callable[..., list[Response]]) -> None:
    alibag, nowhere = talk(bank, "where is the Alibag branch", "and Timbuktu?")
    assert alibag.reply.answered
    assert not nowhere.reply.answered


def test_a_new_question_is_a_new_question(parts: App, talk: Callable[..., list[Response]]) -> None:
    *_, hours = talk(parts, "do you deliver in thane", "and what time do you close on monday?")
    assert hours.handler == "hours_location"
