"""A shop's synonyms: words that mean the same, added to a question and never put in the place of the customer's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from munshi.knowledge.text import stems

Key = tuple[str, ...]

MOST = 8
"""Ways of asking that are tried beside the customer's own."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The question's stems with one term in another's place; `term` is what was put there, as the owner wrote it."""

    term: str
    added: Key
    stems: Key


class Synonyms:
    """Groups of words or phrases that mean the same, in any language and either direction."""

    def __init__(self, groups: Iterable[Sequence[str]] = ()) -> None:
        self._others: dict[Key, dict[Key, str]] = {}
        for group in groups:
            terms = {key: term for term in group if (key := tuple(stems(term)))}
            for key in terms if len(terms) > 1 else ():
                self._others.setdefault(key, {}).update({other: term for other, term in terms.items() if other != key})
        self._longest = max(map(len, self._others), default=0)

    def __bool__(self) -> bool:
        return bool(self._others)

    def variants(self, asked: Sequence[str]) -> list[Variant]:
        """The other ways to ask with one of the terms replaced, `MOST` at most, in the question's order."""
        found: dict[Key, Variant] = {}
        for start, end in self._terms(asked):
            for other, term in self._others[tuple(asked[start:end])].items():
                changed = (*asked[:start], *other, *asked[end:])
                found.setdefault(other, Variant(term, other, changed))
                if len(found) == MOST:
                    return list(found.values())
        return list(found.values())

    def _terms(self, asked: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Where terms begin and end, the longest first at each place."""
        start = 0
        while start < len(asked):
            ends = range(min(len(asked), start + self._longest), start, -1)
            end = next((end for end in ends if tuple(asked[start:end]) in self._others), None)
            if end is not None:
                yield start, end
            start = end or start + 1
