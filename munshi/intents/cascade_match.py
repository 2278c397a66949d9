"""Messages that say just what an example says, but for case, punctuation, manners, a typing slip or word order."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import regex
from rapidfuzz import process
from rapidfuzz.distance import OSA

# A separator between two digits says something ("2.5", "10/11"); any other punctuation mark does not.
_INVISIBLE = regex.compile(r"[\p{Cf}'’]+")
_MARKS = regex.compile(r"(?!(?<=\d)[.,:/-](?=\d))[\p{P}\p{C}\p{Z}]")
# Words said for manners' sake, which bear on no wish.
_MANNERS = frozenset("a an the please pls plz kindly hi hello hey dear sir madam".split())
# Beside one of these it matters in which order the other words stand.
_ORDERING = frozenset("from to into onto for by with without than or before after not no instead of se ko ka".split())

NEAR_WORDS = 2
"""A text of fewer words, manners apart, must be an example's own words."""

NEAR_LETTERS = 5
"""A word of fewer letters is never taken for a typing slip."""

PRIOR = (98.5, 1.5)
"""Right and wrong matches that are taken as seen beforehand. In the training files of BANKING77, CLINC150, SOFMattress
and Hinglish-TOP 9 of 533 exact and 10 of 806 near matches, each text held out in turn, had another label; with a
longer NEAR_WORDS or NEAR_LETTERS the share is no smaller.
"""

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Match:
    """The label that all examples found agree on; None where they are known to fit no intent."""

    label: str | None


def fold(text: str) -> str:
    """A text without case, punctuation and needless spaces; signs, and separators inside a number, stay."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_MARKS.sub(" ", _INVISIBLE.sub("", plain)).split())


class ExampleIndex:
    """Examples, folded, to be found again by their words. Safe to read from several threads.

    `labels` holds None for a text known to fit no intent. `known` are words that are right as they stand: none of them
    is taken for a slip of another, nor is any word of the examples.
    """

    def __init__(self, texts: Sequence[str], labels: Sequence[str | None], known: Container[str]) -> None:
        self._known = known
        self._labels: dict[str, Counter[str | None]] = defaultdict(Counter)
        for text, label in zip(texts, labels, strict=True):
            if text:
                self._labels[text][label] += 1
        self._words = Counter(word for text in self._labels for word in set(text.split()))
        self._bags: dict[tuple[str, ...], list[str]] = defaultdict(list)
        self._wishes: dict[str, list[str]] = defaultdict(list)
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for text in self._labels:
            words = _wish(text)
            self._bags[_bag(words)].append(text)
            self._wishes[" ".join(words)].append(text)
        for wish in self._wishes:
            self._by_length[len(wish)].append(wish)

    def exact(self, text: str) -> Match | None:
        """The example that is this text; None where there is none, or the same text stands under two labels."""
        return _agreed(self._labels.get(text, ()))

    def near(self, text: str, *, without: str = "") -> Match | None:
        """The examples that differ from the text in manners, in word order, or in one slip in a word that is none.

        `without` is a text to be overlooked, so that an example can be held out. None where the examples found do not
        agree, and for texts too short to tell or too long to be an example.
        """
        words = _wish(text)
        if len(text) > _LONGEST or len(words) < NEAR_WORDS:
            return None
        found = {*self._bags.get(_bag(words), ()), *self._slips(words, without)} - {without}
        return _agreed(chain.from_iterable(self._labels[each] for each in found))

    def held_out(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """(right, wrong) of the exact and of the near matches, each example being held out in turn."""
        exact, near = [0, 0], [0, 0]
        for text, labels in self._labels.items():
            for label, copies in labels.items():
                others = _agreed((labels - Counter({label: 1})).keys())
                if others is not None:
                    exact[others.label != label] += copies
                elif (match := self.near(text, without=text)) is not None:
                    near[match.label != label] += copies
        return (exact[0], exact[1]), (near[0], near[1])

    def _slips(self, words: Sequence[str], without: str) -> Iterable[str]:
        """Examples of the same words but for one, which is one edit away from a word that is none."""
        if not any(self._is_slip(word, without) for word in words):
            return ()
        wish = " ".join(words)
        lengths = range(len(wish) - 1, len(wish) + 2)
        candidates = list(chain.from_iterable(self._by_length.get(length, ()) for length in lengths))
        close = process.extract(wish, candidates, scorer=OSA.distance, score_cutoff=1, limit=None)
        meant = [other for other, _, _ in close if self._is_slip_of(words, other.split(), without)]
        return chain.from_iterable(self._wishes[other] for other in meant)

    def _is_slip_of(self, said: Sequence[str], meant: Sequence[str], without: str) -> bool:
        differing = [pair for pair in zip(said, meant, strict=False) if pair[0] != pair[1]]
        if len(said) != len(meant) or len(differing) != 1:
            return False
        [(wrong, right)] = differing
        return self._is_slip(wrong, without) and right.isalpha() and wrong[0] == right[0]

    def _is_slip(self, word: str, without: str) -> bool:
        """Whether a word may be a mistyped one: long enough, in letters, and itself no word that anybody knows."""
        if len(word) < NEAR_LETTERS or not word.isalpha() or word in self._known:
            return False
        return self._words[word] - (word in without.split()) < 1


@dataclass(frozen=True, slots=True)
class Trust:
    """How likely the label of a match is right, for texts that are an example and for those that are near one."""

    exact: float
    near: float

    @classmethod
    def learn(cls, index: ExampleIndex) -> Trust:
        """From each example held out in turn: how often others like it have its label.

        The mean of a beta posterior, with `PRIOR` as the prior's counts of right and wrong.
        """
        exact, near = index.held_out()
        return cls(*((PRIOR[0] + right) / (sum(PRIOR) + right + wrong) for right, wrong in (exact, near)))


def _wish(text: str) -> list[str]:
    return [word for word in text.split() if word not in _MANNERS]


def _bag(words: Sequence[str]) -> tuple[str, ...]:
    """The words in no order, where none of them depends on it."""
    return tuple(words) if _ORDERING.intersection(words) else tuple(sorted(words))


def _agreed(labels: Iterable[str | None]) -> Match | None:
    different = set(labels)
    return Match(different.pop()) if len(different) == 1 else None
