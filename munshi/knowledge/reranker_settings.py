"""How a reranker's fine-tuning goes, by default."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class RerankerSettings:
    """The settings of a fine-tuning; the rates were tried on STS-B's development pairs.

    A round is once through all pairs. `rate` is the highest learning rate: it rises over `warmup` (a share of all
    steps) and then falls to nothing. Training stops after `patience` rounds that were no better on the development
    pairs. `max_tokens` of a pair are read, in training and in serving. Where pairs that the encoder scored are
    learnt first, once through at `first_rate`, `rate_after` takes the place of `rate`. With `bf16` products are of
    bfloat16 while it learns: two to three times as fast on processors that are made for it, slower on others.
    """

    seed: int = 0
    rounds: int = 5
    patience: int = 2
    batch: int = 16
    rate: float = 1e-4
    warmup: float = 0.1
    max_tokens: int = 256
    first_rate: float = 1e-4
    rate_after: float = 5e-5
    bf16: bool = False

    @property
    def first(self) -> RerankerSettings:
        """Those of the round over the pairs that the encoder scored."""
        return replace(self, rounds=1, rate=self.first_rate)

    @property
    def after(self) -> RerankerSettings:
        """Those of the rounds that follow it."""
        return replace(self, rate=self.rate_after)
