"""A cross-encoder on ONNX Runtime: question and passage go through the model together, and one number comes out.

Nogueira & Cho, "Passage Re-ranking with BERT" (2019, arXiv:1901.04085). It reads each pair afresh, so it costs a pass
through the model for every passage, where vectors cost one for the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from munshi.knowledge.base import EncoderError
from munshi.knowledge.cross_encoder_folder import LABELS, cross_encoder_folder, cross_encoder_key
from munshi.knowledge.encoder_onnx import first_line, load_session
from munshi.knowledge.encoder_store import build_apart, stored_graph
from munshi.knowledge.tokenizer import encodable, load_tokenizer
from munshi.knowledge.weights import EncoderFolder, Precision

Scores = NDArray[np.float64]

_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


class CrossEncoder:
    """A sequence classifier of one label (its sigmoid is the score) or of two (the second one's share is).

    Each pair is run by itself, unpadded, so its score depends on nothing but the two texts; many pairs are spread over
    `threads`. Where a pair is too long, the longer text is cut. Safe to call from several threads.
    """

    def __init__(self, folder: EncoderFolder, graph: Path, *, threads: int = 1) -> None:
        """Load `graph`. Raises EncoderError where it or the tokenizer cannot be loaded, or is no cross-encoder's."""
        self.name = folder.name
        self._threads = threads
        self._tokenizer = load_tokenizer(folder)
        self._session = load_session(graph)
        self._inputs = [field.name for field in self._session.get_inputs()]
        self._try_out(graph)

    def score(self, query: str, passages: Sequence[str]) -> Scores:
        """How well each passage answers the query, 0 to 1: (passages,). Equal passages are read once."""
        asked, different = encodable(query), dict.fromkeys(map(encodable, passages))
        if self._threads == 1 or len(different) == 1:
            found = [self._pair(asked, passage) for passage in different]
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                found = list(pool.map(lambda passage: self._pair(asked, passage), different))
        scores = dict(zip(different, found, strict=True))
        return np.array([scores[encodable(passage)] for passage in passages], np.float64)

    def _pair(self, query: str, passage: str) -> float:
        logits = self._logits(query, passage)
        return _sigmoid(float(logits[-1] - logits[0] if len(logits) > 1 else logits[0]))

    def _logits(self, query: str, passage: str) -> NDArray[np.float32]:
        pair = self._tokenizer.encode(query, passage)
        given = {"input_ids": pair.ids, "attention_mask": pair.attention_mask, "token_type_ids": pair.type_ids}
        feeds = {name: np.array([given[name]], np.int64) for name in self._inputs}
        logits: NDArray[np.float32] = self._session.run(None, feeds)[0][0]
        return logits

    def _try_out(self, graph: Path) -> None:
        if unknown := set(self._inputs) - _INPUTS:
            raise EncoderError(f"{graph} wants {min(unknown)}, which no pair of texts has; export it as a classifier")
        try:
            logits = self._logits("", "")
        except Exception as error:  # ONNX Runtime's exceptions share no base below Exception
            raise EncoderError(
                f"{graph} cannot be run ({first_line(error)}); copy or export the model again"
            ) from error
        if logits.ndim != 1 or len(logits) not in LABELS:
            raise EncoderError(
                f"{graph} gives {logits.shape} numbers for a pair of texts; a reranker gives 1 or 2: export the model "
                "for sequence classification"
            )
        if not np.isfinite(logits).all():
            raise EncoderError(f"{graph} gives numbers that are not finite; copy or export the model again")


def open_cross_encoder(
    path: Path,
    *,
    home: Path,
    threads: int = 1,
    precision: Precision = "int8",
    progress: Callable[[str], None] = lambda _text: None,
) -> CrossEncoder:
    """The cross-encoder in a Hugging Face folder; no torch is needed.

    A graph that must first be built from the weights is kept under `home`. A folder's own graph is run as it is,
    whatever `precision` says. Raises EncoderError, one line with the remedy.
    """
    folder = cross_encoder_folder(path)
    if folder.onnx:
        return CrossEncoder(folder, folder.onnx, threads=threads)

    def build(target: Path) -> None:
        progress(f"Preparing the cross-encoder {folder.name} (once, some seconds)")
        build_apart(folder, target, precision, builder="cross_encoder_build")

    return CrossEncoder(folder, stored_graph(home, cross_encoder_key(folder, precision), build), threads=threads)


def _sigmoid(logit: float) -> float:
    """In the form that overflows for no logit."""
    return float(1 / (1 + np.exp(-logit))) if logit >= 0 else float(np.exp(logit) / (1 + np.exp(logit)))
