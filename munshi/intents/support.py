"""The support set: the texts that a few-shot classifier learns from, in canonical form."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import TrainingDataError
from munshi.intents.examples import Examples
from munshi.intents.trial import OUTSIDE

_WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_]+")


@dataclass(frozen=True, slots=True)
class Support:
    """`texts` (n) with the number of each one's intent in `owners` (n,), `OUTSIDE` for a text known to fit none.

    The first `real` are what customers might write; the rest are the intents' own names and descriptions, which are
    as good as an example where there are few.
    """

    intents: tuple[str, ...]
    texts: tuple[str, ...]
    owners: NDArray[np.int64]
    real: int

    @classmethod
    def of(cls, examples: Examples, prepare: Callable[[str], str]) -> Support:
        """The support set of examples. Blank texts are left out; raises TrainingDataError where nothing is left."""

        def prepared(pairs: Iterable[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
            ready = [(prepare(text), label) for text, label in pairs]
            return [(text, label) for text, label in ready if text.strip()]

        taught = prepared(zip(examples.texts, examples.labels, strict=True))
        if not taught:
            raise TrainingDataError("there are no examples to learn from: write some for each intent")
        intents = tuple(sorted({label for _, label in taught if label is not None}))
        real = taught + prepared((text, None) for text in examples.out_of_scope)
        hints = prepared((words_of(label), label) for label in intents)
        hints += prepared((examples.descriptions.get(label, ""), label) for label in intents)
        number: dict[str | None, int] = {label: at for at, label in enumerate(intents)}
        number[None] = OUTSIDE
        return cls(
            intents=intents,
            texts=tuple(text for text, _ in real + hints),
            owners=np.array([number[label] for _, label in real + hints]),
            real=len(real),
        )

    def fingerprint(self) -> str:
        """SHA-256 of the content, in hex."""
        content = [self.intents, self.texts, self.owners.tolist(), self.real]
        return hashlib.sha256(json.dumps(content).encode("ascii")).hexdigest()


def words_of(label: str) -> str:
    """An intent's name as one would say it: `CHECK_PINCODE`, `check-pincode` and `CheckPincode` are "check pincode"."""
    return _WORD_BREAK.sub(" ", label).strip().lower()
