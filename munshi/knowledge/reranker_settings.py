"""How a reranker's fine-tuning goes, by default."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RerankerSettings:
    """The settings of a fine-tuning. The rate was tried on STS-B's development pairs, where three rounds still gained.

    A round is once through all pairs. `rate` is the highest learning rate: it rises over `warmup` (a share of all
    steps) and then falls to nothing. Training stops after `patience` rounds that were no better on the development
    pairs. `max_tokens` of a pair are read, in training and in serving.
    """

    seed: int = 0
    rounds: int = 5
    patience: int = 2
    batch: int = 16
    rate: float = 1e-4
    warmup: float = 0.1
    max_tokens: int = 256
