from __future__ import annotations

import pytest

from munshi.bot.router import Router
from munshi.handlers.base import Entity
from munshi.intents.base import Intent, Prediction
from munshi.intents.calibration import Thresholds

INTENTS = [
    Intent("order_status", "", ("where is my order",), "order_status"),
    Intent("price", "", ("how much",), "stock_price"),
    Intent("person", "", ("talk to someone",), "talk_to_person"),
]


@pytest.fixture
def router() -> Router:
    return Router(INTENTS, Thresholds(in_scope=0.4, clarify=0.6), {"order_number": "order_status", "product": "price"})


def predict(intent: str | None, confidence: float, in_scope: float, *others: tuple[str, float]) -> Prediction:
    ranked = ((intent, confidence), *others) if intent else others
    return Prediction(intent, confidence, in_scope, ranked, "test")


def order(text: str, number: str) -> Entity:
    start = text.index(number)
    return Entity("order_number", number, number, start, start + len(number))


def test_a_clear_prediction_runs_its_intent(router: Router) -> None:
    route = router.route(predict("price", 0.6, 0.4), "how much is it", [])
    assert (route.kind, route.intent) == ("run", "price")


def test_a_clear_wish_for_a_person_hands_over(router: Router) -> None:
    assert router.route(predict("person", 0.9, 0.9), "call me", []).kind == "handover"


def test_what_is_out_of_scope_falls_back_however_confident(router: Router) -> None:
    assert router.route(predict("price", 0.99, 0.39), "price of love", []).kind == "fallback"
    assert router.route(predict(None, 0.0, 0.0), "", []).kind == "fallback"


def test_unsure_offers_the_likeliest_and_leaves_out_the_hopeless(router: Router) -> None:
    route = router.route(predict("price", 0.5, 0.9, ("order_status", 0.4), ("person", 0.05)), "swift?", [])
    assert (route.kind, route.options) == ("clarify", ("price", "order_status"))


def test_unsure_always_offers_a_choice(router: Router) -> None:
    route = router.route(predict("price", 0.59, 0.9, ("order_status", 0.01), ("person", 0.01)), "swift?", [])
    assert route.options == ("price", "order_status")


@pytest.mark.parametrize("text", ["NAS-10234", "order no NAS-10234", "my order is NAS-10234!", "#NAS-10234"])
def test_a_bare_order_number_asks_for_its_status(router: Router, text: str) -> None:
    route = router.route(predict(None, 0.0, 0.0), text, [order(text, "NAS-10234")])
    assert (route.kind, route.intent, route.reason) == ("run", "order_status", "bare entity")


def test_an_order_number_in_a_sentence_leaves_the_decision_to_the_prediction(router: Router) -> None:
    text = "please return NAS-10234"
    assert router.route(predict("person", 0.9, 0.9), text, [order(text, "NAS-10234")]).kind == "handover"
