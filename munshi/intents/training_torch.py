"""The part of a fine-tuning that is torch's: an encoder with a linear head, trained by transformers' Trainer.

It is imported by `training` alone, and only to train: it needs the train extra.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import (
    AutoModel,
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
)
from transformers.utils import logging

from munshi.intents.metrics import macro_f1
from munshi.intents.training_settings import Settings
from munshi.intents.trial import OUTSIDE
from munshi.knowledge.training_torch import Telling, arguments, pad

Vectors = NDArray[np.float32]
Row = Mapping[str, Any]

ENCODED_AT_ONCE = 32


class IntentModel(torch.nn.Module):  # type: ignore[misc]  # torch is in the train extra only
    """Token ids to intents: the encoder's states, their mean at length 1, and a linear head."""

    def __init__(self, encoder: Any, weights: torch.Tensor, outlier_weight: float) -> None:
        """Join an encoder with a head for the classes whose loss counts as `weights` (classes,) say."""
        super().__init__()
        self.encoder = encoder
        self.head = torch.nn.Linear(encoder.config.hidden_size, len(weights))
        self.register_buffer("class_weights", weights, persistent=False)
        self._outlier_weight = outlier_weight

    @property
    def padding(self) -> int:
        """The token that fills a batch up."""
        return int(self.encoder.config.pad_token_id or 0)

    @property
    def words(self) -> int:
        """How many tokens the encoder knows."""
        return int(self.encoder.get_input_embeddings().num_embeddings)

    def vectors(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Sentence vectors, (texts, hidden), of length 1."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Loss and logits (texts, classes)."""
        logits = self.head(self.vectors(input_ids, attention_mask))
        return {"loss": self._loss(logits, labels), "logits": logits}

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Weighted cross-entropy; a text out of scope should make all classes alike likely.

        The latter is "outlier exposure": Hendrycks et al., "Deep Anomaly Detection with Outlier Exposure" (ICLR 2019).
        """
        likely = functional.log_softmax(logits, dim=-1)
        inside = labels != OUTSIDE
        own = labels.clamp(min=0)
        taught = -likely.gather(1, own.unsqueeze(1)).squeeze(1) * self.class_weights[own]
        return torch.where(inside, taught, -likely.mean(dim=1) * self._outlier_weight).mean()

    def start_head(self, means: Vectors, sharpness: float) -> None:
        """Start from the nearest class mean, (classes, hidden), instead of from chance."""
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(means) * sharpness)
            self.head.bias.zero_()

    def learnt_head(self) -> tuple[Vectors, Vectors]:
        """Weights (classes, hidden) and bias (classes,)."""
        return self.head.weight.detach().numpy(), self.head.bias.detach().numpy()


def open_model(base: Path, weights: NDArray[np.float64], settings: Settings) -> IntentModel:
    """The base with a new head. Raises OSError, ValueError, RuntimeError or SafetensorError where it is not whole."""
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    encoder, found = AutoModel.from_pretrained(
        base, local_files_only=True, dtype=torch.float32, output_loading_info=True
    )
    # What stands above the last hidden states is not used, and many folders lack it.
    missing = sorted(name for name in found["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise ValueError(f"its weights lack {missing[0]}")
    return IntentModel(encoder, torch.tensor(weights, dtype=torch.float32), settings.outlier_weight)


def encode(model: IntentModel, tokens: Sequence[Sequence[int]]) -> Vectors:
    """Sentence vectors, (texts, hidden), as the model gives them when it does not learn."""
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(tokens)), key=lambda at: len(tokens[at]))
    vectors = np.empty((len(tokens), model.head.in_features), np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), ENCODED_AT_ONCE):
            chosen = order[start : start + ENCODED_AT_ONCE]
            ids, mask = pad([tokens[at] for at in chosen], model.padding)
            vectors[chosen] = model.vectors(ids.to(device), mask.to(device)).cpu().numpy()
    model.train(was_training)
    return vectors


def collate(rows: Sequence[Row], padding: int) -> dict[str, torch.Tensor]:
    """A batch as `IntentModel.forward` takes it."""
    ids, mask = pad([row["input_ids"] for row in rows], padding)
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([row["labels"] for row in rows])}


def score(made: Any) -> dict[str, float]:
    """Half macro F1 and half the geometric mean of the right intent's probability.

    The second decides where the examples held out are too few to tell two checkpoints apart by the first.
    """
    inside = made.label_ids != OUTSIDE
    if not inside.any():
        return {"macro_f1": 0.0, "score": 0.0}
    logits, labels = torch.from_numpy(made.predictions[inside]), torch.from_numpy(made.label_ids[inside])
    f1 = macro_f1(labels, logits.argmax(dim=1))
    return {"macro_f1": f1, "score": (f1 + math.exp(-float(functional.cross_entropy(logits, labels)))) / 2}


class _Trainer(Trainer):  # type: ignore[misc]
    """The Trainer with two learning rates."""

    settings: Settings
    optimizer: Any

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW: the encoder's slow rate, without the word table, and the head's fast one."""
        if self.optimizer is None:
            trained = model or self.model
            groups = [
                {"params": [p for p in trained.encoder.parameters() if p.requires_grad]},
                {"params": list(trained.head.parameters()), "lr": self.settings.head_rate, "weight_decay": 0.0},
            ]
            self.optimizer = torch.optim.AdamW(
                groups, lr=self.args.learning_rate, weight_decay=self.settings.weight_decay
            )
        return self.optimizer


def fit(
    model: IntentModel,
    train: Sequence[Row],
    validation: Sequence[Row],
    settings: Settings,
    work: Path,
    *,
    resume: Path | None,
    progress: Callable[[str], None],
) -> None:
    """Train `model` in place to the best of its rounds, going on from the checkpoint `resume` where there is one.

    Rows hold `input_ids` and `labels`. Checkpoints are kept in `work`.
    """
    model.encoder.get_input_embeddings().requires_grad_(False)
    chosen = bool(validation)
    trainer = _Trainer(
        model=model,
        args=arguments(settings, work, chosen=chosen),
        data_collator=lambda rows: collate(rows, model.padding),
        train_dataset=list(train),
        eval_dataset=list(validation) or None,
        compute_metrics=score,
        callbacks=[Telling(progress, _told), *([EarlyStoppingCallback(settings.patience)] if chosen else [])],
    )
    trainer.settings = settings
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    model.cpu().eval()


def _told(figures: Mapping[str, float]) -> str:
    return f"macro F1 {figures['eval_macro_f1']:.3f} on examples held out"
