"""The products a message names, typos and all.

Each product is known by the words of its names, a word weighing more the fewer products have it. Neighbouring words
of the message that are in names form a mention, and the mention means the products that hold the most of its weight.
Where several hold the same ("brake pad") each of them is given, unless one is called exactly so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from math import log
from typing import Protocol

from munshi.bot.gloss import Piece
from munshi.bot.spans import Span
from munshi.bot.spelling import Word
from munshi.knowledge import lexicon
from munshi.knowledge.tokens import tokenise

MOST_MEANT = 20
"""A mention that fits more products than this ("swift") is no product's name."""

_BEHIND_THING = re.compile(r" - |[(,/:|]|\d")
_SAME = 1e-6
_JOINING = frozenset(["", "for", "of", "the", "with", "one", "-", "(", ")", "/"])
_MOST_JOINING = 2
_LONGEST_SKU = 5


class ProductLike(Protocol):
    """A product by name."""

    @property
    def sku(self) -> str:
        """What it is told apart by."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def aliases(self) -> Sequence[str]:
        """What else it is called."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A word of the message that is in a product's name."""

    piece: Piece
    stem: str


class ProductFinder:
    """An index over the words of product names, which `prepare` puts into English as messages are."""

    def __init__(self, products: Iterable[ProductLike], prepare: Callable[[str], str]) -> None:
        self._names: dict[str, list[frozenset[str]]] = {}
        self._things: dict[str, frozenset[str]] = {}
        self._skus: dict[str, str] = {}
        for product in products:
            self._skus[_squeezed(product.sku)] = product.sku
            names = [frozenset(_stems(prepare(name))) for name in (product.name, *product.aliases)]
            self._names[product.sku] = [name for name in names if name]
            self._things[product.sku] = _thing(prepare(product.name))
        having: dict[str, set[str]] = defaultdict(set)
        for sku, names in self._names.items():
            for stem in frozenset().union(*names):
                having[stem].add(sku)
        self._having = dict(having)
        self._weights = {stem: log(1 + len(self._names) / len(skus)) for stem, skus in self._having.items()}

    def find(self, words: Sequence[Word], pieces: Sequence[Piece], taken: Sequence[Span] = ()) -> list[Span]:
        """The products named outside of `taken`, several over one span where they fit equally well."""
        if not self._names:
            return []
        spans = list(self._by_sku(words))
        free = list(_outside(pieces, words, [*taken, *spans]))
        for mention in self._mentions(free):
            for hits, skus in self._meant(list(dropwhile(lambda hit: _is_count(hit.piece, words), mention))):
                start = words[hits[0].piece.first].token.start
                end = words[hits[-1].piece.last - 1].token.end
                spans += [Span("product", sku, start, end) for sku in sorted(skus)]
        return spans

    def _by_sku(self, words: Sequence[Word]) -> Iterator[Span]:
        for first in range(len(words)):
            for last in range(min(first + _LONGEST_SKU, len(words)), first, -1):
                text = _squeezed("".join(word.token.text for word in words[first:last]))
                if text in self._skus and any(map(str.isdigit, text)):
                    yield Span("product", self._skus[text], words[first].token.start, words[last - 1].token.end)
                    break

    def _mentions(self, pieces: Iterable[Piece | None]) -> Iterator[list[_Hit]]:
        """Runs of words that are in names, with at most a few joining words between; None ends a run."""
        mention: list[_Hit] = []
        for piece in pieces:
            stems = [stem for stem in _stems(piece.text) if stem in self._having] if piece else []
            if piece and stems:
                mention += [_Hit(piece, stem) for stem in stems]
            elif mention and not (piece and _joins(mention[-1].piece, piece)):
                yield mention
                mention = []
        if mention:
            yield mention

    def _meant(self, mention: list[_Hit]) -> Iterator[tuple[list[_Hit], set[str]]]:
        """The products meant, with the words that say so; what is left over may name another."""
        while mention:
            best = self._best([hit.stem for hit in mention])
            if best is None:
                return
            skus, stems = best
            hits = [hit for hit in mention if hit.stem in stems]
            yield hits, skus
            rest = [hit for hit in mention if hit.piece.first > hits[-1].piece.first]
            # A lone word after a product says what it is for ("clutch plate for alto"), not a second product.
            mention = rest if len(rest) > 1 else []

    def _best(self, stems: Sequence[str]) -> tuple[set[str], set[str]] | None:
        """The products that hold the most of these words, and the words they hold."""
        held: dict[str, set[str]] = defaultdict(set)
        for stem in stems:
            for sku in self._having[stem]:
                held[sku].add(stem)
        scores = {
            sku: sum(self._weights[stem] for stem in sorted(words))
            for sku, words in held.items()
            if self._is_named(sku, words)
        }
        top = max(scores.values(), default=0.0)
        skus = {sku for sku, score in scores.items() if score >= top - _SAME}
        if not 0 < len(skus) <= MOST_MEANT:
            return None
        exact = {sku for sku in skus if any(name <= held[sku] for name in self._names[sku])}
        return exact or skus, set().union(*(held[sku] for sku in exact or skus))

    def _is_named(self, sku: str, words: set[str]) -> bool:
        """Whether words say which thing it is, and not only whose or what for: "honda city" is no brake pad."""
        if any(name <= words for name in self._names[sku]):
            return True
        return bool(self._things[sku] & words)


def _outside(pieces: Sequence[Piece], words: Sequence[Word], taken: Sequence[Span]) -> Iterator[Piece | None]:
    """The pieces, with None for each that lies in a taken span."""
    for piece in pieces:
        place = Span("piece", "", words[piece.first].token.start, words[piece.last - 1].token.end)
        yield None if any(map(place.overlaps, taken)) else piece


def _is_count(piece: Piece, words: Sequence[Word]) -> bool:
    """Whether a piece is a number by itself: the 20 of "20 filters", not of "20W50"."""
    token = words[piece.first].token
    runs_on = piece.last < len(words) and words[piece.last].token.start == token.end
    return token.kind == "number" and not runs_on


def _joins(last: Piece, piece: Piece) -> bool:
    return piece.text.lower() in _JOINING and piece.first - last.first <= _MOST_JOINING


def _thing(name: str) -> frozenset[str]:
    """The words for the thing itself: those of a name up to a dash, a bracket or a figure, but for "set" or "front"."""
    return frozenset(_stems(_BEHIND_THING.split(name, maxsplit=1)[0])) - lexicon.words("generic")


def _stems(text: str) -> list[str]:
    """The words of a text in lower case, a plural's s off; no marks, no single letters."""
    tokens = (token for token in tokenise(text) if token.kind == "number" or (token.is_word and len(token.low) > 1))
    return [_stem(token.low) for token in tokens if token.low not in _JOINING]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _squeezed(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()
