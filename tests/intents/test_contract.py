"""What every classifier in the registry promises, with an encoder and without."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi.intents.base import IntentError, Prediction
from munshi.intents.examples import Examples
from munshi.intents.registry import Trained, Training, factory, names
from munshi.knowledge.base import Encoder

Train = Callable[[Examples], Trained]

STRANGE = (
    "",
    "   \t\n",
    "where is my order " * 600,
    "a" * 10_000,
    "👍🏽🙏",
    "मेरा ऑर्डर कहाँ है?",
    "أين طلبي",
    "\u202eredro ym si erehw\u202c",
    "wh\u200bere is m\u200dy order",
    "\x00\x01\x1b[31m",
    "\ud800 lone surrogate",
    "'; DROP TABLE orders; --",
    "<script>alert(1)</script>",
    "0123456789",
    "?",
)


@pytest.fixture(scope="module", params=[(name, on) for name in names() for on in (True, False)], ids=str)
def train(request: pytest.FixtureRequest, encoder: Encoder) -> Train:
    name, with_encoder = request.param
    training = Training(encoder if with_encoder else None)
    return lambda examples: factory(name)(examples, training)


@pytest.fixture(scope="module")
def trained(train: Train, shop: Examples) -> Trained:
    return train(shop)


def check(made: Prediction, trained: Trained, known: tuple[str, ...]) -> None:
    assert made.classifier == trained.name
    assert 0 <= made.confidence <= 1
    assert 0 <= made.in_scope <= 1
    shares = [share for _, share in made.ranked]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1 + 1e-6
    assert {name for name, _ in made.ranked} <= set(known)
    assert len({name for name, _ in made.ranked}) == len(made.ranked)
    if made.intent is not None:
        assert made.ranked[0] == (made.intent, made.confidence)
    else:
        assert not made.ranked


@pytest.mark.parametrize("text", STRANGE, ids=lambda text: ascii(text)[:20])
def test_any_text_gets_a_valid_prediction(trained: Trained, shop: Examples, text: str) -> None:
    check(trained.classify([text])[0], trained, shop.intents)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_no_text_breaks_it(trained: Trained, shop: Examples, text: str) -> None:
    check(trained.classify([text])[0], trained, shop.intents)


def test_no_texts_no_predictions(trained: Trained) -> None:
    assert trained.classify([]) == []


def test_a_text_without_anything_to_read_fits_nothing(trained: Trained) -> None:
    for made in trained.classify(["", "  \n"]):
        assert made.intent is None
        assert made.in_scope == 0


def test_texts_are_answered_in_order_and_each_for_itself(trained: Trained) -> None:
    texts = [*STRANGE, "price of brake pads", "where is my order"]
    assert trained.classify(texts) == [trained.classify([text])[0] for text in texts]


def test_the_same_text_gets_the_same_answer(trained: Trained) -> None:
    assert (
        trained.classify(["can i return it"] * 2 + ["can i return it"])[0] == trained.classify(["can i return it"])[0]
    )


def test_training_twice_gives_the_same_classifier(train: Train, shop: Examples, trained: Trained) -> None:
    again = train(shop)
    texts = ["open on monday?", "kitne ka hai", "weather tomorrow"]
    assert again.classify(texts) == trained.classify(texts)
    assert again.thresholds == trained.thresholds


def test_many_threads_get_what_one_gets(trained: Trained) -> None:
    texts = [f"{text} {number}" for number in range(10) for text in ("where is my order", "price of brake pads")]
    alone = [trained.classify([text])[0] for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: trained.classify([text])[0], texts)) == alone


def test_examples_are_recognised(trained: Trained, shop: Examples) -> None:
    made = trained.classify(shop.texts)
    right = sum(prediction.intent == label for prediction, label in zip(made, shop.labels, strict=True))
    assert right >= 0.9 * len(made)


def test_thresholds_are_of_use(trained: Trained) -> None:
    assert 0 < trained.thresholds.in_scope < 1
    assert 0 < trained.thresholds.clarify < 1


def test_one_example_an_intent_is_enough(train: Train) -> None:
    examples = Examples(
        ("where is my order", "price of brake pads", "are you open on sunday"), ("order", "price", "hours")
    )
    trained = train(examples)
    for text in (*STRANGE, *examples.texts):
        check(trained.classify([text])[0], trained, examples.intents)
    assert trained.classify(["what is the price of a brake pad"])[0].intent == "price"


def test_a_single_intent_can_be_told_from_nothing(train: Train) -> None:
    trained = train(Examples(("where is my order", "track my parcel"), ("order", "order")))
    made = trained.classify(["where is my order", "xyzzy"])
    assert {prediction.intent for prediction in made} == {"order"}
    assert made[0].in_scope > made[1].in_scope


def test_three_hundred_intents(train: Train) -> None:
    texts = [f"please {verb} item number {at}" for at in range(300) for verb in ("order", "show")]
    labels = [f"item_{at}" for at in range(300) for _ in range(2)]
    trained = train(Examples(tuple(texts), tuple(labels)))
    made = trained.classify([texts[0], texts[-1], ""])
    for prediction in made:
        check(prediction, trained, tuple(labels))
    assert made[0].intent == "item_0"


@pytest.mark.parametrize("copies", [2, 50])
def test_the_same_example_many_times(train: Train, shop: Examples, copies: int) -> None:
    trained = train(Examples(shop.texts[:1] * copies + shop.texts, shop.labels[:1] * copies + shop.labels))
    assert trained.classify([shop.texts[0]])[0].intent == shop.labels[0]


def test_one_text_under_two_labels_is_learnt_from_all_the_same(train: Train, shop: Examples) -> None:
    trained = train(Examples((*shop.texts, shop.texts[0]), (*shop.labels, "check_price")))
    check(trained.classify([shop.texts[0]])[0], trained, shop.intents)


@pytest.mark.parametrize("texts", [(), ("", " ")])
def test_nothing_to_learn_from_is_told(train: Train, texts: tuple[str, ...]) -> None:
    with pytest.raises(IntentError, match="examples"):
        train(Examples(texts, ("order",) * len(texts)))


def test_hostile_examples_are_learnt_from(train: Train) -> None:
    trained = train(Examples((*STRANGE, "hello"), ("odd",) * len(STRANGE) + ("greeting",)))
    check(trained.classify(["hello"])[0], trained, ("greeting", "odd"))
