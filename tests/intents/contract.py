"""What every classifier promises: inherit from `ClassifierContract`, or from `LearnsFromExamples` where it is taught.

A test class that inherits gives a class-scoped fixture `train`: examples to a trained classifier.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi.intents.base import IntentError, Prediction
from munshi.intents.examples import Examples
from munshi.intents.registry import Trained

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


def check(made: Prediction, trained: Trained, known: tuple[str, ...]) -> None:
    assert made.classifier.partition(":")[0] == trained.name
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


class ClassifierContract:
    """Any text in, a valid prediction out."""

    @pytest.fixture(scope="class")
    @classmethod
    def train(cls) -> Train:
        raise NotImplementedError("a contract's test class gives its own `train`")

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls, train: Train, shop: Examples) -> Trained:
        return train(shop)

    @pytest.mark.parametrize("text", STRANGE, ids=lambda text: ascii(text)[:20])
    def test_any_text_gets_a_valid_prediction(self, trained: Trained, shop: Examples, text: str) -> None:
        check(trained.classify([text])[0], trained, shop.intents)

    @settings(
        deadline=None,
        max_examples=60,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(text=st.text(max_size=200))
    def test_no_text_breaks_it(self, trained: Trained, shop: Examples, text: str) -> None:
        check(trained.classify([text])[0], trained, shop.intents)

    def test_no_texts_no_predictions(self, trained: Trained) -> None:
        assert trained.classify([]) == []

    def test_a_text_without_anything_to_read_fits_nothing(self, trained: Trained) -> None:
        for made in trained.classify(["", "  \n"]):
            assert made.intent is None
            assert made.in_scope == 0

    def test_texts_are_answered_in_order_and_each_for_itself(self, trained: Trained) -> None:
        texts = [*STRANGE, "price of brake pads", "where is my order"]
        assert trained.classify(texts) == [trained.classify([text])[0] for text in texts]

    def test_the_same_text_gets_the_same_answer(self, trained: Trained) -> None:
        assert (
            trained.classify(["can i return it"] * 2 + ["can i return it"])[0]
            == trained.classify(["can i return it"])[0]
        )

    def test_training_twice_gives_the_same_classifier(self, train: Train, shop: Examples, trained: Trained) -> None:
        again = train(shop)
        texts = ["open on monday?", "kitne ka hai", "weather tomorrow"]
        assert again.classify(texts) == trained.classify(texts)
        assert again.thresholds == trained.thresholds

    def test_many_threads_get_what_one_gets(self, trained: Trained) -> None:
        texts = [f"{text} {number}" for number in range(10) for text in ("where is my order", "price of brake pads")]
        alone = [trained.classify([text])[0] for text in texts]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda text: trained.classify([text])[0], texts)) == alone

    def test_thresholds_are_of_use(self, trained: Trained) -> None:
        assert 0 < trained.thresholds.in_scope < 1
        assert 0 < trained.thresholds.clarify < 1

    def test_one_example_an_intent_is_enough(self, train: Train) -> None:
        examples = Examples(
            ("where is my order", "price of brake pads", "are you open on sunday"), ("order", "price", "hours")
        )
        trained = train(examples)
        for text in (*STRANGE, *examples.texts):
            check(trained.classify([text])[0], trained, examples.intents)
        assert trained.classify(["what is the price of a brake pad"])[0].intent == "price"

    def test_a_single_intent_can_be_told_from_nothing(self, train: Train) -> None:
        trained = train(Examples(("where is my order", "track my parcel"), ("order", "order")))
        made = trained.classify(["where is my order", "xyzzy"])
        assert {prediction.intent for prediction in made} == {"order"}
        assert made[0].in_scope > made[1].in_scope

    def test_three_hundred_intents(self, train: Train) -> None:
        texts = [f"please {verb} item number {at}" for at in range(300) for verb in ("order", "show")]
        labels = [f"item_{at}" for at in range(300) for _ in range(2)]
        trained = train(Examples(tuple(texts), tuple(labels)))
        made = trained.classify([texts[0], texts[-1], ""])
        for prediction in made:
            check(prediction, trained, tuple(labels))
        assert made[0].intent == "item_0"

    def test_one_text_under_two_labels_is_learnt_from_all_the_same(self, train: Train, shop: Examples) -> None:
        trained = train(Examples((*shop.texts, shop.texts[0]), (*shop.labels, "check_price")))
        check(trained.classify([shop.texts[0]])[0], trained, shop.intents)

    @pytest.mark.parametrize("texts", [(), ("", " ")])
    def test_nothing_to_learn_from_is_told(self, train: Train, texts: tuple[str, ...]) -> None:
        with pytest.raises(IntentError, match="examples"):
            train(Examples(texts, ("order",) * len(texts)))

    def test_hostile_examples_are_learnt_from(self, train: Train) -> None:
        trained = train(Examples((*STRANGE, "hello"), ("odd",) * len(STRANGE) + ("greeting",)))
        check(trained.classify(["hello"])[0], trained, ("greeting", "odd"))


class LearnsFromExamples(ClassifierContract):
    """And what it was taught, it knows."""

    def test_examples_are_recognised(self, trained: Trained, shop: Examples) -> None:
        made = trained.classify(shop.texts)
        right = sum(prediction.intent == label for prediction, label in zip(made, shop.labels, strict=True))
        assert right >= 0.9 * len(made)

    @pytest.mark.parametrize("copies", [2, 50])
    def test_the_same_example_many_times(self, train: Train, shop: Examples, copies: int) -> None:
        trained = train(Examples(shop.texts[:1] * copies + shop.texts, shop.labels[:1] * copies + shop.labels))
        assert trained.classify([shop.texts[0]])[0].intent == shop.labels[0]
