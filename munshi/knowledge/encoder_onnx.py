"""Sentence-transformer models on ONNX Runtime: a text's tokens through the graph, and vectors from what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from munshi.knowledge.base import EncoderError, States
from munshi.knowledge.processor import sums_overflow
from munshi.knowledge.tokenizer import encodable, load_tokenizer
from munshi.knowledge.weights import MIDDLE, EncoderFolder, Pooling

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]
T = TypeVar("T")

# ONNX Runtime's sum and normalisation in one takes longer than the two by themselves: an eighth of a short text's time.
_SLOWER = ("SkipLayerNormFusion",)

# Below this many texts a pool of threads costs more than it saves.
SHARE_FROM = 8
# One vector of a text from those of its tokens, (tokens, dim). Nothing is padding, so nothing is masked.
POOLS: dict[Pooling, Callable[[Vectors], Vectors]] = {
    "mean": lambda states: states.mean(axis=0),
    "max": lambda states: states.max(axis=0),
    "cls": lambda states: states[0],
}


class OnnxEncoder:
    """A BERT-like model in this process.

    Each text is run by itself, unpadded, so its vectors depend on nothing but the text; many texts are spread over
    `threads`. On a processor this is as fast as padded batches. Safe to call from several threads.
    """

    has_tokens = True
    has_states = True

    def __init__(self, folder: EncoderFolder, graph: Path, *, name: str, threads: int) -> None:
        """Load `graph`. Raises EncoderError where it or the tokenizer cannot be loaded."""
        self.name = name
        self._threads = threads
        self._pool = POOLS[folder.pooling]
        self._tokenizer = load_tokenizer(folder)
        self._session = load_session(graph)
        self._inputs = [field.name for field in self._session.get_inputs()]
        self._last = _hidden_states(self._session, graph)
        self._middle = [field.name for field in self._session.get_outputs() if field.name == MIDDLE]
        self.dim = self._try_out(graph)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Sentence vectors, (n, dim), L2-normalised."""
        return self._stack(self._map(self._sentence, texts))

    def encode_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """Token vectors, one (tokens, dim) array a text, each row L2-normalised.

        The first and the last row are those of the marks that the model puts around a text.
        """
        return self._map(self._tokens, texts)

    def encode_states(self, texts: Sequence[str]) -> list[States]:
        """What one pass knows, for each text; `States.middle` where the graph was built here."""
        return self._map(self._looked_into, texts)

    def token_ids(self, texts: Sequence[str]) -> list[Ids]:
        """The numbers of each text's tokens, (tokens,)."""
        return [self._ids(text) for text in texts]

    def _map(self, encode_one: Callable[[str], T], texts: Sequence[str]) -> list[T]:
        if self._threads == 1 or len(texts) < SHARE_FROM:
            return [encode_one(text) for text in texts]
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(encode_one, texts))

    def _stack(self, rows: list[Vectors]) -> Vectors:
        return np.stack(rows) if rows else np.empty((0, self.dim), np.float32)

    def _sentence(self, text: str) -> Vectors:
        return _unit(self._pool(self._last_states(text)))

    def _tokens(self, text: str) -> Vectors:
        return _unit(self._last_states(text))

    def _looked_into(self, text: str) -> States:
        ids = self._ids(text)
        last, *middle = self._run(ids, [self._last, *self._middle])
        norms = np.linalg.norm(last, axis=1)
        return States(
            ids=ids,
            sentence=_unit(self._pool(last)),
            tokens=last / norms[:, np.newaxis],
            norms=norms,
            middle=_unit(middle[0]) if middle else None,
        )

    def _try_out(self, graph: Path) -> int:
        try:
            states = self._last_states("")
        except Exception as error:  # ONNX Runtime's exceptions share no base below Exception
            raise EncoderError(
                f"{graph} cannot be run ({first_line(error)}); copy or export the model again"
            ) from error
        if not np.isfinite(states).all():
            raise EncoderError(f"{graph} gives vectors that are not finite; copy or export the model again")
        return int(states.shape[1])

    def _last_states(self, text: str) -> Vectors:
        """Last hidden states of a text's tokens: (tokens, dim)."""
        return self._run(self._ids(text), [self._last])[0]

    def _ids(self, text: str) -> Ids:
        return np.array(self._tokenizer.encode(encodable(text)).ids, np.int64)

    def _run(self, ids: Ids, outputs: list[str]) -> list[Vectors]:
        """Outputs of the graph for one text."""
        row = ids[np.newaxis]
        others = {"attention_mask": np.ones_like, "token_type_ids": np.zeros_like}
        feeds = {name: row if name == "input_ids" else others[name](row) for name in self._inputs}
        return [output[0] for output in self._session.run(outputs, feeds)]


def load_session(graph: Path) -> ort.InferenceSession:
    """A session of one thread: a short text is over before a second thread has woken up.

    Raises EncoderError where the graph cannot be loaded.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    if sums_overflow():
        # Sums are widened first: right on every processor, slower on those that would not need it.
        options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        return ort.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER
        )
    except Exception as error:  # ONNX Runtime's exceptions share no base below Exception
        raise EncoderError(f"{graph} cannot be loaded ({first_line(error)}); copy or export the model again") from error


def _hidden_states(session: ort.InferenceSession, graph: Path) -> str:
    """The output of shape (texts, tokens, dim), and a check that the inputs are those that a text can fill."""
    unknown = {field.name for field in session.get_inputs()} - {"input_ids", "attention_mask", "token_type_ids"}
    outputs = [field.name for field in session.get_outputs() if len(field.shape) == 3]
    if unknown or not outputs:
        raise EncoderError(f"{graph} is no text encoder with token vectors; export it for feature extraction")
    return str(outputs[0])


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)
