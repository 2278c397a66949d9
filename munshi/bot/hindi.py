"""Romanised Hindi: which words are Hindi, how they are otherwise spelled, and what they mean in English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from munshi.knowledge import lexicon
from munshi.knowledge.tokens import Token
from munshi.knowledge.transliterate import romanise, sound_key

Tense = Literal["", "past", "future"]

_SHORTEST_STEM = 4
_FUTURE = ("ga", "gi", "ge")
_PAST_GLOSSES = frozenset(
    "was were did gave bought ordered sent received came went happened arrived wanted done broken said wrote".split()
)


@dataclass(frozen=True, slots=True)
class HindiWord:
    """A Hindi word. `lemma` is its leading spelling; `sure` tells that it is no English word as well."""

    lemma: str
    gloss: str
    sure: bool
    tense: Tense = ""


@dataclass(frozen=True, slots=True)
class HindiLexicon:
    """`spelled` by exact spelling, `sounding` by `sound_key`, `phrases` by the lemmas of their words."""

    spelled: Mapping[str, HindiWord]
    sounding: Mapping[str, HindiWord]
    phrases: Mapping[tuple[str, ...], str]
    longest: int

    def find(self, word: str, *, by_sound: bool = True) -> HindiWord | None:
        """The word of this lower-case spelling, or, from three letters on, of this sound."""
        found = self.spelled.get(word)
        if found is None and by_sound and len(word) >= 3 and word not in lexicon.words("alike"):
            found = self.sounding.get(sound_key(word))
        return found

    def find_romanised(self, word: str) -> HindiWord | None:
        """The same for a word that was written in Devanagari, which no English word can be mistaken for."""
        return self.spelled.get(word) or self.sounding.get(sound_key(word))


@cache
def hindi_lexicon() -> HindiLexicon:
    """The lexicon of lexicon/hinglish.csv, with the regular forms of lexicon/verbs.csv."""
    alike = lexicon.words("alike")
    spelled: dict[str, HindiWord] = {}
    phrases: list[tuple[str, str]] = []
    for row in lexicon.rows("hinglish"):
        words = lexicon.spellings(row["words"])
        phrases += [(word, row["gloss"]) for word in words if " " in word]
        single = [word for word in words if " " not in word]
        for word in single:
            entry = HindiWord(single[0], row["gloss"], word not in alike, _tense(word, row["gloss"]))
            spelled.setdefault(word, entry)
    for word, entry in (*_number_words(), *_verb_forms(alike)):
        spelled.setdefault(word, entry)
    sounding: dict[str, HindiWord] = {}
    for word, entry in spelled.items():
        if entry.sure and len(word) >= 3:
            sounding.setdefault(sound_key(word), entry)
    by_lemma: dict[tuple[str, ...], str] = {}
    for phrase, gloss in phrases:
        key = tuple(spelled[word].lemma if word in spelled else word for word in phrase.split())
        by_lemma.setdefault(key, gloss)
    return HindiLexicon(spelled, sounding, by_lemma, max(map(len, by_lemma)))


def find_hindi(token: Token) -> HindiWord | None:
    """The Hindi word that a token is, in either script."""
    if token.kind == "devanagari":
        return hindi_lexicon().find_romanised(roman(token))
    return hindi_lexicon().find(token.low)


def roman(token: Token) -> str:
    """A token in lower-case roman letters."""
    return romanise(token.low) if token.kind == "devanagari" else token.low


def _number_words() -> Iterator[tuple[str, HindiWord]]:
    """The Hindi numerals: those that stand in one row with their Devanagari."""
    for row in lexicon.rows("numbers"):
        words = lexicon.spellings(row["words"])
        if any(not word.isascii() for word in words):
            yield from ((word, HindiWord(words[0], row["value"], sure=True)) for word in words if word.isascii())


def _verb_forms(alike: frozenset[str]) -> Iterator[tuple[str, HindiWord]]:
    for verb in lexicon.rows("verbs"):
        # The bare stem ("pahunch gaya"); a short one is too often a name or an English word.
        if len(verb["stem"]) >= _SHORTEST_STEM:
            yield (
                verb["stem"],
                HindiWord(verb["stem"], verb["base"], len(verb["stem"]) > 4 and verb["stem"] not in alike),
            )
        for ending in lexicon.rows("endings"):
            word = verb["stem"] + ending["ending"]
            gloss = ending["template"].format(base=verb["base"], past=verb["past"])
            # Short forms ("bole", "mile") are too often English words.
            yield word, HindiWord(word, gloss, len(word) > 4 and word not in alike, _ending_tense(ending["tense"]))


def _ending_tense(name: str) -> Tense:
    return "past" if name == "past" else "future" if name == "future" else ""


def _tense(word: str, gloss: str) -> Tense:
    if gloss.startswith("will ") or (len(word) > 4 and word.endswith(_FUTURE)):
        return "future"
    return "past" if gloss.split(" ")[0] in _PAST_GLOSSES else ""
