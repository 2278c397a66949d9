"""Whether this processor multiplies int8 rightly."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort

# An ONNX graph of one MatMulInteger: four unsigned bytes times four signed bytes of 127.
PROBE = bytes.fromhex(
    "08083a580a180a01610a016212016322"
    "0d4d61744d756c496e7465676572120170"
    "2a0f080408011003420162"
    "4a047f7f7f7f"
    "5a130a0161120e0a0c080212080a0208010a020804"
    "62130a0163120e0a0c080612080a0208010a020801"
    "42040a00100d"
)
WIDTH, LARGEST, WEIGHT = 4, 255, 127


def sums_overflow() -> bool:
    """Whether ONNX Runtime's int8 products overflow here.

    On x86 with AVX2 but without VNNI (most from 2013 to 2019) two products are added in 16 bits and cut off at the top:
    large activations times large weights come out too small, silently. Measured rather than looked up: every system
    tells a processor's abilities in another way.
    """
    session = ort.InferenceSession(PROBE, providers=["CPUExecutionProvider"])
    result = session.run(None, {"a": np.full((1, WIDTH), LARGEST, np.uint8)})[0]
    return int(result[0, 0]) != WIDTH * LARGEST * WEIGHT
