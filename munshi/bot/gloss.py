"""A message word by word in English, so that classifiers and the papers' search meet one language.

English only has the shop's own abbreviations written out. Hindi and Hinglish become a pidgin ("mera order kab aayega"
is "my order when will come") that an English sentence encoder understands far better than what was typed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from munshi.bot import lexicon
from munshi.bot.hindi import HindiWord, hindi_lexicon
from munshi.bot.spelling import Word
from munshi.bot.tokens import tokenise
from munshi.handlers.base import Language

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """What the words [first, last) mean in English; empty for words that English has no use for."""

    text: str
    first: int
    last: int


class GlossaryLike(Protocol):
    """One of the shop's own words."""

    @property
    def term(self) -> str:
        """As customers say it."""

    @property
    def meaning(self) -> str:
        """In English."""

    @property
    def language(self) -> str:
        """en, hi or hinglish."""


class Glosser:
    """Renders mended words; the shop's glossary goes before the lexicon, longer terms before shorter ones."""

    def __init__(self, glossary: Iterable[GlossaryLike], known: Container[str]) -> None:
        self._known = known
        self._written: dict[Key, str] = {}
        self._by_lemma: dict[Key, str] = {}
        for entry in glossary:
            self._add(entry)
        self._longest = max([hindi_lexicon().longest, *map(len, self._written)])

    def _add(self, entry: GlossaryLike) -> None:
        words = tuple(token.low for token in tokenise(entry.term))
        if not words:
            return
        self._written.setdefault(words, entry.meaning)
        if entry.language != "en":
            self._by_lemma.setdefault(tuple(hindi_lexicon().lemma(word) for word in words), entry.meaning)

    def pieces(self, words: Sequence[Word], language: Language) -> list[Piece]:
        """The words in English, or as near as the lexicons come, in their order."""
        keys = [self._lemma(word, language) for word in words]
        pieces: list[Piece] = []
        index = 0
        while index < len(words):
            meaning, count = self._at(words, keys, index, language)
            pieces.append(Piece(meaning, index, index + count))
            index += count
        return pieces

    def _at(self, words: Sequence[Word], keys: Sequence[str], index: int, language: Language) -> tuple[str, int]:
        """The meaning of what begins at `index`, and how many words it takes."""
        for count in range(min(self._longest, len(words) - index), 0, -1):
            meaning = self._term(words[index : index + count], keys[index : index + count], language)
            if meaning is not None:
                return meaning, count
        return self._single(words, index, language), 1

    def _term(self, span: Sequence[Word], lemmas: Sequence[str], language: Language) -> str | None:
        """What these words mean together, if they are a term of the shop's or a Hindi phrase."""
        if len(span) == 1 and span[0].token.glued:
            return None
        key = tuple(lemmas)
        for written in (tuple(word.token.low for word in span), tuple(word.norm for word in span)):
            if written in self._written:
                return self._written[written]
        if key in self._by_lemma:
            return self._by_lemma[key]
        # "Number do" is a phrase, but not in "what number do I call".
        is_hindi = language != "en" or any(self._hindi(word, language) for word in span)
        return hindi_lexicon().phrases.get(key) if len(span) > 1 and is_hindi else None

    def _single(self, words: Sequence[Word], index: int, language: Language) -> str:
        word = words[index]
        entry = self._hindi(word, language)
        if entry is None or (not entry.sure and _in_english(words, index)):
            return word.token.text if word.norm == word.token.low else word.norm
        return entry.gloss

    def _hindi(self, word: Word, language: Language) -> HindiWord | None:
        """The Hindi word this is; in an English sentence only one that nothing English looks like."""
        if word.token.glued or not word.token.is_word:
            return None
        if word.token.kind == "devanagari":
            return hindi_lexicon().find_romanised(word.norm)
        known = word.norm in self._known
        entry = hindi_lexicon().find(word.norm, by_sound=not known and language != "en")
        return None if entry and language == "en" and (known or not entry.sure) else entry

    def _lemma(self, word: Word, language: Language) -> str:
        entry = self._hindi(word, language)
        return entry.lemma if entry else word.norm


def joined(pieces: Iterable[Piece], words: Sequence[Word]) -> str:
    """The pieces as one text, spaced as the words were."""
    parts: list[str] = []
    spaced = False
    for piece in pieces:
        first = piece.first
        spaced = spaced or (first > 0 and words[first - 1].token.end < words[first].token.start)
        if piece.text:
            parts.append(f" {piece.text}" if spaced and parts else piece.text)
            spaced = False
    return "".join(parts)


def _in_english(words: Sequence[Word], index: int) -> bool:
    """Whether a neighbour belongs to an English stretch of a mixed sentence: "price of main bearing kya hai"."""
    english = lexicon.words("english")
    return any(0 <= at < len(words) and words[at].norm in english for at in (index - 1, index + 1))
