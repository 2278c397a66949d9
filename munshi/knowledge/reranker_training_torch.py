"""The part of a reranker's fine-tuning that is torch's: a sequence classifier of one label, trained by the Trainer.

It is imported by `reranker_training` alone, and only to train: it needs the train extra.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import AutoModelForSequenceClassification, EarlyStoppingCallback, PrinterCallback, Trainer
from transformers.utils import logging

from munshi.knowledge.reranker_metrics import Correlations, correlations
from munshi.knowledge.reranker_settings import RerankerSettings
from munshi.knowledge.training_torch import Telling, arguments, pad

Row = Mapping[str, Any]
"""`input_ids` and `token_type_ids` of a pair, its `label`, and in `turned` the pair the other way round, if any."""

HEAD = ("pooler.", "classifier.", "pre_classifier.")
SCORED_AT_ONCE = 32
# Pairs are filled up to a multiple of so many tokens.
LENGTHS = 8


class PairModel(torch.nn.Module):  # type: ignore[misc]  # torch is in the train extra only
    """A sequence classifier of one label, its loss the cross-entropy of its sigmoid against a label from 0 to 1."""

    def __init__(self, classifier: Any, *, bf16: bool = False) -> None:
        super().__init__()
        self.classifier = classifier
        self._bf16 = bf16

    @property
    def padding(self) -> int:
        """The token that fills a batch up."""
        return int(self.classifier.config.pad_token_id or 0)

    @property
    def words(self) -> int:
        """How many tokens the model knows."""
        return int(self.classifier.get_input_embeddings().num_embeddings)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor,
        labels: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Loss and logits (pairs,)."""
        kinds = {"token_type_ids": token_type_ids} if getattr(self.classifier.config, "type_vocab_size", 0) > 1 else {}
        with torch.autocast(input_ids.device.type, torch.bfloat16, enabled=self._bf16 and self.training):
            logits = self.classifier(input_ids=input_ids, attention_mask=attention_mask, **kinds).logits[:, 0].float()
        return {"loss": functional.binary_cross_entropy_with_logits(logits, labels), "logits": logits}

    def save(self, folder: Path) -> None:
        """As Hugging Face keeps a sequence classifier: config.json and model.safetensors."""
        self.classifier.save_pretrained(folder, safe_serialization=True)


def open_model(base: Path, seed: int, *, bf16: bool = False) -> PairModel:
    """The base under a head of one label. Raises OSError, ValueError, RuntimeError or SafetensorError where it is not
    whole.

    Its table of words stays as it is: half of all weights, of which some thousand pairs would move the few rows alone
    that they happen to use.
    """
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    torch.manual_seed(seed)
    classifier, found = AutoModelForSequenceClassification.from_pretrained(
        base,
        num_labels=1,
        local_files_only=True,
        dtype=torch.float32,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    lost = [*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])]
    missing = sorted(name for name in lost if not any(part in name for part in HEAD))
    if missing:
        raise ValueError(f"its weights lack {missing[0]}")
    classifier.get_input_embeddings().weight.requires_grad_(False)
    return PairModel(classifier, bf16=bf16)


def fit(
    model: PairModel,
    train: Sequence[Row],
    validation: Sequence[Row],
    settings: RerankerSettings,
    work: Path,
    *,
    resume: Path | None,
    progress: Callable[[str], None],
) -> None:
    """Train `model` in place to the best of its rounds, going on from the checkpoint `resume` where there is one."""
    chosen = bool(validation)
    trainer = Trainer(
        model=model,
        args=arguments(settings, work, chosen=chosen),
        data_collator=lambda rows: collate(rows, model.padding),
        train_dataset=list(train),
        eval_dataset=list(validation) or None,
        compute_metrics=lambda made: figures(correlations(sigmoid(made.predictions), made.label_ids)),
        callbacks=[Telling(progress, _told), *([EarlyStoppingCallback(settings.patience)] if chosen else [])],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    model.cpu().eval()


def score(model: PairModel, rows: Sequence[Row]) -> NDArray[np.float64]:
    """The sigmoid of each pair's logit, (pairs,), as the model gives it when it does not learn."""
    model.eval()
    scores = np.empty(len(rows), np.float64)
    with torch.inference_mode():
        for start in range(0, len(rows), SCORED_AT_ONCE):
            batch = collate(rows[start : start + SCORED_AT_ONCE], model.padding)
            scores[start : start + SCORED_AT_ONCE] = torch.sigmoid(model(**batch)["logits"]).numpy()
    return scores


def collate(rows: Sequence[Row], padding: int) -> dict[str, torch.Tensor]:
    """A batch as `PairModel.forward` takes it; a pair that may be turned is turned half of the time."""
    shown = [row["turned"] if "turned" in row and torch.rand(()) < 0.5 else row for row in rows]
    ids, mask = pad([row["input_ids"] for row in shown], padding, multiple=LENGTHS)
    kinds, _ = pad([row["token_type_ids"] for row in shown], 0, multiple=LENGTHS)
    labels = torch.tensor([row["label"] for row in rows], dtype=torch.float32)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds, "labels": labels}


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits as scores, 0 to 1."""
    return np.asarray(torch.sigmoid(torch.from_numpy(logits)).numpy(), np.float64)


def figures(found: Correlations) -> dict[str, float]:
    """As the Trainer takes them."""
    return {"pearson": found.pearson, "spearman": found.spearman, "score": found.mean}


def _told(metrics: Mapping[str, float]) -> str:
    return f"Pearson {metrics['eval_pearson']:.4f}, Spearman {metrics['eval_spearman']:.4f} on the development pairs"
