"""BERT's relatives under BERT's own names: what is built like it can be written as the same graph."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from munshi.knowledge.base import EncoderError
from munshi.knowledge.encoder_graph import Bert, BertConfig

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


def as_bert(config: Mapping[str, Any], tensors: Tensors) -> Bert:
    """An encoder's config.json and tensors as those of the BERT that does the same.

    Raises EncoderError where there is none: another kind of model or another activation function, say.
    """
    kind = config.get("model_type")
    if kind not in KNOWN:
        raise EncoderError(f"a model of the kind {kind} cannot be written as a graph: choose one of {', '.join(KNOWN)}")
    named = {name.removeprefix(f"{_prefix(str(kind))}."): tensor for name, tensor in tensors.items()}
    if kind == "distilbert":
        named = {_renamed(name): tensor for name, tensor in named.items()}
    try:
        bert = Bert(BertConfig.model_validate(_by_bert(config)), named)
    except ValidationError as error:
        fault = error.errors()[0]
        raise EncoderError(
            f"this model cannot be written as a graph ({fault['loc'][0]}: {fault['msg']}): choose another base"
        ) from error
    if kind == "distilbert":
        named[SEGMENTS] = np.zeros((1, bert.config.hidden_size), np.float32)
    if kind in ROBERTA:
        named[POSITIONS] = bert[POSITIONS][-positions(config) :]
    return bert


def positions(config: Mapping[str, Any]) -> int:
    """How many tokens the model can read; RoBERTa's kind counts its positions from the padding's number plus one.

    Raises EncoderError where the config does not tell.
    """
    most, padding = config.get("max_position_embeddings", 512), config.get("pad_token_id", 1)
    if not isinstance(most, int) or not isinstance(padding, int):
        raise EncoderError(
            "config.json's max_position_embeddings or pad_token_id is no number: copy the model's folder again"
        )
    return most - padding - 1 if config.get("model_type") in ROBERTA else most


def _prefix(kind: str) -> str:
    """What stands before an encoder's names inside a larger model."""
    return "roberta" if kind in ROBERTA else kind


def _by_bert(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the graph needs of a config.json, by BERT's names."""
    wanted = dict(config)
    if config.get("model_type") == "distilbert":
        names = {"n_layers": "num_hidden_layers", "dim": "hidden_size", "n_heads": "num_attention_heads"}
        wanted |= {other: config[name] for name, other in names.items() if name in config}
        wanted |= {"hidden_act": config.get("activation", "gelu"), "layer_norm_eps": 1e-12}
    return {name: wanted[name] for name in BertConfig.model_fields if wanted.get(name) is not None}


def _renamed(name: str) -> str:
    for pattern, other in DISTILBERT:
        name = re.sub(pattern, other, name)
    return name
