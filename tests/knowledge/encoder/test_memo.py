"""An encoder that remembers, over one that can be looked into and one that cannot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, EncoderError, LayeredEncoder, States, layered
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.memo import RememberingEncoder, remembering

TEXT = "brake pads"


class Counting:
    """What an encoder gives, and how many passes were made over each text."""

    has_tokens = True

    def __init__(self, encoder: LayeredEncoder) -> None:
        self.name, self.dim = encoder.name, encoder.dim
        self.passes = 0
        self._encoder = encoder

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.passes += len(texts)
        return self._encoder.encode(texts)

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        self.passes += len(texts)
        return self._encoder.encode_tokens(texts)


class CountingLayers(Counting):
    has_states = True

    def encode_states(self, texts: Sequence[str]) -> list[States]:
        self.passes += len(texts)
        return self._encoder.encode_states(texts)

    def token_ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        return self._encoder.token_ids(texts)


@pytest.fixture(scope="module")
def small(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> LayeredEncoder:
    made = layered(open_encoder(str(tiny), home=tmp_path_factory.mktemp("home")))
    assert made is not None
    return made


def test_one_message_is_one_pass(small: LayeredEncoder) -> None:
    counting = CountingLayers(small)
    memo = RememberingEncoder(counting)
    assert np.array_equal(memo.encode([TEXT]), small.encode([TEXT]))
    assert np.array_equal(memo.encode_tokens([TEXT])[0], small.encode_tokens([TEXT])[0])
    assert np.array_equal(memo.encode_states([TEXT])[0].ids, small.token_ids([TEXT])[0])
    assert np.array_equal(memo.token_ids([TEXT])[0], small.token_ids([TEXT])[0])
    assert counting.passes == 1


def test_what_cannot_be_looked_into_is_remembered_too(small: LayeredEncoder) -> None:
    counting = Counting(small)
    memo = RememberingEncoder(counting)
    for _ in range(2):
        assert np.array_equal(memo.encode([TEXT]), small.encode([TEXT]))
        assert np.array_equal(memo.encode_tokens([TEXT])[0], small.encode_tokens([TEXT])[0])
    assert counting.passes == 2
    assert layered(memo) is None
    for call in (memo.encode_states, memo.token_ids):
        with pytest.raises(EncoderError):
            call([TEXT])


def test_many_texts_are_passed_on(small: LayeredEncoder) -> None:
    memo = RememberingEncoder(small)
    texts = [TEXT, "clutch", ""]
    assert np.array_equal(memo.encode(texts), small.encode(texts))
    assert memo.encode([]).shape == (0, small.dim)
    assert [len(found) for found in memo.encode_tokens(texts)] == [len(found) for found in small.encode_tokens(texts)]
    assert [len(found.ids) for found in memo.encode_states(texts)] == [len(ids) for ids in small.token_ids(texts)]


def test_only_so_many_are_kept(small: LayeredEncoder) -> None:
    counting = CountingLayers(small)
    memo = RememberingEncoder(counting, size=2)
    for text in ("a", "b", "c", "a"):
        memo.encode([text])
    assert counting.passes == 4


def test_a_memory_needs_no_second(small: LayeredEncoder) -> None:
    once: Encoder = remembering(small)
    assert remembering(once) is once
    assert layered(once) is once
    assert layered(None) is None
