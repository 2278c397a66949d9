from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from munshi.handlers.base import CALL_PERSON, Answerer, Button, Entity, Turn
from munshi.handlers.registry import HandlerConfig, Services, create

MakeTurn = Callable[..., Turn]


def make(services: Services, name: str, **options: Any) -> Answerer:
    return create(name, services, HandlerConfig("it", options=options))  # type: ignore[return-value]


def order(number: str) -> Entity:
    return Entity("order_number", number, number, 0, len(number))


def test_the_papers_answer_with_their_source(services: Services, papers: Any, turn: MakeTurn) -> None:
    reply = make(services, "faq").answer(turn("can i return a faulty part"))
    assert reply.text == papers.text
    assert [citation.source for citation in reply.citations] == ["returns.md"]


def test_papers_that_do_not_know_leave_it_unanswered(services: Services, papers: Any, turn: MakeTurn) -> None:
    papers.confidence = 0.01
    reply = make(services, "faq").answer(turn("who won the match"))
    assert (reply.answered, reply.citations) == (False, ())
    assert papers.text not in reply.text


def test_what_only_comes_close_is_told_as_such(services: Services, papers: Any, turn: MakeTurn) -> None:
    papers.confidence = 0.3
    reply = make(services, "faq").answer(turn("what about returns of gift wrapping"))
    assert papers.text in reply.text
    assert reply.text != papers.text
    assert [button.value for button in reply.buttons] == [CALL_PERSON]


@pytest.mark.parametrize(
    ("said", "asked"),
    [("delivery?", "delivery? delivery charges"), ("how much is delivery to pune", "how much is delivery to pune")],
)
def test_the_topic_helps_a_bare_mention_only(
    services: Services, papers: Any, turn: MakeTurn, said: str, asked: str
) -> None:
    make(services, "faq", topic="delivery charges").answer(turn(said))
    assert papers.asked == [asked]


def test_the_papers_are_never_translated(services: Services, papers: Any, turn: MakeTurn) -> None:
    for language in ("hi", "hinglish"):
        reply = make(services, "faq").answer(turn("return?", language=language))
        assert reply.text.endswith(papers.text)
        assert reply.text != papers.text
    papers.text = "ख़राब पार्ट 10 दिन में वापस होता है।"
    assert make(services, "faq").answer(turn("return?", language="hi")).text == papers.text


@pytest.mark.parametrize(
    ("number", "stands"),
    [
        ("NAS-20401", "delivered"),
        ("NAS-20402", "not delivered"),
        ("NAS-20405", "already been returned"),
        ("NAS-20404", "cancelled"),
    ],
)
def test_a_return_looks_at_the_order_first(
    services: Services, papers: Any, turn: MakeTurn, number: str, stands: str
) -> None:
    reply = make(services, "returns").answer(turn(f"return {number}", entities=(order(number),)))
    lead, policy = reply.text.split("\n\n")
    assert number in lead
    assert stands in lead
    assert policy == papers.text
    assert reply.citations
    assert [button.value for button in reply.buttons] == [CALL_PERSON]
    assert "+91" not in f"{reply.text}{reply.data}"


def test_a_return_without_an_order_is_the_policy(services: Services, papers: Any, turn: MakeTurn) -> None:
    reply = make(services, "returns").answer(turn("how do i return this"))
    assert reply.text == papers.text
    papers.confidence = 0.01
    assert not make(services, "returns").answer(turn("how do i return this")).answered


def test_a_return_of_an_order_that_does_not_exist(services: Services, papers: Any, turn: MakeTurn) -> None:
    reply = make(services, "returns").answer(turn("return it", entities=(order("NAS-29999"),)))
    assert "NAS-29999" in reply.text
    assert reply.data["found"] is False


def test_a_known_order_answers_even_where_the_papers_do_not(services: Services, papers: Any, turn: MakeTurn) -> None:
    papers.confidence = 0.01
    reply = make(services, "returns").answer(turn("return it", entities=(order("NAS-20401"),)))
    assert reply.answered
    assert "NAS-20401" in reply.text


@pytest.mark.parametrize("kind", ["greeting", "thanks", "goodbye", "help"])
@pytest.mark.parametrize("language", ["en", "hi", "hinglish"])
def test_small_talk_in_the_customers_language(services: Services, turn: MakeTurn, kind: str, language: str) -> None:
    said = {
        make(services, "small_talk", kind=each).answer(turn("hi", language=language)).text
        for each in (kind, "greeting")
    }
    assert len(said) == (1 if kind == "greeting" else 2)
    assert any("ऀ" <= char <= "ॿ" for char in said.pop()) == (language == "hi")


def test_a_greeting_offers_what_the_pack_lists(services: Services, turn: MakeTurn) -> None:
    listed = ["Prices", {"label": {"en": "My order", "hi": "मेरा ऑर्डर"}, "value": "where is my order"}]
    handler = make(services, "small_talk", kind="greeting", buttons=listed)
    assert handler.answer(turn("hi")).buttons == (Button("Prices"), Button("My order", "where is my order"))
    assert handler.answer(turn("hi", language="hi")).buttons[1] == Button("मेरा ऑर्डर", "where is my order")
    assert handler.answer(turn("hi", language="hinglish")).buttons[1].label == "My order"


def test_what_is_out_of_scope_offers_a_person(services: Services, turn: MakeTurn) -> None:
    reply = make(services, "out_of_scope").answer(turn("who will win the election"))
    assert (reply.answered, [button.value for button in reply.buttons]) == (False, [CALL_PERSON])


def test_a_return_is_heard_from_its_beginning(services: Services, papers: Any, turn: MakeTurn) -> None:
    papers.worded = ("Faulty parts can be returned", " within 10 days.")
    heard: list[str] = []
    reply = make(services, "returns").answer(turn("return NAS-20401", entities=(order("NAS-20401"),), say=heard.append))
    assert len(heard) == 2
    assert reply.text == "".join(heard)
    assert "NAS-20401" in heard[0]
