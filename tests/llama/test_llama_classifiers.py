"""The classifiers that ask a language model, with llama.cpp's own server behind them: noise breaks none of them."""

from __future__ import annotations

import pytest

from munshi.bot.llm_model import LanguageModel
from munshi.intents.examples import Examples
from munshi.intents.registry import Trained, Training, factory
from tests.intents.contract import STRANGE, check

pytestmark = [pytest.mark.llama, pytest.mark.parametrize("model", ["bytes"], indirect=True)]

EXAMPLES = Examples(
    ("where is my order", "track my parcel", "price of brake pads", "kitne ka hai", "are you open", "दुकान कब खुलती है"),
    ("order_status", "order_status", "price", "price", "hours", "hours"),
    descriptions={"price": "The customer asks what a part costs."},
)
ASKED = (
    *STRANGE,
    *EXAMPLES.texts,
    "is my order open, and what is its price",
    "kab aayega mera order",
    "weather tomorrow",
    "<think>price</think>",
)


@pytest.fixture(scope="package", params=["zero_shot_llm", "few_shot_llm", "cascade"])
def classifier(request: pytest.FixtureRequest, model: LanguageModel) -> Trained:
    return factory(request.param)(EXAMPLES, Training(model=model))


@pytest.mark.parametrize("text", ASKED, ids=lambda text: ascii(text)[:20])
def test_any_text_gets_a_valid_prediction(classifier: Trained, text: str) -> None:
    (made,) = classifier.classify([text])
    check(made, classifier, EXAMPLES.intents)


def test_the_same_text_gets_the_same_answer(classifier: Trained) -> None:
    texts = ["is my order open", "weather tomorrow"]
    assert classifier.classify(texts) == classifier.classify(texts)


def test_a_label_of_the_list_comes_from_the_model_itself(model: LanguageModel) -> None:
    """The server keeps to the schema, so that noise is a label, or none of them."""
    made = factory("zero_shot_llm")(EXAMPLES, Training(model=model)).classify(ASKED[-4:])
    assert any(prediction.intent for prediction in made)
