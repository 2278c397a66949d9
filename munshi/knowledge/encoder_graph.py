"""BERT as an ONNX graph, built from safetensors without torch.

The graph is BERT (Devlin et al., 2019, arXiv:1810.04805) without its pooler: token ids of shape (texts, tokens) to last
hidden states of shape (texts, tokens, hidden), and to the mean over the tokens of those two thirds of the way up,
(texts, hidden). There is no attention mask, because texts are never padded: int8 activations are scaled by the largest
in a run, so a text that shares a run with others would get other vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from pydantic import BaseModel, PositiveFloat, PositiveInt, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file

from munshi.knowledge.base import EncoderError
from munshi.knowledge.cross_encoder_head import Head
from munshi.knowledge.onnx_parts import Floats, Graph, Smoothing
from munshi.knowledge.weights import MIDDLE

LAST = "last_hidden_state"
OPSET = 23
IR_VERSION = 11


class BertConfig(BaseModel):
    """What is needed of a config.json, by Hugging Face's names."""

    num_hidden_layers: PositiveInt
    hidden_size: PositiveInt
    num_attention_heads: PositiveInt
    layer_norm_eps: PositiveFloat = 1e-12
    hidden_act: Literal["gelu", "gelu_new", "gelu_pytorch_tanh"] = "gelu"
    position_embedding_type: Literal["absolute"] = "absolute"


@dataclass(frozen=True)
class Bert:
    """A BERT's configuration and its tensors, by the names Hugging Face gives them."""

    config: BertConfig
    tensors: Mapping[str, NDArray[Any]]

    def __getitem__(self, name: str) -> Floats:
        for key in (name, f"bert.{name}"):
            if key in self.tensors:
                return self.tensors[key].astype(np.float32, copy=False)
        raise EncoderError(f"the encoder's weights lack {name}; they are not a whole BERT model")

    @property
    def segments(self) -> int:
        """How many texts of one input it can be told to keep apart."""
        return len(self["embeddings.token_type_embeddings.weight"])


def read_bert(config: Mapping[str, Any], weights: Path) -> Bert:
    """Configuration and tensors (safetensors) of a BERT. Raises EncoderError where they do not make one."""
    try:
        return Bert(BertConfig.model_validate(config), load_file(weights))
    except ValidationError as error:
        fault = error.errors()[0]
        raise EncoderError(
            f"the config.json beside {weights} is of no BERT that a graph can be built for ({fault['loc'][0]}: "
            f"{fault['msg']}); export the model to ONNX"
        ) from error
    except (OSError, SafetensorError) as error:
        raise EncoderError(f"{weights} cannot be read ({error}); copy the model's folder again") from error


def bert_graph(bert: Bert, smoothing: Smoothing | None = None, head: Head | None = None) -> onnx.ModelProto:
    """The graph: `input_ids` int64 (texts, tokens) to `last_hidden_state` float32 (texts, tokens, hidden) and to
    `middle_mean` float32 (texts, hidden).

    With a `head` it takes `token_type_ids` too, where the model tells two texts apart by them, and gives only `logits`,
    float32 (texts, labels). With `smoothing` it is made ready for int8: the word table is already so, and the input of
    each product named there is divided, channel by channel, by what its weights are multiplied with. That leaves the
    product as it was and makes its input even.
    """
    graph = Graph(smoothing or {})
    segmented = head is not None and bert.segments > 1
    states = _embeddings(graph, bert, _plain_words if smoothing is None else _compact_words, segmented=segmented)
    for layer in range(bert.config.num_hidden_layers):
        states = _layer(graph, bert, layer, states)
        if head is None and layer + 1 == _middle(bert.config):
            axes = graph.constant("tokens", np.array([1], np.int64))
            graph.add("ReduceMean", [states, axes], MIDDLE, keepdims=0)
    if head is None:
        graph.add("Identity", [states], LAST)
        hidden = bert.config.hidden_size
        return _model(graph, ["input_ids"], {LAST: ["texts", "tokens", hidden], MIDDLE: ["texts", hidden]})
    inputs = ["input_ids", "token_type_ids"] if segmented else ["input_ids"]
    return _model(graph, inputs, {head.add_to(graph, states): ["texts", head.labels]})


def _model(graph: Graph, inputs: Sequence[str], outputs: Mapping[str, list[str | int]]) -> onnx.ModelProto:
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "bert",
            [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]) for name in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    # Without this mark the quantiser warns, through the root logger, that the graph was not prepared for it.
    helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    return model


def _middle(config: BertConfig) -> int:
    """After how many layers the middle is: 4 of 6, 8 of 12."""
    return max(config.num_hidden_layers * 2 // 3, 1)


def _embeddings(graph: Graph, bert: Bert, look_up: Callable[[Graph, Floats], str], *, segmented: bool) -> str:
    """Word plus position plus segment, normalised. The first segment's row is folded into the positions."""
    words = look_up(graph, bert["embeddings.word_embeddings.weight"])
    segments = bert["embeddings.token_type_embeddings.weight"]
    if segmented:
        beyond = graph.constant("segments", segments - segments[0])
        words = graph.add(
            "Add", [words, graph.add("Gather", [beyond, "token_type_ids"], "embeddings.segments")], "embeddings.told"
        )
    table = graph.constant("positions", bert["embeddings.position_embeddings.weight"] + segments[0])
    start = graph.constant("start", np.array([0], np.int64))
    length = graph.add("Shape", ["input_ids"], "length", start=1, end=2)
    positions = graph.add("Slice", [table, start, length, start], "embeddings.positions")
    total = graph.add("Add", [words, positions], "embeddings.sum")
    gain, bias = bert["embeddings.LayerNorm.weight"], bert["embeddings.LayerNorm.bias"]
    return graph.norm(total, gain, bias, bert.config.layer_norm_eps, "embeddings")


def _plain_words(graph: Graph, table: Floats) -> str:
    return graph.add("Gather", [graph.constant("words", table), "input_ids"], "embeddings.words")


def _compact_words(graph: Graph, table: Floats) -> str:
    """Each word's row in int8 under a scale of its own: a quarter of the memory at no cost in accuracy.

    The quantiser's own way is one scale for the table, which the rarest large value decides.
    """
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), np.finfo(np.float32).tiny) / 127
    rows = graph.constant("words", np.rint(table / scales).astype(np.int8))
    steps = graph.add("Gather", [rows, "input_ids"], "embeddings.steps")
    floats = graph.add("Cast", [steps], "embeddings.floats", to=TensorProto.FLOAT)
    scale = graph.add("Gather", [graph.constant("words.scales", scales), "input_ids"], "embeddings.scales")
    return graph.add("Mul", [floats, scale], "embeddings.words")


def _layer(graph: Graph, bert: Bert, number: int, states: str) -> str:
    """Self-attention, then the feed-forward network, each added to its input and normalised."""
    source = f"encoder.layer.{number}"
    name = f"layer{number}"

    def linear(part: str, inputs: str, output: str) -> str:
        return graph.linear(inputs, bert[f"{source}.{part}.weight"], bert[f"{source}.{part}.bias"], f"{name}.{output}")

    def add_and_norm(part: str, inputs: str, residual: str, output: str) -> str:
        total = graph.add("Add", [inputs, residual], f"{name}.{output}.sum")
        gain, bias = bert[f"{source}.{part}.LayerNorm.weight"], bert[f"{source}.{part}.LayerNorm.bias"]
        return graph.norm(total, gain, bias, bert.config.layer_norm_eps, f"{name}.{output}")

    context = _attention(graph, bert, f"{source}.attention.self", states, f"{name}.attention")
    attended = add_and_norm(
        "attention.output", linear("attention.output.dense", context, "projection"), states, "mixed"
    )
    inner = linear("intermediate.dense", attended, "inner")
    approximate = "none" if bert.config.hidden_act == "gelu" else "tanh"
    active = graph.add("Gelu", [inner], f"{name}.gelu", approximate=approximate)
    return add_and_norm("output", linear("output.dense", active, "outer"), attended, "states")


def _attention(graph: Graph, bert: Bert, source: str, states: str, name: str) -> str:
    """Scaled dot-product attention over all heads; queries, keys and values come from one product, then split."""
    parts = ("query", "key", "value")
    weight = np.concatenate([bert[f"{source}.{part}.weight"] for part in parts])
    bias = np.concatenate([bert[f"{source}.{part}.bias"] for part in parts])
    packed = graph.linear(states, weight, bias, f"{name}.packed")
    split = [f"{name}.{part}" for part in parts]
    graph.nodes.append(helper.make_node("Split", [packed], split, name=f"{name}.split", axis=-1, num_outputs=3))
    return graph.add(
        "Attention",
        split,
        name,
        q_num_heads=bert.config.num_attention_heads,
        kv_num_heads=bert.config.num_attention_heads,
    )
