from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.intents.cascade_match import ExampleIndex, Match, Trust, fold
from munshi.knowledge.encoder import known_words

EXAMPLES = {
    "block my card": "block",
    "unblock my card": "unblock",
    "activate my new card": "activate",
    "deactivate my new card": "deactivate",
    "cancel order 12": "cancel",
    "track order 13": "track",
    "i can pay by card": "pay",
    "send money from savings to current": "save_to_current",
    "please transfer funds today": "transfer",
    "when will the refund arrive": "refund",
    "charge my account": "charge",
    "thanks": "thanks",
    "टिकट रद्द कर दो": "ticket",
}


@pytest.fixture(scope="module")
def index() -> ExampleIndex:
    return ExampleIndex([fold(text) for text in EXAMPLES], list(EXAMPLES.values()), known_words())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("my card block", "block"),
        ("block my card please", "block"),
        ("Hello, block the card... my", "block"),
        ("today transfer funds", "transfer"),
        ("transfer fundss today", "transfer"),
        ("when will the refnud arrive", "refund"),
        ("unblok my card", "unblock"),
        ("when will refund arrive pls", "refund"),
        ("रद्द टिकट कर दो", "ticket"),
    ],
)
def test_manners_word_order_and_one_slip_are_near(index: ExampleIndex, text: str, label: str) -> None:
    assert index.near(fold(text)) == Match(label)


@pytest.mark.parametrize(
    "text",
    [
        "dont block my card",
        "do not block my card",
        "deactivate my card",
        "cancel order 13",
        "cancel order 1",
        "cancel order",
        "i can not pay by card",
        "i can't pay by card",
        "send money from current to savings",
        "change my account",
        "charge my amount",
        "thank",
        "thanxs",
        "block",
        "clock my card",
        "when will the refnud arrve",
        "block my card " * 50,
        "",
    ],
)
def test_another_number_negation_or_word_is_not(index: ExampleIndex, text: str) -> None:
    assert index.near(fold(text)) is None
    assert index.exact(fold(text)) is None


def test_a_text_under_two_labels_settles_nothing() -> None:
    index = ExampleIndex(["my card please", "my card please", "card my"], ["a", "b", "a"], frozenset())
    assert index.exact("my card please") is None
    assert index.near("my card please") is None


def test_a_text_known_to_fit_nothing_is_found_as_that() -> None:
    assert ExampleIndex(["tell me a joke"], [None], frozenset()).exact("tell me a joke") == Match(None)


@given(
    text=st.sampled_from(list(EXAMPLES)),
    upper=st.booleans(),
    marks=st.lists(st.sampled_from([*string.punctuation.translate({ord(ch): None for ch in "$+<=>^`|~"}), " ", "\n"])),
    gap=st.text(" \t\u00a0", min_size=1, max_size=3),
)
def test_case_space_and_punctuation_hide_no_example(text: str, upper: bool, marks: list[str], gap: str) -> None:
    said = gap.join((text.upper() if upper else text).split())
    assert fold(said + " " + "".join(marks)) == fold(text)


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(("one", "other"), [("2.5 kg", "25 kg"), ("👍", "👎"), ("₹5", "$5"), ("10/11", "10 11")])
def test_folding_keeps_what_says_something(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("text", ["unblock my card", "deactivate my card", "reactivate my card", "blocked my card"])
def test_a_word_that_an_opposite_is_made_of_is_no_slip_of_it(text: str) -> None:
    index = ExampleIndex(["block my card", "activate my card"], ["block", "activate"], frozenset())
    assert index.near(text) is None


def test_trust_falls_with_examples_that_contradict_each_other() -> None:
    texts = [text for at in range(20) for text in (f"block card {at}", f"card block {at}")]
    agreeing, torn = (Trust.learn(ExampleIndex(texts, labels * 20, frozenset())) for labels in (["a", "a"], ["a", "b"]))
    unknown = Trust.learn(ExampleIndex([], [], frozenset()))
    assert torn.near < unknown.near < agreeing.near
    assert torn.exact == unknown.exact
    twice = Trust.learn(ExampleIndex(texts * 2, ["a"] * 80, frozenset()))
    assert twice.exact > unknown.exact
