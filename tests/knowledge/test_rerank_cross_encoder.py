"""Cross-encoders without torch: the graph against sums by hand, folders that are not whole, scores that are none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from munshi.knowledge.base import KnowledgeError
from munshi.knowledge.cross_encoder import CrossEncoder, open_cross_encoder
from munshi.knowledge.rerank_cross_encoder import CrossEncoderReranker
from tests.knowledge.cross_encoders import bert_folder, onnx_folder
from tests.knowledge.reranker_contract import hits


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoder:
    root = tmp_path_factory.mktemp("cross")
    return open_cross_encoder(bert_folder(root / "model"), home=root / "home")


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=4))
def test_any_texts_have_a_score(model: CrossEncoder, query: str, passages: list[str]) -> None:
    scores = model.score(query, passages)
    assert scores.shape == (len(passages),)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_company_changes_nothing(model: CrossEncoder) -> None:
    alone = model.score("brake pads", ["open hours ."])
    assert model.score("brake pads", ["clutch", "open hours .", "open hours ."])[1:].tolist() == [*alone, *alone]


def test_which_is_question_and_which_is_passage_matters(model: CrossEncoder) -> None:
    assert model.score("brake pads", ["brake pads warranty"]) != model.score("brake pads warranty", ["brake pads"])


def test_int8_is_near_fp32(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "model")
    exact, small = (open_cross_encoder(folder, home=tmp_path, precision=one) for one in ("fp32", "int8"))
    passages = ["clutch plate warranty", "open hours ?", "bank refund .", ""]
    np.testing.assert_allclose(small.score("clutch", passages), exact.score("clutch", passages), atol=0.1)


def test_two_labels_are_the_share_of_the_second(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "one")
    two = bert_folder(tmp_path / "two", labels=2)
    tensors = load_file(folder / "model.safetensors")
    # The first label's logit is nothing, the second one's that of the single label: softmax is then its sigmoid.
    doubled = {
        name: np.concatenate([0 * tensors[name], tensors[name]]) for name in ("classifier.weight", "classifier.bias")
    }
    save_file(tensors | doubled, two / "model.safetensors")
    one, other = (open_cross_encoder(path, home=tmp_path, precision="fp32") for path in (folder, two))
    texts = ["clutch plate", "open", ""]
    np.testing.assert_allclose(one.score("brake pads", texts), other.score("brake pads", texts), atol=1e-6)


@pytest.mark.parametrize("place", ["model.onnx", "onnx/model.onnx"])
def test_a_graph_of_any_kind_is_run_as_it_is(place: str, tmp_path: Path) -> None:
    model = open_cross_encoder(onnx_folder(tmp_path / "model", place=place), home=tmp_path / "home")
    assert not (tmp_path / "home").exists()
    assert len(set(model.score("clutch", ["plate", "bank bank bank"]).tolist())) == 2


def test_a_long_pair_is_cut_to_what_the_model_reads(model: CrossEncoder) -> None:
    assert model.score("clutch", ["plate " * 500]) == model.score("clutch", ["plate " * 5000])


def test_a_second_start_builds_nothing(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "model")
    said: list[str] = []
    for _ in range(2):
        open_cross_encoder(folder, home=tmp_path / "home", progress=said.append)
    assert len(said) == 1


def test_numbers_that_are_none_keep_the_old_order(tmp_path: Path) -> None:
    model = open_cross_encoder(onnx_folder(tmp_path / "model"), home=tmp_path)
    model.score = lambda _query, passages: np.full(len(passages), np.nan)  # type: ignore[method-assign]
    given_hits = hits(2, 0, 1)
    assert CrossEncoderReranker(model).rerank("clutch", given_hits, top_k=2) == given_hits[:2]


def test_the_old_order_may_keep_a_say(model: CrossEncoder) -> None:
    given_hits = hits(2, 0, 1)
    assert [hit.passage for hit in CrossEncoderReranker(model, weight=0.0).rerank("clutch", given_hits, top_k=3)] == [
        hit.passage for hit in given_hits
    ]


# Folders that are not whole


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]"])
def test_a_broken_folder_is_named_in_one_line(name: str, content: bytes | None, tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "model")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(KnowledgeError) as told:
        open_cross_encoder(folder, home=tmp_path / "home")
    assert str(folder) in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "lost", ["classifier.weight", "bert.pooler.dense.bias", "bert.encoder.layer.1.output.dense.weight"]
)
def test_weights_that_lack_a_part_are_refused(lost: str, tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    save_file({name: value for name, value in tensors.items() if name != lost}, folder / "model.safetensors")
    with pytest.raises(KnowledgeError, match=lost.removeprefix("bert.")):
        open_cross_encoder(folder, home=tmp_path / "home")


def test_three_labels_are_no_reranker(tmp_path: Path) -> None:
    for number, folder in enumerate(
        (bert_folder(tmp_path / "bert", labels=3), onnx_folder(tmp_path / "onnx", labels=3))
    ):
        with pytest.raises(KnowledgeError, match="1 or 2"):
            open_cross_encoder(folder, home=tmp_path / f"home{number}")


def test_a_graph_whose_numbers_are_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="finite"):
        open_cross_encoder(onnx_folder(tmp_path / "model", fill=float("nan")), home=tmp_path)


def test_a_kind_without_a_graph_is_told_to_be_exported(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "model", model_type="albert")
    with pytest.raises(KnowledgeError, match="export"):
        open_cross_encoder(folder, home=tmp_path / "home")


def test_other_activations_are_refused(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "model", hidden_act="relu")
    with pytest.raises(KnowledgeError, match="hidden_act"):
        open_cross_encoder(folder, home=tmp_path / "home")


def test_positions_that_are_no_number_are_told(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": "many"}))
    with pytest.raises(KnowledgeError, match="max_position_embeddings"):
        open_cross_encoder(folder, home=tmp_path / "home")
