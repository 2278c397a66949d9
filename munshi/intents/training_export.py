"""A trained encoder as an ONNX graph: BERT and what is built like it, in int8 where that decides alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from tokenizers import Tokenizer

from munshi.intents.base import IntentError
from munshi.knowledge.encoder_graph import Bert, bert_graph
from munshi.knowledge.encoder_int8 import write_int8
from munshi.knowledge.encoder_kinds import KNOWN


def check_base(config: Mapping[str, Any], base: Path) -> None:
    """Raise IntentError where a model of this config.json could be trained, but not written as a graph."""
    kind = config.get("model_type")
    if kind not in KNOWN:
        raise IntentError(f"{base} is a model of the kind {kind}: fine-tune one of {', '.join(KNOWN)}")


def write_fp32(bert: Bert, target: Path) -> None:
    """Write the graph as it is."""
    onnx.save(bert_graph(bert), target)


def write_small(bert: Bert, tokenizer: Tokenizer, target: Path) -> None:
    """Write the int8 graph."""
    marks = tokenizer.encode("").ids
    write_int8(bert, (marks[0], marks[-1]), target)
