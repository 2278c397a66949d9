"""Text to vectors: sentence-transformer models on ONNX Runtime, and the one way to open an encoder from a setting."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .base import Encoder, EncoderError
from .encoder_remote import ollama_encoder, openai_encoder
from .encoder_store import stored_graph
from .weights import EncoderFolder, Pooling, Precision, local_folder, minilm_folder

Vectors = NDArray[np.float32]
Progress = Callable[[str], None]
T = TypeVar("T")

# Below this many texts a pool of threads costs more than it saves.
POOL_FROM = 8
# Seconds for one request to an embedding service.
TIMEOUT = 30.0


class OnnxEncoder:
    """A BERT-like model in this process.

    Each text is run by itself, unpadded, so its vectors depend on nothing but the text; many texts are spread over
    `threads`. On a CPU this is as fast as padded batches. Safe to call from several threads.
    """

    has_tokens = True

    def __init__(self, folder: EncoderFolder, graph: Path, *, name: str, threads: int) -> None:
        """Load `graph`. Raises EncoderError where it or the tokenizer cannot be loaded."""
        self.name = name
        self._threads = threads
        self._pooling = folder.pooling
        self._tokenizer = _load_tokenizer(folder)
        self._session = _load_session(graph)
        self._inputs = [field.name for field in self._session.get_inputs()]
        self._output = _hidden_states(self._session, graph)
        self.dim = int(self._states("").shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Sentence vectors, (n, dim), L2-normalised."""
        return self._stack(self._map(self._sentence, texts))

    def encode_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """Token vectors, one (tokens, dim) array a text, each row L2-normalised."""
        return self._map(self._tokens, texts)

    def encode_both(self, texts: Sequence[str]) -> tuple[Vectors, list[Vectors]]:
        """What `encode` and `encode_tokens` give, from one pass through the model."""
        pairs = self._map(self._pair, texts)
        return self._stack([sentence for sentence, _ in pairs]), [tokens for _, tokens in pairs]

    def _map(self, encode_one: Callable[[str], T], texts: Sequence[str]) -> list[T]:
        if self._threads == 1 or len(texts) < POOL_FROM:
            return [encode_one(text) for text in texts]
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(encode_one, texts))

    def _stack(self, rows: list[Vectors]) -> Vectors:
        return np.stack(rows) if rows else np.empty((0, self.dim), np.float32)

    def _sentence(self, text: str) -> Vectors:
        return _unit(_pool(self._states(text), self._pooling))

    def _tokens(self, text: str) -> Vectors:
        return _unit(self._states(text))

    def _pair(self, text: str) -> tuple[Vectors, Vectors]:
        states = self._states(text)
        return _unit(_pool(states, self._pooling)), _unit(states)

    def _states(self, text: str) -> Vectors:
        """Last hidden states of a text's tokens, the first and last the model's own marks: (tokens, dim)."""
        ids = np.array([self._tokenizer.encode(_encodable(text)).ids], np.int64)
        others = {"attention_mask": np.ones_like, "token_type_ids": np.zeros_like}
        feeds = {name: ids if name == "input_ids" else others[name](ids) for name in self._inputs}
        states: Vectors = self._session.run([self._output], feeds)[0][0]
        return states


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
    spec = spec.strip()
    kind, _, rest = spec.partition(":")
    if spec == "none":
        return None
    if kind == "ollama" and rest:
        return ollama_encoder(rest, host=ollama_host or os.environ.get("OLLAMA_HOST"), timeout=TIMEOUT)
    if kind == "openai":
        model, at, base_url = rest.rpartition("@")
        if not at or not model or not base_url.startswith(("http://", "https://")):
            raise EncoderError(f"the encoder {spec!r} names no model and address; write openai:MODEL@http://HOST/v1")
        return openai_encoder(model, base_url, key=key, timeout=TIMEOUT)
    return open_local(
        _folder(spec), home=home, progress=progress, threads=threads or os.cpu_count() or 1, precision=precision
    )


def open_local(
    folder: EncoderFolder, *, home: Path, progress: Progress | None, threads: int, precision: Precision
) -> OnnxEncoder:
    """The encoder in a folder of weights, its graph built under `home` where that has not been done yet.

    A folder's own ONNX file is run as it is, whatever `precision` says.
    """
    folder.check(folder.tokenizer)
    if folder.onnx:
        return OnnxEncoder(folder, folder.onnx, name=f"{folder.name}-{folder.digest(folder.onnx)[:8]}", threads=threads)
    digest = folder.digest(folder.weights)

    def build(target: Path) -> None:
        # Only the first start needs these; importing them costs as long as a start.
        from .encoder_graph import write_bert

        if progress:
            progress(f"Preparing the encoder {folder.name} (once, some seconds)")
        folder.check(folder.weights)
        write_bert(folder.weights, folder.config, target, precision)

    recipe = json.dumps([precision, digest, folder.config], sort_keys=True)
    graph = stored_graph(home, recipe, build)
    return OnnxEncoder(folder, graph, name=f"{folder.name}-{precision}-{digest[:8]}", threads=threads)


def known_words(spec: str = "minilm") -> frozenset[str]:
    """The whole words of a local encoder's vocabulary, as the tokenizer writes them; only its tokenizer is read.

    Raises EncoderError where `spec` is neither "minilm" nor a local folder.
    """
    folder = _folder(spec)
    folder.check(folder.tokenizer)
    prefix = "##"
    words = _load_tokenizer(folder).get_vocab(with_added_tokens=False)
    return frozenset(word for word in words if not word.startswith(prefix) and word.isalpha())


def _folder(spec: str) -> EncoderFolder:
    if spec == "minilm":
        return minilm_folder()
    if not spec or not Path(spec).expanduser().exists():
        raise EncoderError(
            f"the encoder {spec!r} is unknown; set minilm, none, a folder, ollama:MODEL or openai:MODEL@BASE_URL"
        )
    return local_folder(Path(spec).expanduser())


def _load_tokenizer(folder: EncoderFolder) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(folder.tokenizer))
    except Exception as error:  # the library raises nothing narrower
        raise EncoderError(f"{folder.tokenizer} is not a tokenizer ({error}); copy the model's folder again") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(folder.max_tokens)
    return tokenizer


def _load_session(graph: Path) -> ort.InferenceSession:
    """A session of one thread: a short text is over before a second thread has woken up."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base below Exception
        raise EncoderError(f"{graph} cannot be run ({str(error).splitlines()[0]}); export the model again") from error


def _hidden_states(session: ort.InferenceSession, graph: Path) -> str:
    """The output of shape (texts, tokens, dim), and a check that the inputs are those that a text can fill."""
    unknown = {field.name for field in session.get_inputs()} - {"input_ids", "attention_mask", "token_type_ids"}
    outputs = [field.name for field in session.get_outputs() if len(field.shape) == 3]
    if unknown or not outputs:
        raise EncoderError(f"{graph} is no text encoder with token vectors; export it for feature extraction")
    return str(outputs[0])


def _pool(states: Vectors, pooling: Pooling) -> Vectors:
    """One vector of a text from those of its tokens; nothing is padding, so nothing is masked."""
    if pooling == "cls":
        pooled = states[0]
    else:
        pooled = states.max(axis=0) if pooling == "max" else states.mean(axis=0)
    return np.asarray(pooled, np.float32)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def _encodable(text: str) -> str:
    """The text as UTF-8 can carry it: the tokenizer refuses a lone surrogate."""
    return text.encode("utf-8", "replace").decode()
