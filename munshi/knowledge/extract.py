"""The words of a passage that answer a question, as they stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.lexical import LexicalIndex
from munshi.knowledge.text import content_stems, sentence_spans, stems
from munshi.knowledge.token_vectors import mean_max, own_tokens

_LINE = regex.compile(r"\S[^\n]*")
_ITEM = regex.compile(r"(?:[-*•●▪‣–]|\(?\d{1,2}[.)])\s")


@dataclass(frozen=True, slots=True)
class ExtractSettings:
    """How much is quoted: at most so many sentences and words; a neighbour must score `keep` of the best sentence.

    A sentence scores its MaxSim with the question plus `lexical` times the share of the question's words it holds. On
    half of XQuAD the quote holds the answer for 85 % of the questions, in 35 words of 125.
    """

    sentences: int = 3
    words: int = 60
    keep: float = 0.7
    lexical: float = 0.5


class Extractor:
    """Picks the sentences that carry the answer: by the question's words in them and its tokens' nearest in them."""

    def __init__(self, lexical: LexicalIndex, encoder: Encoder | None, settings: ExtractSettings | None = None) -> None:
        self._lexical = lexical
        self._encoder = encoder if encoder and encoder.has_tokens else None
        self._settings = settings or ExtractSettings()

    def quote(self, question: str, passage: Passage) -> str:
        """The part of the passage that answers, verbatim: an FAQ's answer, a row or a list whole, else sentences."""
        spans = unit_spans(passage.text)
        if passage.kind == "faq" or "row" in passage.metadata or self._fits(passage.text, len(spans)):
            return passage.text
        scores = self._scores(question, [passage.text[start:end] for start, end in spans])
        first, last = self._window(scores, [len(passage.text[start:end].split()) for start, end in spans])
        return passage.text[spans[first][0] : spans[last][1]]

    def _fits(self, text: str, units: int) -> bool:
        return units <= max(1, self._settings.sentences) and len(text.split()) <= self._settings.words

    def _scores(self, question: str, sentences: Sequence[str]) -> list[float]:
        asked = content_stems(question)
        weights = {stem: self._lexical.idf(stem) for stem in asked}
        total = sum(weights.values()) or 1.0
        share = [sum(weights[stem] for stem in weights.keys() & set(stems(one))) / total for one in sentences]
        if self._encoder is None:
            return share
        tokens = own_tokens(self._encoder.encode_tokens([question])[0])
        near = [mean_max(tokens, own_tokens(self._encoder.encode_tokens([one])[0])) for one in sentences]
        return [similar + self._settings.lexical * covered for similar, covered in zip(near, share, strict=True)]

    def _window(self, scores: Sequence[float], lengths: Sequence[int]) -> tuple[int, int]:
        """The first and the last sentence to quote: the best one, and neighbours nearly as good while they fit."""
        first = last = max(range(len(scores)), key=scores.__getitem__)
        enough = self._settings.keep * scores[first]
        words = lengths[first]
        while last - first + 1 < self._settings.sentences:
            beside = [
                i
                for i in (first - 1, last + 1)
                if 0 <= i < len(scores) and scores[i] >= enough and words + lengths[i] <= self._settings.words
            ]
            if not beside:
                break
            chosen = max(beside, key=scores.__getitem__)
            words += lengths[chosen]
            first, last = min(first, chosen), max(last, chosen)
        return first, last


def unit_spans(text: str) -> list[tuple[int, int]]:
    """Where what may be quoted by itself begins and ends: sentences, and lists with the sentence before them."""
    spans: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        start, end = line.start(), line.start() + len(line.group().rstrip())
        if not _ITEM.match(text, start):
            spans += [(start + first, start + last) for first, last in sentence_spans(text[start:end])]
        elif spans:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans
