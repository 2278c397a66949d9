from __future__ import annotations

import numpy as np
import pytest

from munshi.intents.examples import Examples
from munshi.intents.few_shot_views import AXES, CHUNK, MANY, SHARES, Views
from munshi.knowledge.base import Encoder, LayeredEncoder, States, layered

ASKED = ("where is my order", "zyxwv", "", "👍", "कीमत क्या है", "order " * 500)


@pytest.fixture(scope="module")
def source(encoder: Encoder) -> LayeredEncoder:
    found = layered(encoder)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def views(shop: Examples, source: LayeredEncoder) -> Views:
    return Views.fit(shop.texts, source)[0]


def test_likeness_is_the_mean_of_the_views_cosines(views: Views, source: LayeredEncoder) -> None:
    one, other = source.encode_states(ASKED[:2])
    assert one.middle is not None
    assert other.middle is not None
    cosines = [one.sentence @ other.sentence, telling(views, one) @ telling(views, other), one.middle @ other.middle]
    first, second = views.vectors(ASKED[:2], source)
    assert first @ second == pytest.approx(np.dot(SHARES, cosines), abs=1e-5)


def telling(views: Views, states: States) -> np.ndarray:
    weights = [views.token_weights[min(number, len(views.token_weights) - 1)] for number in states.ids]
    total = sum(weight * norm * token for weight, norm, token in zip(weights, states.norms, states.tokens, strict=True))
    return total / np.linalg.norm(total)


def test_any_text_has_a_vector_of_length_one(views: Views, source: LayeredEncoder) -> None:
    vectors = views.vectors(ASKED, source)
    assert vectors.shape == (len(ASKED), 3 * source.dim)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_tokens_of_every_text_count_least(shop: Examples, views: Views, source: LayeredEncoder) -> None:
    (ids,) = source.token_ids([shop.texts[0]])
    marks, words = views.token_weights[ids[[0, -1]]], views.token_weights[ids[1:-1]]
    assert marks == pytest.approx([0.5, 0.5])
    assert words.min() > 0.5
    assert views.token_weights[-1] == views.token_weights.max()


def test_many_texts_get_what_each_gets_alone(views: Views, source: LayeredEncoder) -> None:
    texts = [f"order {number}" for number in range(CHUNK + 3)]
    together = views.vectors(texts, source)
    for row in (0, CHUNK - 1, CHUNK, CHUNK + 2):
        assert np.array_equal(together[row], views.vectors([texts[row]], source)[0])


@pytest.fixture(scope="module")
def many(source: LayeredEncoder) -> tuple[Views, np.ndarray, list[str]]:
    texts = [
        f"where is {word} number {number}" for number in range(MANY // 4) for word in ("order", "bill", "box", "x")
    ]
    return *Views.fit(texts, source), texts


def test_of_many_texts_only_the_longest_directions_are_kept(
    many: tuple[Views, np.ndarray, list[str]], source: LayeredEncoder
) -> None:
    views, vectors, texts = many
    whole = Views(views.token_weights).vectors(texts[:50], source)
    assert vectors.shape == (len(texts), AXES)
    assert vectors[:50] @ vectors[:50].T == pytest.approx(whole @ whole.T, abs=0.02)
    assert views.vectors(texts[7:8], source)[0] == pytest.approx(vectors[7], abs=1e-5)


def test_views_are_kept_whole(views: Views, many: tuple[Views, np.ndarray, list[str]], source: LayeredEncoder) -> None:
    for made in (views, many[0]):
        assert np.array_equal(Views.of(made.arrays()).vectors(ASKED, source), made.vectors(ASKED, source))
