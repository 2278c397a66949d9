"""The one way to open an encoder from a setting."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from munshi.knowledge.base import Encoder, EncoderError
from munshi.knowledge.encoder_onnx import OnnxEncoder
from munshi.knowledge.encoder_remote import RemoteEncoder, ollama_encoder, openai_encoder
from munshi.knowledge.encoder_store import build_apart, graph_key, stored_graph
from munshi.knowledge.tokenizer import load_tokenizer
from munshi.knowledge.weights import EncoderFolder, Precision, find_folder

Progress = Callable[[str], None]


def open_encoder(
    spec: str,
    *,
    home: Path,
    progress: Progress | None = None,
    threads: int | None = None,
    precision: Precision = "int8",
    key: str | None = None,
    ollama_host: str | None = None,
) -> Encoder | None:
    """The encoder that a setting names; None for "none".

    `spec` is "minilm" (all-MiniLM-L6-v2), "none", a local Hugging Face folder, "ollama:MODEL" or
    "openai:MODEL@BASE_URL". A graph that must first be built is kept under `home`; `progress` is told of it. `threads`
    is how many texts are encoded at once (all processors by default), `key` the service's own, `ollama_host` where
    Ollama listens (the variable OLLAMA_HOST by default). Raises EncoderError, one line with the remedy.
    """
    kind, _, rest = spec.strip().partition(":")
    if kind == "none":
        return None
    if kind == "ollama":
        return _open_ollama(rest, ollama_host or os.environ.get("OLLAMA_HOST"))
    if kind == "openai":
        return _open_openai(rest, key)
    folder = find_folder(spec.strip())
    return _open_local(folder, home, progress or _silent, threads or os.cpu_count() or 1, precision)


def known_words(spec: str = "minilm") -> frozenset[str]:
    """The whole words in a local encoder's vocabulary, as its tokenizer writes them; the model itself is not loaded.

    Raises EncoderError where `spec` is neither "minilm" nor a local folder.
    """
    vocabulary = load_tokenizer(find_folder(spec)).get_vocab(with_added_tokens=False)
    return frozenset(token for token in vocabulary if token.isalpha())


def _open_local(
    folder: EncoderFolder, home: Path, progress: Progress, threads: int, precision: Precision
) -> OnnxEncoder:
    """A folder's own ONNX graph is run as it is, whatever `precision` says; one built from its weights is kept."""
    key = graph_key(folder, precision)
    name = f"{folder.name}-{key[:8]}"
    if folder.onnx:
        return OnnxEncoder(folder, folder.onnx, name=name, threads=threads)

    def build(target: Path) -> None:
        progress(f"Preparing the encoder {folder.name} (once, some seconds)")
        build_apart(folder, target, precision)

    return OnnxEncoder(folder, stored_graph(home, key, build), name=name, threads=threads)


def _open_ollama(model: str, host: str | None) -> RemoteEncoder:
    if not model:
        raise EncoderError("the encoder 'ollama:' names no model; write ollama:nomic-embed-text, say")
    return ollama_encoder(model, host=host)


def _open_openai(rest: str, key: str | None) -> RemoteEncoder:
    model, _, base_url = rest.rpartition("@")
    if not model or not base_url.startswith(("http://", "https://")):
        raise EncoderError(
            f"the encoder 'openai:{rest}' needs a model and an address; write openai:MODEL@http://HOST/v1"
        )
    return openai_encoder(model, base_url, key=key)


def _silent(_: str) -> None:
    """Progress that nobody asked for."""
