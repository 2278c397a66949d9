"""What stands on top of an encoder that judges two texts together: a dense layer and one product more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import EncoderError
from munshi.knowledge.onnx_parts import Floats, Graph

# By the kind of model, Hugging Face's names of the dense layer and of the last product, and what is between them.
PARTS: Mapping[str, tuple[str, str, Literal["Tanh", "Relu"]]] = {
    "bert": ("bert.pooler.dense", "classifier", "Tanh"),
    "distilbert": ("pre_classifier", "classifier", "Relu"),
    "roberta": ("classifier.dense", "classifier.out_proj", "Tanh"),
    "xlm-roberta": ("classifier.dense", "classifier.out_proj", "Tanh"),
    "camembert": ("classifier.dense", "classifier.out_proj", "Tanh"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """`dense` (hidden, hidden) with its bias, an activation, and `out` (labels, hidden) with its bias."""

    dense: Floats
    dense_bias: Floats
    activation: Literal["Tanh", "Relu"]
    out: Floats
    out_bias: Floats

    @property
    def labels(self) -> int:
        """How many numbers it gives for a pair of texts."""
        return len(self.out)

    def add_to(self, graph: Graph, states: str) -> str:
        """Put it on the state of the first token; the name of its output, (texts, labels)."""
        first = graph.add("Gather", [states, graph.constant("first", np.array(0, np.int64))], "head.first", axis=1)
        dense = [
            first,
            graph.constant("head.dense.weight", self.dense),
            graph.constant("head.dense.bias", self.dense_bias),
        ]
        pooled = graph.add("Gemm", dense, "head.dense", transB=1)
        active = graph.add(self.activation, [pooled], "head.active")
        out = [active, graph.constant("head.out.weight", self.out), graph.constant("head.out.bias", self.out_bias)]
        return graph.add("Gemm", out, "logits", transB=1)


def read_head(kind: str, tensors: Mapping[str, NDArray[Any]]) -> Head:
    """The head of a model of that kind (`model_type`). Raises EncoderError where its weights lack one."""
    dense, out, activation = PARTS[kind]
    names = [f"{layer}.{part}" for layer in (dense, out) for part in ("weight", "bias")]
    missing = [name for name in names if name not in tensors]
    if missing:
        raise EncoderError(
            f"the weights lack {missing[0]}: this is no cross-encoder; give a folder that was saved as a "
            "sequence classifier, or train one with `munshi train reranker`"
        )
    weight, bias, out_weight, out_bias = (tensors[name].astype(np.float32, copy=False) for name in names)
    return Head(weight, bias, activation, out_weight, out_bias)
