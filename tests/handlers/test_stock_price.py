from __future__ import annotations

from collections.abc import Callable

import pytest

from munshi.handlers.base import CALL_PERSON, Entity, Exchange, Reply, Turn
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.stock_price import MAX_LISTED, StockPrice

Ask = Callable[..., Reply]


@pytest.fixture
def ask(services: Services, turn: Callable[..., Turn]) -> Ask:
    def reply(text: str, aspect: str = "price", **changes: object) -> Reply:
        handler = StockPrice(services, HandlerConfig("it", options={"aspect": aspect}))
        return handler.answer(turn(text, **changes))

    return reply


def product(sku: str, text: str) -> Entity:
    return Entity("product", sku, text, 0, len(text))


def quantity(count: str) -> Entity:
    return Entity("quantity", count, count, 0, len(count))


def skus(reply: Reply) -> list[str]:
    return [told["sku"] for told in reply.data["products"]]


@pytest.mark.parametrize("aspect", ["price", "stock", "fitment"])
@pytest.mark.parametrize("language", ["en", "hi", "hinglish"])
def test_one_product_is_told_in_full(ask: Ask, aspect: str, language: str) -> None:
    reply = ask("swift clutch plate", aspect, language=language)
    for told in ("Clutch plate - Maruti Swift", "₹3,950", "18%", "6", "Maruti Swift 1.2 petrol 2011-2023"):
        assert told in reply.text
    assert (skus(reply), reply.answered, reply.buttons) == (["CLU-1"], True, ())


def test_what_is_asked_comes_first(ask: Ask) -> None:
    lines = [ask("swift clutch plate", aspect).text.splitlines()[1] for aspect in ("price", "stock", "fitment")]
    assert len(set(lines)) == 3


@pytest.mark.parametrize(("text", "shown"), [("grand i10 clutch", "₹1,04,100"), ("alto k10 clutch", "₹1,450.50")])
def test_prices_are_grouped_and_exact(ask: Ask, text: str, shown: str) -> None:
    assert shown in ask(text).text


def test_stock_is_told_by_its_number(ask: Ask) -> None:
    many, few, none = (ask(text, "stock") for text in ("swift brake pad", "alto clutch", "grand i10 clutch"))
    assert "14" in many.text
    assert "last 2" in few.text.casefold()
    assert "out of stock" in none.text.casefold()
    assert [button.value for button in none.buttons] == [CALL_PERSON]


def test_a_total_for_what_is_there_and_the_truth_for_what_is_not(ask: Ask) -> None:
    assert "₹7,900" in ask("2 swift clutch plate", entities=(quantity("2"),)).text
    short = ask("10 swift clutch plate", entities=(quantity("10"),)).text
    assert "₹39,500" not in short
    assert "10" in short
    assert "we have 6" in short


def test_a_number_of_the_products_own_name_is_no_count(ask: Ask) -> None:
    reply = ask("pulsar 150 brake pad", entities=(quantity("150"),))
    assert skus(reply) == ["BRK-3"]
    assert "₹39,000" not in reply.text
    assert "we have" not in reply.text


def test_several_are_listed_to_choose_from(ask: Ask) -> None:
    reply = ask("brake pads")
    assert len(skus(reply)) == len(reply.buttons) == MAX_LISTED
    assert "And 1 more" in reply.text
    for button in reply.buttons:
        chosen = ask(button.value)
        assert (len(skus(chosen)), chosen.text.splitlines()[0]) == (1, button.label)


def test_another_vehicles_part_is_not_offered(ask: Ask) -> None:
    for text in ("brake pads for thar", "clutch plate for activa", "swift 2010 brake pad"):
        reply = ask(text)
        assert "₹" not in reply.text
        assert (reply.answered, skus(reply)) == (False, [])
        assert [button.value for button in reply.buttons] == [CALL_PERSON]


def test_what_is_not_sold_is_said_to_be_unknown(ask: Ask) -> None:
    reply = ask("helmet price")
    assert "helmet" in reply.text
    assert (reply.answered, skus(reply)) == (False, [])


def test_nothing_named_is_asked_back(ask: Ask) -> None:
    reply = ask("price?")
    assert reply.answered
    assert "products" not in reply.data


def test_entities_name_the_product(ask: Ask) -> None:
    assert skus(ask("kitne ka hai", entities=(product("BRK-1", "swift brake pad"),))) == ["BRK-1"]
    assert skus(ask("clutch plate for alto", entities=(product("CLU-1", "clutch plate"),))) == ["CLU-2"]
    both = ask("ye dono", entities=(product("CLU-1", "ye"), product("BRK-1", "dono")))
    assert set(skus(both)) == {"CLU-1", "BRK-1"}


def test_a_short_message_narrows_the_question_before(ask: Ask) -> None:
    before = (Exchange("how much are the brake pads", "", "check_price"),)
    assert skus(ask("hyundai creta front", history=before)) == ["BRK-5"]
    assert skus(ask("maruti swift", history=before)) == ["BRK-1"]
    assert skus(ask("brake shoe splendor", history=before)) == ["BRK-4"]
    assert skus(ask("helmet", history=before)) == []


def test_a_question_about_the_products_just_shown_is_about_those(ask: Ask) -> None:
    before = (Exchange("do you have brake pads for nexon", "", "check_stock"),)
    named = (product("BRK-1", "brake pads"), product("BRK-2", "brake pads"))  # all that the words alone could mean
    assert skus(ask("and what do they cost?", history=before, entities=named)) == ["BRK-6"]
    assert "products" not in ask("and the price?", history=(Exchange("hello", "", None),)).data


def test_a_long_story_is_taken_for_no_vehicle(ask: Ask) -> None:
    reply = ask("you sent me a wrong brake pad yesterday evening which nobody ordered")
    assert not reply.answered
    assert "yesterday" not in reply.text


def test_a_product_without_the_extras_is_told_without_them(ask: Ask) -> None:
    reply = ask("microfibre cloth", "fitment")
    assert "₹120" in reply.text
    assert "GST" not in reply.text
    assert [button.value for button in reply.buttons] == [CALL_PERSON]


@pytest.mark.parametrize("text", ["", "brake " * 5000, "🙏", "<img src=x onerror=alert(1)> {price} %s", "\u202eswift"])
def test_any_text_gets_a_reply(ask: Ask, text: str) -> None:
    assert ask(text, entities=(quantity("9" * 30),)).text
