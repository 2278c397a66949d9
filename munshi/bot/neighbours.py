"""Slips in product words that their neighbours give away: "clach" before "plate" is a clutch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from rapidfuzz.distance import OSA

SHORTEST, REACH = 4, 2
"""Letters that a slip has at least, and letters in which it may differ where it does not sound the same."""


class Neighbours:
    """Which words stand side by side in the names of products."""

    def __init__(self, names: Iterable[Sequence[str]], sound: Callable[[str], str]) -> None:
        """`names` as lists of lower-case words; two words of one `sound` may be spellings of each other."""
        self._sound = sound
        self._before: dict[str, set[str]] = defaultdict(set)
        self._after: dict[str, set[str]] = defaultdict(set)
        for words in names:
            for first, second in pairwise(words):
                self._before[second].add(first)
                self._after[first].add(second)

    def meant(self, word: str, previous: str, following: str) -> str | None:
        """The word that stands in a name before `following` or after `previous` and that `word` is a slip of.

        None where there is none, or two as good.
        """
        if len(word) < SHORTEST:
            return None
        choices = self._before.get(following, set()) | self._after.get(previous, set())
        near = sorted((self._distance(word, choice), choice) for choice in choices if len(choice) >= SHORTEST)
        if not near or near[0][0] > REACH or (len(near) > 1 and near[0][0] == near[1][0]):
            return None
        return near[0][1]

    def _distance(self, word: str, choice: str) -> int:
        """Letters apart; one less for what sounds the same, too far for what shares neither sound nor beginning."""
        apart = OSA.distance(word, choice)
        if self._sound(word) == self._sound(choice):
            return min(apart - 1, REACH)
        return apart if word[0] == choice[0] and apart < len(word) // 2 else REACH + 1
