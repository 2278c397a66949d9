"""Why: words in any script, weights that follow from the classifier alone, and whether they are faithful."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.intents.base import Prediction, TrainingDataError
from munshi.intents.examples import Examples
from munshi.intents.explain import NEAREST, SHOWN, ExampleLibrary, explain
from munshi.intents.explain_evaluation import evaluate_explanations
from munshi.intents.explain_weights import MAX_WORDS, by_weight
from munshi.intents.explain_words import without, words_of
from munshi.intents.few_shot import FewShotClassifier
from munshi.knowledge.base import Encoder

SAID = {"price": 0.3, "cost": 0.2, "order": -0.25}


@dataclass
class Summing:
    """A classifier that adds up what its words are worth: 0.5 for `price`, and the rest for `order`."""

    worth: Mapping[str, float] = field(default_factory=lambda: SAID)
    name: str = "summing"
    calls: list[int] = field(default_factory=list)

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        self.calls.append(len(texts))
        return [self._predict(text) for text in texts]

    def _predict(self, text: str) -> Prediction:
        if not text.strip():
            return Prediction(None, 0.0, 0.0, (), self.name)
        share = 0.5 + sum(self.worth.get(word.casefold(), 0.0) for word in text.split())
        ranked = sorted((("price", share), ("order", 1 - share)), key=lambda pair: -pair[1])
        return Prediction(*ranked[0], 1.0, tuple(ranked), self.name)


@pytest.fixture
def library(shop: Examples) -> ExampleLibrary:
    return ExampleLibrary(shop, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("मेरा ऑर्डर कहाँ है?", ["मेरा", "ऑर्डर", "कहाँ", "है"]),
        ("Where's my NAS-20433, paid 2.5k?", ["Where's", "my", "NAS-20433", "paid", "2.5k"]),
        ("Order order ORDER", ["Order"]),
        ("ok 👍", ["ok", "👍"]),
        ("?!… \x00\n", []),
        ("", []),
    ],
)
def test_words_of_any_script(text: str, words: list[str]) -> None:
    assert [word.text for word in words_of(text)] == words


@given(st.text(max_size=80))
def test_what_is_taken_out_is_gone_and_the_rest_stays(text: str) -> None:
    words = words_of(text)
    assert words_of(without(text, words)) == ()
    assert without(text, []) == " ".join(text.split())
    for word in words:
        assert all(text[start:end].casefold() == word.text.casefold() for start, end in word.places)


def test_weights_by_hand(library: ExampleLibrary) -> None:
    found = explain(Summing(), "the Price and cost of my order", library)
    assert found.prediction.intent == "price"
    assert {word.word: pytest.approx(word.weight) for word in found.words} == {
        "Price": 0.3,
        "cost": 0.2,
        "order": -0.25,
    }
    assert [word.word for word in found.words] == ["Price", "order", "cost"]
    assert found.runner_up is not None
    assert (found.runner_up.intent, found.runner_up.margin) == ("order", pytest.approx(0.5))
    assert [word.word for word in found.runner_up.words] == ["order"]
    assert found.step is None


def test_a_handful_of_words_from_one_call(library: ExampleLibrary) -> None:
    many = Summing({f"w{number}": 0.02 for number in range(20)})
    found = explain(many, " ".join(many.worth), library)
    assert len(found.words) == SHOWN
    assert many.calls == [21]


def test_a_long_text_is_bounded_and_says_so(library: ExampleLibrary) -> None:
    text = " ".join(f"word{number}" for number in range(1200))
    classifier = Summing()
    found = explain(classifier, text, library)
    assert (found.weighed, found.total) == (MAX_WORDS, 1200)
    assert classifier.calls == [MAX_WORDS + 1]
    assert explain(classifier, text, library, most_words=3).weighed == 3


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_to_read_has_no_intent_and_no_words(shop: Examples, text: str) -> None:
    found = explain(FewShotClassifier.fit(shop, None), text, ExampleLibrary(shop, None))
    assert found.prediction.intent is None
    assert found.words == ()
    assert found.runner_up is None
    assert found.to_dict()["intent"] is None


def test_a_cascade_names_its_step(library: ExampleLibrary) -> None:
    assert explain(Summing(name="cascade:exact"), "price", library).step == "exact"


@pytest.mark.parametrize("with_encoder", [True, False])
def test_the_nearest_examples_each_once(shop: Examples, encoder: Encoder, with_encoder: bool) -> None:
    doubled = Examples(shop.texts * 2, shop.labels * 2)
    near = ExampleLibrary(doubled, encoder if with_encoder else None).nearest("track my parcel", most=NEAREST)
    assert len(near) == len(set(near)) == NEAREST
    assert (near[0].text, near[0].intent) == ("track my parcel", "order_status")
    assert near[0].similarity == pytest.approx(1, abs=0.01)
    assert [one.similarity for one in near] == sorted((one.similarity for one in near), reverse=True)


def test_examples_are_compared_in_their_prepared_form(shop: Examples) -> None:
    spoken = {"kidhar": "where", "parcel": "order"}

    def prepare(text: str) -> str:
        return " ".join(spoken.get(word, word) for word in text.split())

    near = ExampleLibrary(shop, None, prepare=prepare).nearest("kidhar is my parcel", most=1)
    assert near[0].text == "where is my order"
    assert ExampleLibrary(Examples((), ()), None).nearest("anything", most=1) == ()


def test_the_same_text_is_explained_the_same(shop: Examples, encoder: Encoder) -> None:
    classifier, library = FewShotClassifier.fit(shop, encoder), ExampleLibrary(shop, encoder)
    text = "mera order kab aayega aur kitne ka hai"
    assert explain(classifier, text, library) == explain(classifier, text, library)


def test_faithfulness_by_hand() -> None:
    """Of `price cost order x`, at 0.75: the gaps of the first and last one and two words are plain sums."""
    report = evaluate_explanations(Summing(), ["price cost order x", "hello", ""])
    assert (report.texts, report.skipped) == (1, 2)
    one, two = report.by_words
    assert (one.words, one.pgi, one.pgu) == (1, pytest.approx(0.3), pytest.approx(0.0))
    # price and order pull apart: 0.75 - 0.3 + 0.25; without cost and x it is 0.55
    assert (two.words, two.pgi, two.pgu) == (2, pytest.approx(0.05), pytest.approx(0.2))
    assert report.pgi.value == pytest.approx((0.3 + 0.05) / 2)
    assert report.pgu.value == pytest.approx((0.0 + 0.2) / 2)
    assert report.faithful


def test_a_classifier_that_only_counts_words_has_no_faithful_explanation() -> None:
    """Every word is worth the same, so that none is more important than another."""
    even = Summing(dict.fromkeys("abcdef", 0.05))
    report = evaluate_explanations(even, ["a b c d", "c d e f"])
    assert report.difference.value == pytest.approx(0)
    assert not report.faithful
    assert report.share == 0


def test_real_explanations_are_faithful_and_beat_random_words(shop: Examples) -> None:
    told: list[tuple[int, int]] = []
    report = evaluate_explanations(
        FewShotClassifier.fit(shop, None),
        ["when does my order arrive", "what is the cost of a new air filter", "is the shop open on sunday"],
        progress=lambda done, total: told.append((done, total)),
    )
    assert report.pgi.value > report.random.value > report.pgu.value
    assert [row.words for row in report.by_words] == [1, 2, 3]
    assert told[-1] == (3, 3)


def test_texts_that_cannot_be_measured_are_told() -> None:
    with pytest.raises(TrainingDataError, match="two words"):
        evaluate_explanations(Summing(), ["price", ""])


@given(st.lists(st.floats(-1, 1), max_size=30))
def test_the_weightiest_first(weights: list[float]) -> None:
    order = by_weight(weights)
    assert sorted(order) == list(range(len(weights)))
    assert [abs(weights[at]) for at in order] == sorted(map(abs, weights), reverse=True)
