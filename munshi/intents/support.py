"""The support set: the texts that a few-shot classifier learns from, in canonical form."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import TrainingDataError
from munshi.intents.examples import Examples

_WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_]+")


@dataclass(frozen=True, slots=True)
class Support:
    """`texts` (n) with the number of each one's intent in `owners` (n,): the first `real` are examples, the rest the
    intents' own names and descriptions, which are as good as an example where there are few.

    `out_of_scope` are texts known to fit no intent.
    """

    intents: tuple[str, ...]
    texts: tuple[str, ...]
    owners: NDArray[np.int64]
    real: int
    out_of_scope: tuple[str, ...]

    @classmethod
    def of(cls, examples: Examples, prepare: Callable[[str], str]) -> Support:
        """The support set of examples. Blank texts are left out; raises TrainingDataError where nothing is left."""
        pairs = [(prepare(text), label) for text, label in zip(examples.texts, examples.labels, strict=True)]
        pairs = [(text, label) for text, label in pairs if text.strip()]
        if not pairs:
            raise TrainingDataError("there are no examples to learn from: write some for each intent")
        intents = tuple(sorted({label for _, label in pairs}))
        told = [(words_of(label), label) for label in intents]
        told += [(examples.descriptions[label], label) for label in intents if label in examples.descriptions]
        hints = [(text, label) for text, label in ((prepare(text), label) for text, label in told) if text.strip()]
        number = {label: at for at, label in enumerate(intents)}
        return cls(
            intents=intents,
            texts=tuple(text for text, _ in pairs + hints),
            owners=np.array([number[label] for _, label in pairs + hints]),
            real=len(pairs),
            out_of_scope=tuple(text for text in map(prepare, examples.out_of_scope) if text.strip()),
        )

    def fingerprint(self) -> str:
        """SHA-256 of the content, in hex."""
        content = [self.intents, self.texts, self.owners.tolist(), self.real, self.out_of_scope]
        return hashlib.sha256(json.dumps(content).encode("ascii")).hexdigest()


def words_of(label: str) -> str:
    """An intent's name as one would say it: `CHECK_PINCODE`, `check-pincode` and `CheckPincode` are "check pincode"."""
    return _WORD_BREAK.sub(" ", label).strip().lower()
