"""Words put right: repeated letters, SMS abbreviations, English words in Devanagari, typos of the pack's own words, and
Hindi words in whatever spelling they come.

A word that is right already is never touched, nor is a number or a part of a code.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise, product

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from munshi.bot.hindi import hindi_lexicon
from munshi.bot.neighbours import Neighbours
from munshi.bot.variants import hindi_variants
from munshi.handlers.base import Language
from munshi.knowledge import lexicon
from munshi.knowledge.normalise import clean
from munshi.knowledge.tokens import Token, tokenise
from munshi.knowledge.transliterate import romanise, sound_key

SHORTEST_TYPO = 4
"""Shorter words have too many neighbours to be mended."""

_LONGEST_WORD = 30
_DOUBLED = re.compile(r"(.)\1")
_REPEATED = re.compile(r"(.)\1{2,}")
_VOWEL = re.compile(r"[aeiou]")
_MIN_SOUND_RATIO = 75.0
_RARE = 2
_PREFIXES = ("un", "re", "mis", "dis", "non", "pre")  # codespell:ignore mis
_SUFFIXES = ("s", "es", "ed", "er", "ers", "ing", "ings", "ly", "'s")


@dataclass(frozen=True, slots=True)
class Word:
    """A token and the words it stands for: lower case, in roman letters; a mark or a number as it is."""

    token: Token
    norm: str


class Mender:
    """Puts words right against a vocabulary.

    `vocabulary` is every word of the pack, repeats and all (how often a word comes tells a typo from a word); `names`
    are the names of its products; `known` are words of English at large.
    """

    def __init__(self, vocabulary: Iterable[str], names: Iterable[str], known: Container[str]) -> None:
        named = [[token.low for token in tokenise(clean(name).text) if token.kind == "latin"] for name in names]
        self._known = known
        self._names = {word for words in named for word in words}
        self._keep = lexicon.pairs("keep") | {pair for words in named for pair in pairwise(words)}
        self._neighbours = Neighbours(named, _skeleton)
        self._joined = {"".join(pair): " ".join(pair) for words in named for pair in pairwise(words)}
        counts = Counter(word.lower() for word in vocabulary)
        counts.update(self._names)
        self._counts = Counter({word: counts[word] for word in self._trusted(counts)})
        self._words = sorted(self._counts)
        self._own = self._own_hindi()
        self._by_initial = _grouped(self._counts, lambda word: word[0])
        self._by_sound = _grouped(self._counts, _skeleton)
        self._mended = lru_cache(maxsize=4096)(self._mend)

    def mend(self, tokens: Sequence[Token], language: Language) -> list[Word]:
        """Every token with what it stands for."""
        shouted = all(token.text.isupper() for token in tokens if token.kind == "latin")
        words = []
        for index, token in enumerate(tokens):
            neighbours = [tokens[at] for at in (index - 1, index + 1) if 0 <= at < len(tokens)]
            fixed = self._is_fixed(token, neighbours, shouted)
            words.append(Word(token, token.low if fixed else self._mended(token.low, token.kind, language)))
        return [self._beside(words, index) for index in range(len(words))]

    def _beside(self, words: Sequence[Word], index: int) -> Word:
        """A word once more, now that its neighbours are right: one that no text has may be a slip of a product's."""
        word = words[index]
        low = word.token.low
        if word.token.kind != "latin" or word.norm in self._names or self._is_common(low):
            return word
        single = _DOUBLED.sub(r"\1", low)
        if single != low and single in self._names:  # else a Hindi verb that sounds so keeps it
            return Word(word.token, single)
        previous = words[index - 1].norm if index else ""
        following = words[index + 1].norm if index + 1 < len(words) else ""
        meant = self._neighbours.meant(low, previous, following)
        return word if meant is None else Word(word.token, meant)

    def _is_fixed(self, token: Token, neighbours: Sequence[Token], shouted: bool) -> bool:
        """Whether the token is left alone: a number, a part of a code, "Wagon R", "Plan B"."""
        if not token.is_word or (token.glued and token.low not in _abbreviations("en")):
            return True
        if len(token.low) > _LONGEST_WORD:
            return True
        if len(token.low) == 1 and token.kind == "latin":
            beside_number = any(near.kind == "number" for near in neighbours)
            return beside_number or (token.text.isupper() and not shouted) or self._is_kept(token, neighbours)
        return False

    def _is_kept(self, token: Token, neighbours: Sequence[Token]) -> bool:
        return any({(near.low, token.low), (token.low, near.low)} & self._keep for near in neighbours)

    def _mend(self, low: str, kind: str, language: Language) -> str:
        if kind == "devanagari":
            return self._from_devanagari(low)
        if kind == "other":
            return low
        forms = _forms(low)
        own = self._own.get(sound_key(forms[-1])) if language != "en" else None
        if own is not None and not self._is_right(low, language):
            return own
        right = self._right_form(forms, language)
        if right is not None:
            return right
        low = forms[-1]
        if len(low) < SHORTEST_TYPO or not low.isalpha():
            return low
        pair = self._joined.get(low) or self._joined.get(low.removesuffix("s"))
        if pair:
            return pair
        if language != "en" and hindi_lexicon().find(low):
            return low
        return self._corrected(low, language) or (_hindi_variant(low) if language != "en" else low)

    def _right_form(self, forms: Sequence[str], language: Language) -> str | None:
        """What an abbreviation stands for, or the form that is a word: a common one before a rare one."""
        for form in forms:
            if form in _abbreviations(language) and (len(form) == 1 or form not in self._names):
                return _abbreviations(language)[form]
        common = (form for form in forms if self._is_common(form))
        return next(common, None) or next((form for form in forms if self._is_right(form, language)), None)

    def _is_common(self, word: str) -> bool:
        return word in self._counts or word in lexicon.words("english")

    def _is_right(self, word: str, language: Language) -> bool:
        if word in self._known or any(self._is_root(root) for root in _roots(word)):
            return True
        hindi = hindi_lexicon().find(word, by_sound=False)
        return hindi is not None and (language != "en" or hindi.sure)

    def _is_root(self, word: str) -> bool:
        return len(word) >= SHORTEST_TYPO - 1 and (word in self._known or word in self._counts)

    def _from_devanagari(self, word: str) -> str:
        """The English word that is spelled in Devanagari, or else the Hindi one in roman letters."""
        loan = _loans().get(word)
        if loan:
            return loan
        roman = romanise(word)
        if hindi_lexicon().find_romanised(roman) or len(roman) < 3:
            return roman
        bones = _skeleton(roman)
        sounds = {like: sound_key(like) for like in self._by_sound.get(bones, ())} if len(bones) > 1 else {}
        best = process.extractOne(sound_key(roman), sounds, scorer=fuzz.ratio, score_cutoff=_MIN_SOUND_RATIO)
        return best[2] if best else _hindi_variant(roman)

    def _corrected(self, word: str, language: Language) -> str | None:
        """The vocabulary's word that this one is a slip of; None where there is none, or two as good."""
        near = self._near(word, self._by_initial.get(word[0], ()), _reach(word, language))
        if not near and len(word) > SHORTEST_TYPO + 1 and language == "en":
            near = self._near(word, self._words, 1)
        if not near or (len(near) > 1 and near[0][:2] == near[1][:2]):
            return None
        _, count, best = near[0]
        if len(word) == SHORTEST_TYPO and not self._is_safe(word, best, -count, language):
            return None
        return best

    def _near(self, word: str, among: Sequence[str], reach: int) -> list[tuple[int, int, str]]:
        """Distance, negative count and word of those within `reach`, the best first."""
        near = process.extract(word, among, scorer=OSA.distance, score_cutoff=reach, limit=None)
        return sorted((distance, -self._counts[like], like) for like, distance, _ in near)

    def _is_safe(self, word: str, best: str, count: int, language: Language) -> bool:
        """Whether a short word may be taken for this one; in a Hindi sentence only where no sound differs."""
        if language == "en":
            return count >= _RARE or best in self._names
        same_letters = len(best) != len(word) or sorted(best) == sorted(word)
        bare = not _VOWEL.search(word) and _skeleton(word) == _skeleton(best)
        swapped = count > _RARE and sorted(best) == sorted(word)
        return bare or swapped or sound_key(word) == sound_key(best) or (best in self._names and same_letters)

    def _own_hindi(self) -> dict[str, str]:
        """By its sound the spelling of each word that only this shop has: the one used most, of several the first."""
        own = (word for word in self._counts if word not in self._names and word not in self._known)
        strange = [word for word in own if not hindi_lexicon().find(word)]
        strange.sort(key=lambda word: (-self._counts[word], word))
        return {sound_key(word): word for word in reversed(strange)}

    def _trusted(self, counts: Counter[str]) -> Iterator[str]:
        """The words of the pack that may be corrected to: its examples hold slips of their own, and Hindi."""
        hindi = hindi_lexicon().spelled
        latin = {word for word in counts if word.isascii() and word.isalpha() and 3 <= len(word) <= _LONGEST_WORD}
        sound = {word for word in latin if word in self._names or word in self._known or counts[word] > _RARE}
        sound -= {word for word in hindi if hindi[word].sure and word not in self._names}
        sound -= _abbreviations("en").keys() - self._names
        yield from sound
        choices = sorted(word for word in sound if len(word) >= SHORTEST_TYPO)
        for word in sorted(latin - sound - hindi.keys() - _abbreviations("en").keys()):
            if not process.extractOne(word, choices, scorer=OSA.distance, score_cutoff=_reach(word, "en")):
                yield word


def _hindi_variant(word: str) -> str:
    """The leading spelling of the Hindi word that this one is a spelling of, or the word itself."""
    meant = hindi_variants().find(word)
    return meant.lemma if meant else word


def _reach(word: str, language: Language) -> int:
    """How many slips a word may have: one, or two in a long one, which among Hindi words must be longer still."""
    if language == "en":
        return 1 if len(word) < 2 * SHORTEST_TYPO else 2
    return 1 if len(word) <= 2 * SHORTEST_TYPO else 2


def _grouped(words: Iterable[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):  # of two as good the same is taken every time
        groups[key(word)].append(word)
    return dict(groups)


@lru_cache(maxsize=8192)
def _skeleton(word: str) -> str:
    """The consonants of a word as Hindi hears them: "clutch" and "klach" have one skeleton."""
    key = re.sub(r"c(?=[eiy])", "s", word.lower())
    key = re.sub(r"tch|ch", "C", key).replace("c", "k").replace("C", "c")
    return re.sub(r"(.)\1+", r"\1", re.sub(r"[aeiouyh]", "", sound_key(key)))


def _roots(word: str) -> Iterator[str]:
    """What an English word may be made from: "unblock" from "block", "mailed" from "mail"."""
    for prefix in _PREFIXES:
        if word.startswith(prefix):
            yield word.removeprefix(prefix)
    for suffix in _SUFFIXES:
        if word.endswith(suffix):
            root = word.removesuffix(suffix)
            yield from (root, f"{root}e", root[:-1] if root[-1:] == root[-2:-1] else "")


def _forms(word: str) -> list[str]:
    """The word, and where letters are drawn out ("pleaaase") what it may have been, the plainest last."""
    runs = [match.group(1) for match in _REPEATED.finditer(word)]
    if not runs or len(set(word)) == 1:
        return [word]
    pieces = _REPEATED.split(word)[::2]
    choices = product(*[(2 * run, run) for run in runs]) if len(runs) <= 3 else [tuple(runs)]
    return ["".join(part + run for part, run in zip(pieces, (*choice, ""), strict=True)) for choice in choices]


@cache
def _abbreviations(language: Language) -> dict[str, str]:
    rows = lexicon.rows("sms")
    return {row["short"]: row["long"] for row in rows if row["language"] == "any" or language == "en"}


@cache
def _loans() -> dict[str, str]:
    return {word: row["english"] for row in lexicon.rows("loans") for word in lexicon.spellings(row["devanagari"])}
