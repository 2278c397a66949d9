"""Whether a text entails a sentence: a model trained on natural language inference, from a local folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import IntentError

# So much of a text and of a hypothesis is read; of a text the model may take less.
TEXT_CHARS = 2000
HYPOTHESIS_CHARS = 300
# Hypotheses that go through the model together.
BATCH = 16
# A tokenizer that knows no limit of its own says a huge number.
_MOST_TOKENS = 512
_REMEDY = 'pip install "munshi[train]"'


class Entailment:
    """transformers' zero-shot pipeline, on this machine's processor. Safe to call from several threads, which wait."""

    def __init__(self, pipeline: Any) -> None:
        """Wrap a zero-shot-classification pipeline."""
        self._pipeline = pipeline
        # The tokenizer's settings change with each call, so that two at a time fail.
        self._lock = threading.Lock()

    def __call__(self, text: str, hypotheses: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each hypothesis (C,), 0 to 1, against that of its contradiction, given the text.

        One text goes through alone, so that what stands beside it changes nothing.
        """
        # The pipeline gives scores by hypothesis; two intents may have one and the same.
        asked = list(dict.fromkeys(hypothesis[:HYPOTHESIS_CHARS] for hypothesis in hypotheses))
        with self._lock:
            said = self._pipeline(
                _readable(text[:TEXT_CHARS]),
                candidate_labels=asked,
                hypothesis_template="{}",
                multi_label=True,
                batch_size=BATCH,
            )
        scores = dict(zip(said["labels"], said["scores"], strict=True))
        return np.array([scores[hypothesis[:HYPOTHESIS_CHARS]] for hypothesis in hypotheses], np.float64)


def open_entailment(folder: Path | None) -> Entailment:
    """The model in a folder; nothing is fetched from anywhere, and no code in it is run.

    Raises IntentError where transformers or torch is not installed, where no folder is given, and where it holds no
    model for natural language inference: one whose config has a label that begins with "entail".
    """
    if folder is None:
        raise IntentError("zero_shot_entailment needs a model: name with --base a folder with a Hugging Face NLI model")
    if not (folder / "config.json").is_file():
        raise IntentError(f"{folder} holds no Hugging Face model (no config.json): name a folder with an NLI model")
    try:
        import torch  # noqa: F401 - transformers can be imported without it, and fails later
        from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, pipeline
    except ImportError as error:
        raise IntentError(f"zero_shot_entailment needs transformers and torch: {_REMEDY}") from error
    config = _read(AutoConfig, folder)
    _check_labels(folder, config.label2id)
    tokenizer = _read(AutoTokenizer, folder)
    model = _read(AutoModelForSequenceClassification, folder, config=config)
    # Some models number positions from 2 on.
    positions = getattr(config, "max_position_embeddings", _MOST_TOKENS) - 2
    tokenizer.model_max_length = min(tokenizer.model_max_length, positions, _MOST_TOKENS)
    return Entailment(pipeline("zero-shot-classification", model=model, tokenizer=tokenizer, device="cpu"))


def _read(kind: Any, folder: Path, **options: Any) -> Any:
    """One part of the model. Nothing is looked up anywhere else, whatever the environment says."""
    try:
        return kind.from_pretrained(folder, local_files_only=True, **options)
    except Exception as error:  # a broken folder fails in as many ways as there are file formats
        reason = " ".join(str(error).split())[:200]
        raise IntentError(f"the model in {folder} cannot be loaded ({reason}): download it again") from error


def _check_labels(folder: Path, labels: dict[str, int]) -> None:
    if not any(label.lower().startswith("entail") for label in labels):
        found = ", ".join(map(str, labels))
        raise IntentError(f"{folder} is no NLI model: its labels are {found}, and none is entailment; name another")


def _readable(text: str) -> str:
    """Without halves of surrogate pairs, which no tokenizer takes."""
    return text.encode(errors="replace").decode()
