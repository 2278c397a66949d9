"""How well a passage supports a sentence: its words there, its tokens' nearest there, its names, its sense."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp

import numpy as np
import regex

from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.figures import plain, read
from munshi.knowledge.lexical import LexicalIndex
from munshi.knowledge.memo import Vectors
from munshi.knowledge.neutral import evident
from munshi.knowledge.opposition import opposed
from munshi.knowledge.reading import mostly_devanagari
from munshi.knowledge.text import content_stems, sentences, stems
from munshi.knowledge.token_vectors import own_tokens

_NAME = regex.compile(r"(?<=[\p{L}\p{N},;:'\"(&-]\s*)(?<!^)\b\p{Lu}[\p{L}\p{M}]+\b")

_MONEY = regex.compile(r"₹|%|\b(?:rs\b\.?|inr|rupees?|rupaye|percent|per cent)(?![\p{L}])", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Support:
    """What speaks for a passage bearing a sentence out.

    `coverage` is the share of what the sentence's words tell, by idf, that the passage holds; `local` that of its two
    neighbouring sentences that hold most. `max_sim` is the mean over the sentence's tokens of the nearest cosine in the
    passage, `weakest` that of the two that are matched worst; None without an encoder. `strange` are names that stand
    nowhere in it: that the customer speaks of Nepal makes no rule for Pune one for Nepal. `opposed` tells where the
    passage says the contrary.
    """

    coverage: float
    local: float
    max_sim: float | None = None
    weakest: float | None = None
    strange: tuple[str, ...] = ()
    opposed: str = ""


def told(text: str) -> str:
    """A sentence without its figures: those are compared by value."""
    cleaned = plain(text)
    for figure in reversed(read(text).figures):
        cleaned = cleaned[: figure.start] + " " + cleaned[figure.end :]
    return str(_MONEY.sub(" ", cleaned))


def view(passage: Passage) -> str:
    """What a passage says to a customer: its title and headings say what it is about."""
    return "\n".join(filter(None, (passage.title, *passage.heading, evident(passage.text))))


class Supporter:
    """Weighs sentences against passages. Safe to use from several threads."""

    def __init__(self, encoder: Encoder | None, lexical: LexicalIndex | None) -> None:
        self._encoder = encoder if encoder is not None and encoder.has_tokens else None
        self._lexical = lexical
        self._tokens = lru_cache(maxsize=64)(self._encode)

    def weigh(self, sentence: str, text: str) -> Support:
        """What of `text` (see `view`) speaks for the sentence. Raises EncoderError where the encoder fails."""
        plain = told(sentence)
        telling = content_stems(plain)
        weights = {stem: self._idf(stem) for stem in telling}
        held = _stem_set(text)
        max_sim, weakest = self._similar(plain, text)
        return Support(
            coverage=_share(weights, held),
            local=max((_share(weights, pair) for pair in _pairs(text)), default=0.0),
            max_sim=max_sim,
            weakest=weakest,
            strange=_strange(plain, held),
            opposed=opposed(plain, text, weights),
        )

    def _idf(self, stem: str) -> float:
        return self._lexical.idf(stem) if self._lexical is not None else 1.0

    def _similar(self, sentence: str, text: str) -> tuple[float | None, float | None]:
        if self._encoder is None or mostly_devanagari(sentence) or not sentence.strip():
            return None, None
        nearest = (self._tokens(sentence) @ self._tokens(text).T).max(axis=1, initial=0.0)
        if not len(nearest):
            return None, None
        return float(nearest.mean()), float(np.sort(nearest)[:2].mean())

    def _encode(self, text: str) -> Vectors:
        assert self._encoder is not None
        return own_tokens(self._encoder.encode_tokens([text])[0])


def _strange(sentence: str, held: frozenset[str]) -> tuple[str, ...]:
    names = dict.fromkeys(match.group() for match in _NAME.finditer(sentence))
    return tuple(name for name in names if content_stems(name) and held.isdisjoint(stems(name)))


def _share(weights: dict[str, float], held: frozenset[str]) -> float:
    total = sum(weights.values())
    return sum(weight for stem, weight in weights.items() if stem in held) / total if total else 0.0


@lru_cache(maxsize=1024)
def _stem_set(text: str) -> frozenset[str]:
    return frozenset(stems(text))


@lru_cache(maxsize=256)
def _pairs(text: str) -> tuple[frozenset[str], ...]:
    held = [_stem_set(sentence) for sentence in sentences(text)]
    return tuple(one | other for one, other in zip(held, [*held[1:], frozenset()], strict=True))


# Logistic regressions fitted on XQuAD's even articles by `python -m benchmarks.support --fit`, which tells on what.
MODELS = {
    "tokens": {"bias": -8.73, "coverage": 2.68, "local": 2.79, "max_sim": 4.22, "weakest": 7.58},
    "words": {"bias": -5.61, "coverage": 5.33, "local": 4.04},
}
ENOUGH = 0.5
"""The probability from which on a sentence counts as borne out: there the even articles keep 89 % of what is true."""


def confidence(support: Support) -> float:
    """The probability, 0 to 1, that the passage bears the sentence out, names and sense apart."""
    weights = MODELS["tokens" if support.max_sim is not None else "words"]
    total = sum(weight * (1.0 if name == "bias" else getattr(support, name)) for name, weight in weights.items())
    return 1 / (1 + exp(-total))
