"""Which of the values on offer a message means: by position ("the second"), by label ("savings wala"), in passing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

from rapidfuzz import fuzz

from munshi.bot.consent import fold
from munshi.bot.own_yaml import read_own
from munshi.handlers.base import Button, Slot

_SHORTEST = 2  # letters of a word that tells something
_LOOSE = 5  # letters from which on a slip in a word is put up with
_CLOSE = 85.0
_VALUE = "…"  # what a cue stands beside


@cache
def _lexicon() -> Mapping[str, Any]:
    found: Mapping[str, Any] = read_own(files("munshi.knowledge") / "lexicon" / "choosing.yaml")
    return found


@cache
def _positions() -> Mapping[str, int]:
    return {fold(word): place for place, words in _lexicon()["positions"].items() for word in words}


@cache
def _fillers() -> frozenset[str]:
    return frozenset(map(fold, chain.from_iterable(_lexicon()["fillers"])))


@cache
def _kind_words() -> Mapping[str, frozenset[str]]:
    return {kind: frozenset(map(fold, words)) for kind, words in _lexicon()["kinds"].items()}


def value_of(option: Button) -> str:
    """The value that stands for an option."""
    return option.value or option.label


def picked(options: Sequence[Button], text: str) -> Button | None:
    """The one option that a whole message names: its label or value, its place in the list, or a part of its label."""
    said = fold(text)
    exact = next((each for each in options if said and said in (fold(each.label), fold(value_of(each)))), None)
    if exact is not None or not options:
        return exact
    words = [word for word in said.split() if word not in _fillers()]
    if len(words) == 1:
        place = int(words[0]) if words[0].isdecimal() else _positions().get(words[0], 0)
        if place == -1 or 0 < place <= len(options):
            return options[place - 1 if place > 0 else -1]
    named = [each for each in options if words and all(_is_in(word, _telling(each.label)) for word in words)]
    return named[0] if len(named) == 1 else None


@dataclass(frozen=True, slots=True)
class Words:
    """A message's words, in which slots find what they are to hold.

    `taken` are the places that one has used; without `cued` the words stand in an order of which cues tell nothing.
    """

    words: tuple[str, ...]
    cued: bool = True
    taken: frozenset[int] = frozenset()

    def without(self, options: Sequence[Button]) -> Words:
        """The words that do not speak of these options."""
        used = {place for each in options for place in _places(self, each.label)}
        return replace(self, taken=self.taken | used)


def mentioned(words: Words, slot: Slot, options: Sequence[Button], others: Sequence[Slot]) -> tuple[Button, ...]:
    """The options of a slot that a message mentions, those that fit it best; none where it tells none from the rest.

    What a cue of one of the `others` marks is theirs.
    """
    found: list[tuple[frozenset[int], bool]] = []
    for option in options:
        marks = {place: _marked(words, place, (slot, *others)) for place in _places(words, option.label)}
        ours = {place: mark for place, mark in marks.items() if mark is None or mark is slot}
        found.append((frozenset(ours), slot in ours.values()))
    if len(options) > 1 and len({places for places, _ in found}) == 1:
        return ()
    scores = [(cued, len(places)) for places, cued in found]
    best = max(scores, default=(False, 0))
    return tuple(option for option, score in zip(options, scores, strict=True) if score == best and score[1])


def marked_by(before: Sequence[str], after: Sequence[str], slots: Sequence[Slot]) -> Slot | None:
    """The slot whose cue stands beside something, with nothing but fillers between them."""
    for word in reversed(before):
        if (found := _with_cue(f"{word} {_VALUE}", slots)) is not None:
            return found
        if word not in _fillers():
            break
    for word in after:
        if (found := _with_cue(f"{_VALUE} {word}", slots)) is not None:
            return found
        if word not in _fillers():
            break
    return None


def called(text: str, slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """The slots that a message names: by their names, or else as customers call what they hold."""
    words = fold(text).split()
    named = tuple(slot for slot in slots if f" {fold(slot.name.replace('_', ' '))} " in f" {' '.join(words)} ")
    return named or tuple(slot for slot in slots if not _kind_words().get(slot.kind, frozenset()).isdisjoint(words))


def _with_cue(cue: str, slots: Sequence[Slot]) -> Slot | None:
    return next((slot for slot in slots if cue in slot.cues), None)


def _marked(words: Words, place: int, slots: Sequence[Slot]) -> Slot | None:
    return marked_by(words.words[:place], words.words[place + 1 :], slots) if words.cued else None


def _places(words: Words, label: str) -> list[int]:
    """Where a message's words stand in a label."""
    telling = _telling(label)
    return [
        place
        for place, word in enumerate(words.words)
        if place not in words.taken and word not in _fillers() and _is_in(word, telling)
    ]


def _telling(label: str) -> frozenset[str]:
    return frozenset(word for word in fold(label).split() if len(word) >= _SHORTEST and word not in _fillers())


def _is_in(word: str, telling: frozenset[str]) -> bool:
    if word in telling:
        return True
    loose = len(word) >= _LOOSE and not word.isdecimal()
    return loose and any(fuzz.ratio(word, each) >= _CLOSE for each in telling if len(each) >= _LOOSE)
