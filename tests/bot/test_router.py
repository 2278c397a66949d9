from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.router import Router
from munshi.handlers.base import Entity
from munshi.intents.base import Intent, Prediction
from munshi.intents.calibration import Thresholds

INTENTS = [
    Intent("order_status", "", ("where is my order",), "order_status"),
    Intent("price", "", ("how much",), "stock_price"),
    Intent("person", "", ("talk to someone",), "talk_to_person"),
    Intent("block", "", ("block my card", "stop the card please"), "collect", risk="high"),
    Intent("balance", "", ("how much do i have",), "faq", risk="high"),
]
ACCEPT = 0.8


@pytest.fixture
def router() -> Router:
    bare = {"order_number": "order_status", "product": "price", "account": "balance"}
    return Router(INTENTS, Thresholds(in_scope=0.4, clarify=0.6, accept={"block": ACCEPT, "price": 1.0}), bare)


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


# -- high risk --------------------------------------------------------------------------------------------------------


def test_a_high_risk_intent_runs_from_its_threshold_on(router: Router) -> None:
    assert router.route(predict("block", 0.9, 0.9), "block my card now", []).kind == "run"
    assert router.route(predict("block", 0.9, 0.88), "block my card now", []).kind == "confirm"
    assert router.route(predict("block", 0.59, 0.9, ("price", 0.3)), "block", []).kind == "clarify"
    assert router.route(predict("block", 0.9, 0.39), "block", []).kind == "fallback"


def test_without_a_threshold_a_high_risk_intent_is_always_confirmed(router: Router) -> None:
    assert router.route(predict("balance", 1.0, 1.0), "how much do i have", []).kind == "confirm"


def test_a_threshold_of_a_low_risk_intent_is_nobodys_business(router: Router) -> None:
    assert router.route(predict("price", 0.7, 0.7), "how much", []).kind == "run"


@given(confidence=st.floats(0, 1), in_scope=st.floats(0, 1))
def test_no_score_that_a_language_model_had_a_say_in_runs_a_high_risk_intent(
    confidence: float, in_scope: float
) -> None:
    router = Router(INTENTS, Thresholds(0.4, 0.6, {"block": 0.0, "balance": 0.0}), {})
    for name in ("block", "balance"):
        made = Prediction(name, confidence, in_scope, ((name, confidence),), "cascade:llm")
        assert router.route(made, "block my card", []).kind != "run"


@pytest.mark.parametrize(
    "text",
    [
        "is my card blocked?",
        "what is a card block",
        "don't block my card",
        "please do not block my card!",
        "card block mat karo",
        "kya card block hai",
        "can I block my card at night",
        "मेरा कार्ड ब्लॉक है क्या",
        "unblock my card",
        "",
    ],
)
def test_what_asks_forbids_or_undoes_is_no_order(router: Router, text: str) -> None:
    route = router.route(predict("block", 1.0, 1.0), text, [])
    assert (route.kind, route.intent) == ("confirm", "block")


@pytest.mark.parametrize(
    "text",
    ["block my card", "Can you block my card?", "stop the card, it was stolen", "card band karo", "card block kar do"],
)
def test_an_order_is_not_asked_about_twice(router: Router, text: str) -> None:
    assert router.route(predict("block", 1.0, 1.0), text, []).kind == "run"


@pytest.mark.parametrize(
    ("rest", "bare"), [("k10", True), ("150", True), ("2019 k10", True), ("fitted free", False), ("12345", False)]
)
def test_a_bare_product_may_have_a_model_or_a_year_behind_it(router: Router, rest: str, bare: bool) -> None:
    product = Entity("product", "BAT-501", "battery for alto", 0, 16)
    route = router.route(predict(None, 0.0, 0.0), f"battery for alto {rest}", [product])
    assert (route.reason == "bare entity") is bare


def test_a_bare_entity_never_stands_for_a_high_risk_intent_unasked(router: Router) -> None:
    account = Entity("account", "AMV00000001", "AMV00000001", 0, 11)
    route = router.route(predict(None, 0.0, 0.0), "AMV00000001", [account])
    assert (route.kind, route.intent) == ("confirm", "balance")


def test_what_the_customer_chose_is_confirmed(router: Router) -> None:
    assert router.to_intent("block", "chosen").kind == "run"
    assert router.by_rule("block", "some rule").kind == "confirm"
    assert router.by_rule("price", "some rule").kind == "run"
