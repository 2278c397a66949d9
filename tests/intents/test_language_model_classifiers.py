from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest

from munshi.bot.llm import open_chat_model
from munshi.bot.llm_breaker import Breaker
from munshi.intents.base import IntentError, Prediction
from munshi.intents.examples import Examples
from munshi.intents.language_model_prompt import BUDGET
from munshi.intents.registry import Trained, Training, factory
from munshi.knowledge.base import Encoder
from tests.intents.contract import ClassifierContract, LearnsFromExamples, Train, check
from tests.servers.language_model import Behaviour, LanguageModelServer, Protocol

NAMES = ("zero_shot_llm", "few_shot_llm")
_LINE = re.compile(r'^- ("(?:[^"\\]|\\.)*")(.*)$', re.MULTILINE)


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))


def reading(prompt: str) -> str:
    """A model that picks the label whose lines share most words with the message, and writes two blanks in doubt."""
    listed, _, asked = prompt.rpartition("The message: ")
    said: dict[str, set[str]] = {}
    for label, line in _LINE.findall(listed):
        said.setdefault(json.loads(label), words(json.loads(label))).update(words(line))
    del said["none"]
    wanted = words(json.loads(asked))
    best = max(said, key=lambda label: len(said[label] & wanted) / len(said[label] | wanted))
    return f'{{"intent":{" " if said[best] & wanted else "  "}{json.dumps(best)}}}'


def sure(token: str) -> float:
    return -1.0 if token.startswith("  ") else -0.1


def opened(name: str, server: LanguageModelServer, protocol: Protocol, encoder: Encoder | None = None) -> Train:
    model = open_chat_model(server.spec(protocol), timeout=5, breaker=Breaker(failures=1000))
    training = Training(encoder, model=model)
    return lambda examples: factory(name)(examples, training)


class TestZeroShot(ClassifierContract):
    @pytest.fixture(scope="class")
    @classmethod
    def train(cls) -> Iterator[Train]:
        with LanguageModelServer(reading) as server:
            server.logprob = sure
            yield opened("zero_shot_llm", server, "ollama")


class TestFewShot(LearnsFromExamples):
    @pytest.fixture(scope="class", params=[True, False], ids=["encoder", "no encoder"])
    @classmethod
    def train(cls, request: pytest.FixtureRequest, encoder: Encoder) -> Iterator[Train]:
        with LanguageModelServer(reading) as server:
            server.logprob = sure
            yield opened("few_shot_llm", server, "openai", encoder if request.param else None)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def classifier(name: str, language_model_server: LanguageModelServer, shop: Examples) -> Trained:
    return opened(name, language_model_server, "ollama")(shop)


def answering(label: str) -> Callable[[str], str]:
    return lambda _prompt: json.dumps({"intent": label})


def test_a_missing_model_is_told(name: str, shop: Examples) -> None:
    with pytest.raises(IntentError, match="MUNSHI_LLM"):
        factory(name)(shop, Training())


def test_what_the_model_says_is_the_prediction(
    classifier: Trained, shop: Examples, language_model_server: LanguageModelServer
) -> None:
    language_model_server.answer = answering("check_price")
    made = classifier.classify(["what does it cost"])[0]
    assert made.intent == "check_price"
    check(made, classifier, shop.intents)
    assert made.in_scope > classifier.thresholds.in_scope


def test_none_of_them_is_out_of_scope(classifier: Trained, language_model_server: LanguageModelServer) -> None:
    language_model_server.answer = answering("none")
    made = classifier.classify(["who won the match"])[0]
    assert made.intent is None
    assert 0 < made.in_scope < classifier.thresholds.in_scope


@pytest.mark.parametrize("said", ["no_such_label", "Check_Price", "check_price ", "check price", "prices"])
def test_a_label_that_does_not_exist_is_a_miss(
    classifier: Trained, language_model_server: LanguageModelServer, said: str
) -> None:
    language_model_server.answer = answering(said)
    made = classifier.classify(["price of brake pads"])[0]
    assert made == Prediction(None, 0.0, 0.0, (), classifier.name)


@pytest.mark.parametrize(
    "said", ["check_price", '{"intent": "check_price"', '["check_price"]', '{"intent": 7}', "", "null"]
)
def test_an_answer_that_is_no_answer_is_a_miss(
    classifier: Trained, language_model_server: LanguageModelServer, said: str
) -> None:
    language_model_server.answer = lambda _prompt: said
    assert classifier.classify(["price of brake pads"])[0].intent is None


BROKEN: tuple[Behaviour, ...] = (
    "hang_up",
    500,
    404,
    "cut",
    "stop",
    "error_midway",
    "empty",
    "rubbish",
    "html",
    "wrong_json",
    "wrong_label",
)


@pytest.mark.parametrize("behaviour", BROKEN)
@pytest.mark.parametrize("protocol", ["ollama", "openai"])
def test_no_failure_of_the_server_reaches_the_caller(
    shop: Examples, language_model_server: LanguageModelServer, behaviour: Behaviour, protocol: Protocol
) -> None:
    classifier = opened("zero_shot_llm", language_model_server, protocol)(shop)
    language_model_server.always = behaviour
    assert classifier.classify(["where is my order"]) == [Prediction(None, 0.0, 0.0, (), classifier.name)]


def test_it_is_told_once_that_the_model_fails(
    classifier: Trained, language_model_server: LanguageModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    language_model_server.answer = answering("check_price")
    language_model_server.always = 500
    with caplog.at_level(logging.WARNING, logger="munshi.intents"):
        classifier.classify(["a", "b", "c"])
        assert len(caplog.records) == 1
        language_model_server.always = "answer"
        assert classifier.classify(["d"])[0].intent == "check_price"
        language_model_server.always = 500
        classifier.classify(["e", "f"])
    assert len(caplog.records) == 2
    # What a customer wrote does not belong in a log.
    assert not any(letter in caplog.text.split() for letter in "abcdef")


def test_a_text_without_anything_to_read_is_not_asked_about(
    classifier: Trained, language_model_server: LanguageModelServer
) -> None:
    classifier.classify(["", " \n"])
    assert language_model_server.requests == []


def test_every_intent_is_shown_with_its_nearest_example(
    shop: Examples, encoder: Encoder, language_model_server: LanguageModelServer
) -> None:
    opened("few_shot_llm", language_model_server, "ollama", encoder)(shop).classify(["is the shop open on sundays"])
    *_, user = language_model_server.requests[-1].body["messages"]
    shown = [json.loads(label) for label, _ in _LINE.findall(user["content"])]
    assert sorted(shown) == list(shop.intents)
    assert shown[-1] == "opening_hours"
    assert '"are you open on sunday"' in user["content"]


def test_what_is_only_described_can_be_chosen_too(shop: Examples, language_model_server: LanguageModelServer) -> None:
    more = Examples(shop.texts, shop.labels, descriptions={**shop.descriptions, "find_job": "Looking for work."})
    language_model_server.answer = answering("find_job")
    for name in NAMES:
        assert opened(name, language_model_server, "ollama")(more).classify(["any vacancy"])[0].intent == "find_job"


def test_the_instructions_are_the_same_for_every_text(
    classifier: Trained, language_model_server: LanguageModelServer
) -> None:
    classifier.classify(["where is my order", "price of brake pads"])
    first, second = (request.body["messages"][0] for request in language_model_server.requests[-2:])
    assert first == second


@pytest.mark.parametrize("script", ["en", "hi"])
def test_many_intents_and_long_texts_keep_to_the_budget(
    name: str, language_model_server: LanguageModelServer, script: str
) -> None:
    word = "parcel" if script == "en" else "सामान"
    labels = [f"ask_about_the_{kind}_{number}" for number in range(200) for kind in ("state_of_things", "delivery")]
    texts = tuple(f"{word} {label.replace('_', ' ')} " + word * 100 for label in labels)
    told = dict.fromkeys(labels, f"{word} " * 80)
    trained = opened(name, language_model_server, "ollama")(Examples(texts, tuple(labels), (), told))
    trained.classify(["ask about the delivery 77", word * 5000])
    for request in language_model_server.requests:
        assert sum(len(message["content"].encode()) for message in request.body["messages"]) < BUDGET + 6000
    options = language_model_server.requests[0].body["format"]["properties"]["intent"]["enum"]
    assert "ask_about_the_delivery_77" in options
    assert set(options) <= {*labels, "none"}
