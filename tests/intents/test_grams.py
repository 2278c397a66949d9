from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from munshi.intents.grams import GramSpace, grams

TEXTS = ("where is my order", "price of brake pads", "brake pads for alto", "कीमत क्या है", "emi?", "where is the shop")


def test_weights_are_those_of_scikit_learn() -> None:
    reference = TfidfVectorizer(analyzer=grams, sublinear_tf=True)
    expected = (reference.fit_transform(TEXTS) @ reference.fit_transform(TEXTS).T).toarray()
    space = GramSpace.fit(TEXTS)
    np.testing.assert_allclose([space.similarities(text) for text in TEXTS], expected, atol=1e-5)


def test_unknown_words_take_a_text_away_from_everything() -> None:
    space = GramSpace.fit(TEXTS)
    assert space.similarities("where is my order")[0] == pytest.approx(1)
    assert 0 < space.similarities("where is my order zyxwv qponm")[0] < 0.8


def test_a_slip_of_spelling_stays_near() -> None:
    space = GramSpace.fit(TEXTS)
    assert space.similarities("brak pad prise").argmax() == 1


def test_hindi_words_are_whole() -> None:
    assert "#कीमत" in set(grams("कीमत क्या है"))


def test_letters_of_any_case_are_one() -> None:
    assert list(grams("EMI Option")) == list(grams("emi option"))


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_a_blank_text_is_like_nothing(text: str) -> None:
    assert not GramSpace.fit(TEXTS).similarities(text).any()


def test_a_space_may_be_empty() -> None:
    assert GramSpace.fit(()).similarities("anything").shape == (0,)
    assert not GramSpace.fit(("", " ")).similarities("anything").any()


def test_grams_of_most_texts_may_be_left_out() -> None:
    texts = tuple(f"please {word}" for word in ("order", "return", "cancel", "refund", "track", "call"))
    assert GramSpace.fit(texts).similarities("please")[0] > 0
    assert not GramSpace.fit(texts, common=0.5).similarities("please").any()


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6), st.text(max_size=60))
def test_similarity_is_a_cosine(texts: list[str], asked: str) -> None:
    found = GramSpace.fit(texts).similarities(asked)
    assert found.shape == (len(texts),)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found <= 1 + 1e-5).all()


def test_a_long_text_is_read_from_its_start() -> None:
    space = GramSpace.fit(TEXTS)
    long = "where is my order " * 5000
    np.testing.assert_array_equal(space.similarities(long), space.similarities(long + "brake pads"))
