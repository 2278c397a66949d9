"""A message word by word in English, so that classifiers and the papers' search meet one language.

English only has the shop's own abbreviations written out. Hindi and Hinglish become a pidgin ("mera order kab aayega"
is "my order when will come") that an English sentence encoder understands far better than what was typed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from munshi.bot.hindi import HindiWord, hindi_lexicon, roman
from munshi.bot.spelling import Word
from munshi.handlers.base import Language
from munshi.knowledge import lexicon
from munshi.knowledge.normalise import clean
from munshi.knowledge.tokens import tokenise
from munshi.knowledge.transliterate import sound_key

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """What the words [first, last) mean in English; empty for words that English has no use for."""

    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Known:
    """A word with the Hindi word it is, if it is one, and what it is compared by."""

    word: Word
    hindi: HindiWord | None
    sound: str


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
        self._heard: dict[Key, str] = {}
        for entry in glossary:
            self._add(entry)
        self._longest = max([hindi_lexicon().longest, *map(len, self._written)])

    def _add(self, entry: GlossaryLike) -> None:
        tokens = tokenise(clean(entry.term).text)
        if not tokens:
            return
        self._written.setdefault(tuple(token.low for token in tokens), entry.meaning)
        if entry.language != "en":
            sounds = tuple(self._sound(roman(token), hindi_lexicon().spelled.get(roman(token))) for token in tokens)
            self._heard.setdefault(sounds, entry.meaning)

    def pieces(self, words: Sequence[Word], language: Language) -> list[Piece]:
        """The words in English, or as near as the lexicons come, in their order."""
        entries = [self._hindi(word, language) for word in words]
        known = [_Known(word, entry, self._sound(word.norm, entry)) for word, entry in zip(words, entries, strict=True)]
        pieces: list[Piece] = []
        index = 0
        while index < len(words):
            meaning, count = self._at(known, index, language)
            pieces.append(Piece(meaning, index, index + count))
            index += count
        return pieces

    def _sound(self, word: str, entry: HindiWord | None) -> str:
        """What a word is compared by with the shop's Hindi terms: its lemma, or its sound where it is unknown."""
        if entry is not None:
            return f"={entry.lemma}"
        return f"={word}" if word in self._known else sound_key(word) or word

    def _at(self, words: Sequence[_Known], index: int, language: Language) -> tuple[str, int]:
        """The meaning of what begins at `index`, and how many words it takes."""
        for count in range(min(self._longest, len(words) - index), 0, -1):
            meaning = self._term(words[index : index + count], language)
            if meaning is not None:
                return meaning, count
        return _single(words, index), 1

    def _term(self, span: Sequence[_Known], language: Language) -> str | None:
        """What these words mean together, if they are a term of the shop's or a Hindi phrase."""
        if len(span) == 1 and span[0].word.token.glued:
            return None
        for written in (tuple(each.word.token.low for each in span), tuple(each.word.norm for each in span)):
            if written in self._written:
                return self._written[written]
        heard = self._heard.get(tuple(each.sound for each in span))
        if heard is not None:
            return heard
        # "Number do" is a phrase, but not in "what number do I call".
        if len(span) == 1 or (language == "en" and not any(each.hindi for each in span)):
            return None
        return hindi_lexicon().phrases.get(tuple(each.hindi.lemma if each.hindi else each.word.norm for each in span))

    def _hindi(self, word: Word, language: Language) -> HindiWord | None:
        """The Hindi word this is; in an English sentence only one that nothing English looks like."""
        if word.token.glued or not word.token.is_word:
            return None
        if word.token.kind == "devanagari":
            return hindi_lexicon().find_romanised(word.norm)
        known = word.norm in self._known
        entry = hindi_lexicon().find(word.norm, by_sound=not known and language != "en")
        return None if entry and language == "en" and (known or not entry.sure) else entry


def _single(words: Sequence[_Known], index: int) -> str:
    """What one word means by itself; one that English has too keeps its English meaning among English words."""
    word, entry = words[index].word, words[index].hindi
    if entry is not None and (entry.sure or not _in_english(words, index)):
        return entry.gloss
    return word.token.text if word.norm == word.token.low else word.norm


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


def _in_english(words: Sequence[_Known], index: int) -> bool:
    """Whether a neighbour belongs to an English stretch of a mixed sentence: "price of main bearing kya hai"."""
    english = lexicon.words("english")
    return any(0 <= at < len(words) and words[at].word.norm in english for at in (index - 1, index + 1))
