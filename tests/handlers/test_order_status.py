from __future__ import annotations

from collections.abc import Callable

import pytest

from munshi.handlers.base import CALL_PERSON, Reply, SlotSpec, Turn
from munshi.handlers.order_status import OrderStatus
from munshi.handlers.registry import HandlerConfig, Services

Ask = Callable[..., Reply]


@pytest.fixture
def ask(services: Services, turn: Callable[..., Turn]) -> Ask:
    def reply(number: str, language: str = "en") -> Reply:
        handler = OrderStatus(services, HandlerConfig("order_status"))
        return handler.answer(turn(language=language, slots={"order_number": number}))

    return reply


def test_an_order_on_its_way(ask: Ask) -> None:
    reply = ask("NAS-20402")
    for told in ("NAS-20402", "25 Nov 2026", "Clutch plate - Maruti Alto K10 × 1", "Blue Dart", "81530294476"):
        assert told in reply.text
    assert reply.buttons == ()
    assert reply.data == {"order_number": "NAS-20402", "found": True, "status": "shipped", "expected_on": "2026-11-25"}


@pytest.mark.parametrize("number", ["NAS-20401", "NAS-20402", "NAS-20403", "NAS-20404", "NAS-20405"])
@pytest.mark.parametrize("language", ["en", "hi", "hinglish"])
def test_nothing_personal_is_told(ask: Ask, number: str, language: str) -> None:
    reply = ask(number, language)
    assert number in reply.text
    for private in ("+91", "9000000", "Vashi", "Pune", "Thane"):
        assert private not in f"{reply.text} {reply.data}"


def test_a_day_that_has_passed_is_owned_up_to_and_a_person_offered(ask: Ask) -> None:
    reply = ask("NAS-20403")
    assert "It was expected by 18 Nov 2026" in reply.text
    assert "A part ordered specially" in reply.text
    assert [button.value for button in reply.buttons] == [CALL_PERSON]


@pytest.mark.parametrize("number", ["NAS-20401", "NAS-20404", "NAS-20405"])
def test_what_is_over_is_expected_no_more(ask: Ask, number: str) -> None:
    assert "2026" not in ask(number).text


@pytest.mark.parametrize("number", ["NAS-2040", "NAS-20499", "NAS-304021", "DROP TABLE", "{number}"])
def test_an_unknown_number_is_said_to_be_unknown(ask: Ask, number: str) -> None:
    reply = ask(number)
    assert number in reply.text
    assert all(known not in reply.text for known in ("NAS-20401", "NAS-20402", "shipped", "delivered"))
    assert [button.value for button in reply.buttons] == [CALL_PERSON]
    assert reply.data["found"] is False


def test_the_packs_own_question_and_format_are_used(services: Services) -> None:
    own = SlotSpec("order_number", "order_number", {"en": "Number, please"}, pattern=r"NAS-\d{5}")
    (slot,) = OrderStatus(services, HandlerConfig("order_status", (own,))).slots
    assert slot.prompt == {"en": "Number, please"}
    assert slot.validate("nas-20401") == "NAS-20401"
