"""Messages that only make sense after the question before them: "and for Pune?", "aur peeche wala?", "its price?".

All texts are canonical, in English word by word, so that one list of words serves three languages. What is left unsaid
is not known: every reading that the words allow is made, and the caller takes the one that the papers or the records
bear out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from munshi.knowledge.base import Encoder
from munshi.knowledge.text import content_stems

Similar = Callable[[str, Sequence[str]], Sequence[float]]
"""How alike in meaning each of some words is to the first one, -1 to 1."""

ALIKE = 0.6
"""From this cosine of all-MiniLM-L6-v2 on two words are of one kind: front and rear 0.67, Monday and Sunday 0.83."""

_WORD = re.compile(r"[^\W_]+(?:[-.'][^\W_]+)*")
_DIGIT = re.compile(r"\d")
_WHERE = frozenset("for in to at on of from by with into near".split())
# What may stand beside the new words of an elliptical message.
_FILLERS = _WHERE | frozenset(
    "and or then also but what how about the a an one ones please only is are ok okay so sorry no me my your our if "
    "too same instead much many".split()
)
_NUMBERS = frozenset("two three four five six seven eight nine ten twelve dozen pair twenty fifty hundred".split())
_PRONOUNS = frozenset("it its that this they them their those these there".split())
_LONGEST = 8
_LONGEST_WITH_PRONOUN = 12
_NEW_WORDS = 3
_SPAN = 3


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A message that leans on the question before.

    `new` are the words that it brings. `readings` are the whole questions that it may stand for, with them in the place
    of others or of a pronoun, the likeliest first. `appended` has them at the end of the question before, of which it
    drops nothing; it is empty where they are plainly meant to replace one.
    """

    new: tuple[str, ...]
    readings: tuple[str, ...]
    appended: str = ""
    has_pronoun: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it only says how many."""
        return all(word in _NUMBERS or word.isdecimal() for word in self.new)


def similar_by(encoder: Encoder | None) -> Similar | None:
    """By the cosine of an encoder's vectors."""
    if encoder is None:
        return None

    def similar(word: str, others: Sequence[str]) -> list[float]:
        vectors = encoder.encode([word, *others])
        return [float(score) for score in vectors[1:] @ vectors[0]]

    return similar


def read_follow_up(message: str, question: str, similar: Similar | None = None) -> FollowUp | None:
    """What `message` may mean after `question`; None where it stands by itself."""
    said, asked = _words(message), _words(question)
    if not said or not asked or said == asked:
        return None
    new = tuple(word for word in said if _means_something(word))
    if _PRONOUNS & set(said) and len(said) <= _LONGEST_WITH_PRONOUN:
        readings = tuple(_with_nouns(said, asked))
        return FollowUp(new, readings, has_pronoun=True) if readings else None
    bare = all(word in _FILLERS or word in new for word in said)
    if not bare or not 0 < len(new) <= _NEW_WORDS or len(said) > _LONGEST:
        return None
    alike = _most_alike(new, asked, similar)
    if alike is not None:
        return FollowUp(new, (_put(new, asked, alike, alike + 1),))
    readings = tuple(_put(new, asked, *span) for span in _by_place(said, asked))
    return FollowUp(new, readings, " ".join((*asked, *new)))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _means_something(word: str) -> bool:
    return word not in _FILLERS and bool(content_stems(word))


def _put(new: Sequence[str], asked: Sequence[str], start: int, end: int) -> str:
    return " ".join((*asked[:start], *new, *asked[end:]))


def _by_place(said: Sequence[str], asked: Sequence[str]) -> list[tuple[int, int]]:
    """The runs that the new words may replace; first those behind the same "for" or "in", in Hindi before it."""
    where = _WHERE & set(said)

    def distance(span: tuple[int, int]) -> int:
        behind = span[0] > 0 and asked[span[0] - 1] in where
        before = span[1] < len(asked) and asked[span[1]] in where
        return 0 if behind else 1 if before else 2

    spans = list(_spans(asked))
    return sorted(spans, key=lambda span: (distance(span), span[0] - span[1]))


def _spans(asked: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Every run of up to `_SPAN` words that mean something."""
    for start in range(len(asked)):
        for end in range(start + 1, min(start + _SPAN, len(asked)) + 1):
            if not all(map(_means_something, asked[start:end])):
                break
            yield start, end


def _most_alike(new: Sequence[str], asked: Sequence[str], similar: Similar | None) -> int | None:
    """The place of the word that the one new word is like, where one is: numbers and codes by their form."""
    places = [place for place, word in enumerate(asked) if _means_something(word) and word not in new]
    if len(new) != 1 or not places:
        return None
    like_it = [place for place in places if _form(asked[place]) == _form(new[0])]
    if like_it or similar is None:
        return like_it[-1] if like_it else None
    score, place = max(zip(similar(new[0], [asked[place] for place in places]), places, strict=True))
    return place if score >= ALIKE else None


def _form(word: str) -> str:
    """What numbers and codes of one kind have in common; a plain word has a form of its own."""
    return _DIGIT.sub("0", word)


def _with_nouns(said: Sequence[str], asked: Sequence[str]) -> Iterator[str]:
    """The message with what the question was about in the place of the pronoun: longer runs first."""
    place = next(index for index, word in enumerate(said) if word in _PRONOUNS)
    for start, end in sorted(_spans(asked), key=lambda span: span[0] - span[1]):
        yield _put(asked[start:end], said, place, place + 1)
