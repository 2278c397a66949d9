"""A cross-encoder's folder as Hugging Face lays it out, and the graph that is built from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from munshi.knowledge.base import EncoderError
from munshi.knowledge.cross_encoder_head import read_head
from munshi.knowledge.encoder_graph import bert_graph
from munshi.knowledge.encoder_int8 import write_int8
from munshi.knowledge.encoder_kinds import KNOWN, as_bert, positions
from munshi.knowledge.encoder_store import graph_key
from munshi.knowledge.tokenizer import load_tokenizer
from munshi.knowledge.weights import EncoderFolder, Precision, max_tokens, read_object

LABELS = (1, 2)


def cross_encoder_folder(path: Path) -> EncoderFolder:
    """The files of a cross-encoder: safetensors of BERT's kind, or model.onnx (also in onnx/), beside tokenizer.json.

    Raises EncoderError where files are missing or the model is of a kind that cannot be run.
    """
    if not path.is_dir():
        raise EncoderError(f"the cross-encoder's folder {path} is not there; check the setting")
    for name in ("config.json", "tokenizer.json"):
        if not (path / name).is_file():
            raise EncoderError(f"{path} has no {name}; save the model with its fast tokenizer")
    config = read_object(path / "config.json")
    return EncoderFolder(
        spec=str(path.resolve()),
        path=path,
        name=path.resolve().name,
        config=config,
        pooling="cls",
        max_tokens=min(max_tokens(path, config), positions(config)),
        onnx=_onnx(path, config),
        expected={},
    )


def cross_encoder_key(folder: EncoderFolder, precision: Precision) -> str:
    """What its graph is known by: another than the same folder's as an encoder."""
    return hashlib.sha256(f"cross-encoder {graph_key(folder, precision)}".encode()).hexdigest()[:16]


def write_cross_encoder(folder: EncoderFolder, target: Path, precision: Precision) -> None:
    """Write the graph of the folder's weights. Raises EncoderError where they are not what they should be."""
    tokenizer = load_tokenizer(folder)
    tensors = _tensors(folder.weights)
    bert, head = as_bert(folder.config, tensors), read_head(str(folder.config["model_type"]), tensors)
    if head.labels not in LABELS:
        raise EncoderError(f"{folder.path} gives {head.labels} numbers for a pair of texts; a reranker gives 1 or 2")
    if tokenizer.get_vocab_size() > len(bert["embeddings.word_embeddings.weight"]):
        raise EncoderError(f"{folder.tokenizer} has more words than {folder.weights}; copy the model's folder again")
    if precision == "fp32":
        onnx.save(bert_graph(bert, head=head), target)
    else:
        write_int8(bert, tokenizer.encode("").ids, target, head)


def _onnx(path: Path, config: Mapping[str, Any]) -> Path | None:
    """A graph to be run as it is; None where one can be built from the weights."""
    if config.get("model_type") in KNOWN and (path / "model.safetensors").is_file():
        return None
    for candidate in (path / "model.onnx", path / "onnx" / "model.onnx"):
        if candidate.is_file():
            return candidate
    raise EncoderError(
        f"{path} has neither weights of a kind that a graph can be built for (model.safetensors of "
        f"{', '.join(KNOWN)}) nor model.onnx; export it to ONNX"
    )


def _tensors(weights: Path) -> Mapping[str, NDArray[Any]]:
    try:
        return load_file(weights)
    except (OSError, SafetensorError) as error:
        raise EncoderError(f"{weights} cannot be read ({error}); copy the model's folder again") from error
