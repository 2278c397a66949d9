"""A trained encoder as an ONNX graph: BERT and what is built like it, in int8 where that decides alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from pydantic import ValidationError
from tokenizers import Tokenizer

from munshi.intents.base import IntentError
from munshi.knowledge.encoder_graph import Bert, BertConfig, bert_graph
from munshi.knowledge.encoder_int8 import write_int8

Tensors = Mapping[str, NDArray[Any]]

# DistilBERT's names of a BERT's parts.
DISTILBERT = (
    (r"^transformer\.layer\.", "encoder.layer."),
    (r"\.attention\.q_lin\.", ".attention.self.query."),
    (r"\.attention\.k_lin\.", ".attention.self.key."),
    (r"\.attention\.v_lin\.", ".attention.self.value."),
    (r"\.attention\.out_lin\.", ".attention.output.dense."),
    (r"\.sa_layer_norm\.", ".attention.output.LayerNorm."),
    (r"\.ffn\.lin1\.", ".intermediate.dense."),
    (r"\.ffn\.lin2\.", ".output.dense."),
    (r"\.output_layer_norm\.", ".output.LayerNorm."),
)
SEGMENTS = "embeddings.token_type_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
# Those whose positions are counted from the padding token's number plus one.
ROBERTA = ("roberta", "xlm-roberta", "camembert")
KNOWN = ("bert", "distilbert", *ROBERTA)


def check_base(config: Mapping[str, Any], base: Path) -> None:
    """Raise IntentError where a model of this config.json could be trained, but not written as a graph."""
    kind = config.get("model_type")
    if kind not in KNOWN:
        raise IntentError(f"{base} is a model of the kind {kind}: fine-tune one of {', '.join(KNOWN)}")


def as_bert(config: Any, tensors: Tensors) -> Bert:
    """An encoder's configuration (transformers') and tensors as those of the BERT that does the same.

    Raises IntentError where there is none: another activation function, say.
    """
    named = dict(tensors)
    if config.model_type == "distilbert":
        named = {_renamed(name): tensor for name, tensor in tensors.items()}
        named[SEGMENTS] = np.zeros((1, config.hidden_size), np.float32)
    if config.model_type in ROBERTA:
        named[POSITIONS] = named[POSITIONS][config.pad_token_id + 1 :]
    try:
        wanted = {
            "num_hidden_layers": config.num_hidden_layers,
            "hidden_size": config.hidden_size,
            "num_attention_heads": config.num_attention_heads,
            "layer_norm_eps": getattr(config, "layer_norm_eps", 1e-12),
            "hidden_act": getattr(config, "activation", None) or config.hidden_act,
        }
        return Bert(BertConfig.model_validate(wanted), named)
    except ValidationError as error:
        fault = error.errors()[0]
        raise IntentError(
            f"this model cannot be written as a graph ({fault['loc'][0]}: {fault['msg']}): choose another base"
        ) from error


def write_fp32(bert: Bert, target: Path) -> None:
    """Write the graph as it is."""
    onnx.save(bert_graph(bert), target)


def write_small(bert: Bert, tokenizer: Tokenizer, target: Path) -> None:
    """Write the int8 graph."""
    marks = tokenizer.encode("").ids
    write_int8(bert, (marks[0], marks[-1]), target)


def _renamed(name: str) -> str:
    for pattern, other in DISTILBERT:
        name = re.sub(pattern, other, name)
    return name
