"""An ONNX graph in the making: nodes and constants, gathered in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Floats = NDArray[np.float32]
# By the name of a product (`layer0.inner`), one divisor for each channel of its input.
Smoothing = Mapping[str, Floats]


@dataclass
class Graph:
    """Nodes and constants, gathered in order. Every method returns the name of what it added."""

    smoothing: Smoothing
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """A tensor of that name."""
        self.constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """An operator with one output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def linear(self, source: str, weight: Floats, bias: Floats, output: str) -> str:
        """`source @ weight.T + bias`, the weight as torch keeps it: (out, in)."""
        divisors = self.smoothing.get(output)
        if divisors is not None:
            factors = self.constant(f"{output}.factors", 1 / divisors)
            source = self.add("Mul", [source, factors], f"{output}.even")
            weight = weight * divisors
        product = self.add("MatMul", [source, self.constant(f"{output}.weight", weight.T)], f"{output}.product")
        return self.add("Add", [product, self.constant(f"{output}.bias", bias)], output)

    def norm(self, source: str, gain: Floats, bias: Floats, eps: float, output: str) -> str:
        """Layer normalisation over the last axis."""
        inputs = [source, self.constant(f"{output}.gain", gain), self.constant(f"{output}.bias", bias)]
        return self.add("LayerNormalization", inputs, output, axis=-1, epsilon=eps)
