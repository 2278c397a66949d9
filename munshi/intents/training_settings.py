"""How a fine-tuning goes, by default."""

from __future__ import annotations

from dataclasses import dataclass

from munshi.intents.acceptance import FALSE_ACCEPT


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a fine-tuning; the defaults were chosen on the training file of BANKING77.

    A round is an evaluation's worth of training: all examples once, where they are few so often that they make
    `round_texts`. `rate` is the encoder's highest learning rate, `head_rate` the head's; both rise over `warmup` (a
    share of all steps) and then fall to nothing. Training stops after `patience` rounds without a better score.
    `sharpness` scales the class means that the head starts from, `outlier_weight` what a text out of scope counts in
    the loss. `max_tokens` of a text are read, in training and in serving. `false_accept` is the share of other messages
    that may pass for a high-risk intent.
    """

    seed: int = 0
    rounds: int = 4
    patience: int = 2
    round_texts: int = 600
    batch: int = 32
    rate: float = 2e-4
    head_rate: float = 0.02
    warmup: float = 0.1
    weight_decay: float = 0.01
    sharpness: float = 20.0
    outlier_weight: float = 0.5
    max_tokens: int = 128
    false_accept: float = FALSE_ACCEPT
