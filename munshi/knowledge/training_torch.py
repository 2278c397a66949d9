"""What fine-tunings share of torch and of transformers' Trainer; imported to train only, with the train extra."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import TrainerCallback, TrainingArguments

from munshi.knowledge.files import settle
from munshi.knowledge.training_work import WHOLE


class Schedule(Protocol):
    """What the Trainer must be told: how often, how many at once, how fast."""

    @property
    def rounds(self) -> int:
        """How often all there is to learn from is gone through."""

    @property
    def batch(self) -> int:
        """How many are looked at in a step."""

    @property
    def rate(self) -> float:
        """The highest learning rate."""

    @property
    def warmup(self) -> float:
        """The share of all steps over which the rate rises."""

    @property
    def seed(self) -> int:
        """For what is drawn at random."""


def pad(tokens: Sequence[Sequence[int]], padding: int, *, multiple: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both (texts, tokens of the longest); their number rounded up to a `multiple`.

    Products are prepared once for each length, which takes long in bfloat16: fewer lengths are less to prepare.
    """
    length = -(-max(map(len, tokens)) // multiple) * multiple
    ids = [[*row, *[padding] * (length - len(row))] for row in tokens]
    mask = [[1] * len(row) + [0] * (length - len(row)) for row in tokens]
    return torch.tensor(ids), torch.tensor(mask)


class Telling(TrainerCallback):  # type: ignore[misc]
    """Progress in words, and a mark on each checkpoint that is whole."""

    def __init__(self, progress: Callable[[str], None], told: Callable[[Mapping[str, float]], str]) -> None:
        """`told` puts a round's figures, named as the Trainer names them, into words."""
        self._progress = progress
        self._told_by = told
        self._told = -1

    def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Tell every tenth of the way."""
        tenth = 10 * state.global_step // max(state.max_steps, 1)
        if tenth != self._told:
            self._told = tenth
            self._progress(f"Training: {10 * tenth} %, step {state.global_step} of {state.max_steps}")

    def on_evaluate(self, _args: Any, state: Any, _control: Any, metrics: Mapping[str, float], **_: Any) -> None:
        """Tell what a round came to."""
        self._progress(f"Round {round(state.epoch)} of {round(state.num_train_epochs)}: {self._told_by(metrics)}")

    def on_save(self, args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Mark the checkpoint as whole, now that it is."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        settle(folder)
        (folder / WHOLE).touch()


def arguments(settings: Schedule, work: Path, *, chosen: bool) -> TrainingArguments:
    """What the Trainer is told; with `chosen` the best of the rounds is kept, by examples held out."""
    return TrainingArguments(
        output_dir=str(work),
        num_train_epochs=settings.rounds,
        per_device_train_batch_size=settings.batch,
        per_device_eval_batch_size=settings.batch,
        learning_rate=settings.rate,
        warmup_steps=settings.warmup,
        seed=settings.seed,
        data_seed=settings.seed,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch" if chosen else "no",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=chosen,
        metric_for_best_model="score" if chosen else None,
        greater_is_better=True if chosen else None,
        restore_callback_states_from_checkpoint=True,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_pin_memory=False,
        log_level="error",
    )
