"""Intents by what they are called and what is said of them: how near a text is to each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from munshi.intents.base import TrainingDataError
from munshi.intents.examples import Examples
from munshi.intents.grams import GramSpace
from munshi.intents.support import words_of
from munshi.knowledge.base import Encoder

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]

# A description counts twice what the name does, and n-grams add to the cosine: flat optima on the training files of
# BANKING77, CLINC150 and SOFMattress and on the demo packs. Templates ("The customer asks about ...") around the name
# gained nothing on any of them.
DESCRIPTION_WEIGHT = 2.0
GRAM_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Wanted:
    """The C `intents`, sorted, with the words of each one's name and its description, both in canonical form."""

    intents: tuple[str, ...]
    names: tuple[str, ...]
    descriptions: tuple[str, ...]

    @classmethod
    def of(cls, examples: Examples, prepare: Callable[[str], str]) -> Wanted:
        """The intents that have an example or a description. Raises TrainingDataError where there is none."""
        described = {name for name, said in examples.descriptions.items() if said.strip()}
        labelled = {label for text, label in zip(examples.texts, examples.labels, strict=True) if prepare(text).strip()}
        intents = tuple(sorted(labelled | described))
        if not intents:
            raise TrainingDataError("there is no intent with examples or a description: write some")
        return cls(
            intents,
            tuple(prepare(words_of(intent)) for intent in intents),
            tuple(prepare(_on_one_line(examples.descriptions, intent)) for intent in intents),
        )


class Describing:
    """How near texts are to each intent: sentence vectors and n-grams; without an encoder n-grams alone."""

    def __init__(self, wanted: Wanted, encoder: Encoder | None) -> None:
        """Read the names and descriptions. Raises EncoderError where the encoder fails."""
        self._encoder = encoder
        self._space = GramSpace.fit([" ".join(said) for said in zip(wanted.names, wanted.descriptions, strict=True)])
        self._vectors = None if encoder is None else _vectors(wanted, encoder)

    def scores(self, texts: list[str]) -> tuple[Floats, Floats]:
        """Scores (n, C) of n texts, and their likeness (n, C) to each intent, which is the cosine of sentence vectors
        or, without an encoder, of n-grams. Each text's are its own, whatever stands beside it.
        """
        size = self._space.size
        grams = np.array([self._space.similarities(text) for text in texts], np.float64).reshape(len(texts), size)
        if self._encoder is None or self._vectors is None or not texts:
            return grams, grams
        close = np.stack([self._vectors @ vector for vector in self._encoder.encode(texts)]).astype(np.float64)
        return close + GRAM_SHARE * grams, close


def _vectors(wanted: Wanted, encoder: Encoder) -> Vectors:
    """A unit vector an intent, (C, dim), from its name and, where there is one, its description."""
    weights = np.array([[DESCRIPTION_WEIGHT if said.strip() else 0.0] for said in wanted.descriptions], np.float32)
    vectors = encoder.encode(wanted.names) + weights * encoder.encode(wanted.descriptions)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def _on_one_line(descriptions: Mapping[str, str], intent: str) -> str:
    return " ".join(descriptions.get(intent, "").split())
