"""Small cross-encoders with random weights, in Hugging Face folders and by hand as ONNX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

WORDS = ("clutch", "plate", "brake", "pads", "open", "hours", "warranty", "delivery", "refund", "bank", "?", ".")
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
HIDDEN, INNER, POSITIONS = 16, 32, 40


def bert_folder(folder: Path, *, labels: int = 1, seed: int = 3, **config: Any) -> Path:
    """A BERT of two layers as a sequence classifier."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "max_position_embeddings": POSITIONS,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "pad_token_id": 0,
        "type_vocab_size": 2,
    }
    (folder / "config.json").write_text(json.dumps(told | config), encoding="utf-8")
    save_file(bert_weights(labels, seed), folder / "model.safetensors")
    save_tokenizer(folder)
    return folder


def bert_weights(labels: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "bert.embeddings.word_embeddings.weight": (len(MARKS) + len(WORDS), HIDDEN),
        "bert.embeddings.position_embeddings.weight": (POSITIONS, HIDDEN),
        "bert.embeddings.token_type_embeddings.weight": (2, HIDDEN),
        "bert.pooler.dense.weight": (HIDDEN, HIDDEN),
        "bert.pooler.dense.bias": (HIDDEN,),
        "classifier.weight": (labels, HIDDEN),
        "classifier.bias": (labels,),
    }
    norms = ["bert.embeddings.LayerNorm"]
    for layer in ("bert.encoder.layer.0", "bert.encoder.layer.1"):
        linear = {f"{layer}.attention.self.{part}": (HIDDEN, HIDDEN) for part in ("query", "key", "value")}
        linear[f"{layer}.attention.output.dense"] = (HIDDEN, HIDDEN)
        linear |= {f"{layer}.intermediate.dense": (INNER, HIDDEN), f"{layer}.output.dense": (HIDDEN, INNER)}
        for name, shape in linear.items():
            shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    weights = {name: random.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
    for name in norms:
        weights[f"{name}.weight"] = np.ones(HIDDEN, np.float32)
        weights[f"{name}.bias"] = random.normal(0, 0.1, HIDDEN).astype(np.float32)
    return weights


def save_tokenizer(folder: Path) -> None:
    ids = {token: place for place, token in enumerate((*MARKS, *WORDS))}
    tokenizer = Tokenizer(WordLevel(ids, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(mark, ids[mark]) for mark in MARKS],
    )
    tokenizer.save(str(folder / "tokenizer.json"))


def onnx_folder(folder: Path, *, labels: int = 1, place: str = "onnx/model.onnx", fill: float | None = None) -> Path:
    """A model that is no BERT: the mean of what each token weighs, or always `fill`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "something"}), encoding="utf-8")
    save_tokenizer(folder)
    random = np.random.default_rng(5)
    table = random.normal(0, 1, (len(MARKS) + len(WORDS), labels)).astype(np.float32)
    if fill is not None:
        table[:] = fill
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("ReduceMean", ["rows", "axis"], ["logits"], keepdims=0),
    ]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])
    out = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", labels])
    constants = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1], np.int64), "axis")]
    graph = helper.make_graph(nodes, "by-hand", [ids], [out], constants)
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), folder / place)
    return folder
