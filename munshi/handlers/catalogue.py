"""Which products a message is about: by their words, and for the vehicle it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

import regex
from rapidfuzz import fuzz, process

from munshi.handlers.columns import code_key
from munshi.handlers.fitment import Entry, Fitment, Wanted, read_entry
from munshi.handlers.rows import Product
from munshi.handlers.words import FILLER, PLAIN
from munshi.knowledge.text import stems, words

MIN_COVERAGE = 0.6
"""Share of the asked-for words, by weight, that a product must have."""

MAX_NAME_WORDS = 3
"""More words than these that the catalogue does not know are no name of a thing or a vehicle."""

MAX_QUERY_CHARS = 1_000
"""What goes on for longer has named its product by then."""

_YEAR_DIGITS = 4
_TYPO_CHARS = 4
_LONG_CHARS = 6
_TYPO_SCORE = 85
_LONG_TYPO_SCORE = 80  # "wagnor" for "wagonr": letters change places in long words
_LETTERS_OR_DIGITS = regex.compile(r"\p{L}+|\d+")


@dataclass(frozen=True, slots=True)
class Found:
    """What a message asks for. `skus` are best first; without any, the other two say what is missing.

    `goods` are the customer's words for the thing, `vehicle` those for what it must fit and for which nothing is
    listed. `unread`: so many words mean nothing here that the message is hardly about goods. Where all are empty,
    nothing was asked for.
    """

    skus: tuple[str, ...] = ()
    goods: str = ""
    vehicle: str = ""
    unread: bool = False


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as written and its stem."""

    text: str
    stem: str


@dataclass(frozen=True, slots=True)
class _Item:
    sku: str
    own: frozenset[str]  # the stems of all that the product is called
    calls: tuple[frozenset[str], ...]  # the stems of each single name, its proper one first
    fits: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    goods: tuple[_Word, ...]
    wanted: Wanted
    vehicle: tuple[_Word, ...]
    unknown: tuple[_Word, ...]

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(word.stem for word in self.goods)


class Catalogue:
    """An index over the products' words. `prepare` gives aliases and questions their canonical form.

    What `is_word` is no slip of another word, unless its neighbour says so: "bumper" is no jumper cable.
    """

    def __init__(
        self,
        products: Sequence[Product],
        *,
        prepare: Callable[[str], str] = str,
        is_word: Callable[[str], bool] = lambda _word: False,
    ) -> None:
        self._prepare = prepare
        self._is_word = is_word
        self._items = {product.sku: self._item(product) for product in products}
        self._fitment = Fitment(
            [item.calls[0] for item in self._items.values()], [item.fits for item in self._items.values()]
        )
        # A SKU of letters or digits alone may be a word or a count in a message.
        self._codes = {
            key.casefold(): sku for sku in self._items if not (key := code_key(sku)).isalpha() and not key.isdigit()
        }
        counts = Counter(stem for item in self._items.values() for stem in item.own)
        # Inverse document frequency: what few products are called tells more.
        self._weights = {stem: log(1 + len(products) / count) for stem, count in counts.items()}
        self._vocabulary = frozenset(self._weights) | self._fitment.words
        proper = frozenset().union(*(item.calls[0] for item in self._items.values()))
        # An owner lists misspelt vehicles among the aliases ("splender"): they are to be read as the vehicle.
        self._alias_only = self._vocabulary - proper - self._fitment.words
        self._spellings = sorted(filter(_can_be_misspelt, self._vocabulary))
        self._vehicle_spellings = sorted(filter(_can_be_misspelt, self._fitment.words))
        self._pairs = {pair for product in products for text in _texts(product) for pair in pairwise(stems(text))}

    def find(self, text: str, *, named: Mapping[str, str]) -> Found:
        """The products meant. `named` gives SKUs that entities of the message (or of the one before) stand for, each
        with its words; they count unless the message's own words speak against them.
        """
        text = text[:MAX_QUERY_CHARS]
        if coded := self._coded(text):
            return Found(coded)
        prepared = self._prepare(text)
        question = self._read(prepared, said=" ".join(named.values()))
        if another := self._another_thing(prepared, question):
            return Found(goods=another)
        chosen = [self._items[sku] for sku in named if sku in self._items]
        chosen = self._not_contradicted(self._suiting(chosen, question.wanted), question)
        covering = [] if chosen else self._covering(question)
        matching = chosen or self._suiting(covering, question.wanted)
        goods, unknown = _joined(question.goods), _joined(question.unknown)
        lost = not question.wanted.models and self._all_specific(matching or covering)
        if unknown and (lost or not (goods or chosen)):
            if len(question.unknown) > MAX_NAME_WORDS:
                return Found(unread=True)
            return Found(goods=goods or unknown, vehicle=unknown if goods else "")
        if matching:
            return Found(tuple(item.sku for item in self._ranked(matching, question)), goods)
        if covering:
            return Found(goods=goods, vehicle=_joined(question.vehicle))
        return Found(goods=goods)

    def _item(self, product: Product) -> _Item:
        calls = [frozenset(stems(text)) for text in (product.name, *product.aliases)]
        calls += [frozenset(stems(self._prepare(text))) for text in product.aliases]
        others = stems(" ".join((product.brand, product.category, product.sku)))
        fits = tuple(map(read_entry, product.fits))
        return _Item(product.sku, frozenset().union(*calls, others), tuple(calls), fits)

    def _coded(self, text: str) -> tuple[str, ...]:
        """The SKUs that a message spells out."""
        return tuple(dict.fromkeys(self._codes[word] for word in words(text) if word in self._codes))

    # -- reading the question --------------------------------------------------------------------------------------

    def _read(self, text: str, *, said: str) -> _Question:
        """Sort the words of a prepared question. `said` are words that are known to name a product already."""
        found = self._mended(text)
        wanted = self._fitment.wanted([word.stem for word in found])
        named = {*stems(said), *stems(self._prepare(said))}
        goods = [word for word in found if word.stem in self._weights and word.stem not in wanted.words]
        known = self._vocabulary | wanted.words | named
        strange = [word for word in found if word.stem not in known and not word.stem.isdigit()]
        unknown = [word for word in strange if word.text not in PLAIN]
        vehicle = [word for word in found if word.stem in wanted.words]
        return _Question(tuple(goods), wanted, tuple(vehicle), tuple(unknown))

    def _mended(self, text: str) -> list[_Word]:
        """The words that may say what is wanted, in the catalogue's own spelling where they come close to it."""
        kept = [_Word(w, s) for w, s in zip(words(text), stems(text), strict=True) if w not in FILLER]
        kept = list(self._joined_up(kept))
        kept = [part for word in kept for part in self._parted(word)]
        return [self._without_typo(*each) for each in _with_neighbours(list(self._without_counts(kept)))]

    def _joined_up(self, found: Sequence[_Word]) -> Iterator[_Word]:
        """Write "wagon r" as "wagonr" where the catalogue does."""
        rest = list(found)
        while rest:
            word = rest.pop(0)
            if rest and (both := word.text + rest[0].text) in self._vocabulary:
                rest.pop(0)
                word = _Word(both, both)
            yield word

    def _parted(self, word: _Word) -> list[_Word]:
        """Write "alto800" as "alto 800" where the catalogue does."""
        parts = _LETTERS_OR_DIGITS.findall(word.stem)
        if word.stem in self._vocabulary or not set(parts) <= self._vocabulary:
            return [word]
        return [_Word(part, part) for part in parts]

    def _without_counts(self, found: Sequence[_Word]) -> Iterator[_Word]:
        """Leave out bare numbers that are no part of a name: in "10 clutch plates" they count, in "pulsar 150" not."""
        for before, word, after in _with_neighbours(found):
            in_name = self._is_pair(before, word.stem, after)
            in_name |= self._fitment.is_model_number(before, word.stem)
            if in_name or not word.stem.isdigit() or len(word.stem) == _YEAR_DIGITS:
                yield word

    def _without_typo(self, before: str, word: _Word, after: str) -> _Word:
        alias_only = word.stem in self._alias_only
        if not _can_be_misspelt(word.stem) or (word.stem in self._vocabulary and not alias_only):
            return word
        targets = self._vehicle_spellings if alias_only else self._spellings
        cutoff = _LONG_TYPO_SCORE if len(word.stem) >= _LONG_CHARS else _TYPO_SCORE
        close = process.extractOne(word.stem, targets, scorer=fuzz.ratio, score_cutoff=cutoff)
        if close is None or (self._is_word(word.text) and not self._is_pair(before, close[0], after)):
            return word
        return _Word(word.text, close[0])

    def _is_pair(self, before: str, stem: str, after: str) -> bool:
        """Whether a word stands beside one of its neighbours in the catalogue too."""
        return not {(before, stem), (stem, after)}.isdisjoint(self._pairs)

    def _another_thing(self, text: str, question: _Question) -> str:
        """The name of something of which the catalogue knows one word alone: "seat belt" is no fan belt."""
        if len(question.stems) != 1:
            return ""
        goods = {word.text for word in question.goods}
        strange = {word.text for word in question.unknown if self._is_word(word.text)}
        pairs = pairwise(words(text))
        return next((" ".join(pair) for pair in pairs if goods & {*pair} and strange & {*pair}), "")

    # -- choosing --------------------------------------------------------------------------------------------------

    def _covered(self, item: _Item, question: _Question) -> frozenset[str]:
        return question.stems & item.own

    def _weight(self, found: Iterable[str]) -> float:
        return sum(self._weights[stem] for stem in found)

    def _covering(self, question: _Question) -> list[_Item]:
        """The products that have most of the words asked for; all of them where only a vehicle is named."""
        if not question.goods:
            return list(self._items.values()) if question.wanted.names else []
        covered = {sku: self._weight(self._covered(item, question)) for sku, item in self._items.items()}
        most = max(covered.values(), default=0.0)
        if most < MIN_COVERAGE * self._weight(question.stems):
            return []
        return [item for sku, item in self._items.items() if covered[sku] >= most - 1e-9]

    def _suiting(self, items: Sequence[_Item], wanted: Wanted) -> list[_Item]:
        """Those that fit the vehicle; where some are listed for it, those listed for everything are left out."""
        suits = [(item, self._fitment.suits(item.fits, item.own, wanted)) for item in items]
        listed = [item for item, answer in suits if answer == "yes"]
        return listed or [item for item, answer in suits if answer == "maybe"]

    def _not_contradicted(self, items: Sequence[_Item], question: _Question) -> list[_Item]:
        """Those that have every word which a better one among them, or in the catalogue, has."""
        rivals = [*items, *self._suiting(self._covering(question), question.wanted)] if question.goods else items
        covered = [self._covered(rival, question) for rival in rivals]
        return [item for item in items if not any(self._covered(item, question) < other for other in covered)]

    def _all_specific(self, items: Sequence[_Item]) -> bool:
        return all(self._fitment.is_specific(item.fits) for item in items)

    def _ranked(self, items: Sequence[_Item], question: _Question) -> list[_Item]:
        """Closest name first (F1 over stems), then by SKU."""
        said = question.stems | question.wanted.words
        return sorted(items, key=lambda item: (-max(_f1(said, call) for call in item.calls), item.sku))


def _texts(product: Product) -> tuple[str, ...]:
    return (product.name, *product.aliases, *product.fits)


def _with_neighbours(found: Sequence[_Word]) -> Iterator[tuple[str, _Word, str]]:
    """Each word between the stems of those beside it."""
    around = ["", *(word.stem for word in found), ""]
    return zip(around, found, around[2:], strict=False)


def _can_be_misspelt(word: str) -> bool:
    """Whether a word is long enough to be known in spite of a slip."""
    return word.isalpha() and len(word) >= _TYPO_CHARS


def _f1(said: frozenset[str], call: frozenset[str]) -> float:
    return 2 * len(said & call) / (len(said) + len(call)) if said or call else 0.0


def _joined(found: Sequence[_Word]) -> str:
    return " ".join(dict.fromkeys(word.text for word in found))
