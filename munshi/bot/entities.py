"""What a message names: codes, e-mails, phones, days, money, percentages, terms, counts, PIN codes and products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from munshi.bot import dates
from munshi.bot.amounts import find_measures, quantities_before
from munshi.bot.codes import CodeFinder
from munshi.bot.contacts import find_emails, find_phones, find_pin_codes
from munshi.bot.gloss import Piece
from munshi.bot.products import ProductFinder
from munshi.bot.spans import Ambiguity, Span
from munshi.bot.spelling import Word
from munshi.handlers.base import Language


@dataclass(frozen=True, slots=True)
class Heard:
    """A message on its way to being understood: clean text, mended words, and what they mean in English.

    `language` is the one it shows, None where it shows none.
    """

    text: str
    language: Language | None
    words: Sequence[Word]
    pieces: Sequence[Piece]


class EntityFinder:
    """Finds entities; where two claim the same characters, the surer kind has them."""

    def __init__(self, codes: CodeFinder, products: ProductFinder) -> None:
        self._codes = codes
        self._products = products

    def find(
        self, heard: Heard, today: date, private: Sequence[Span], *, hindi: bool
    ) -> tuple[list[Span], list[Ambiguity]]:
        """The entities of a message in their order, and what among them can be read in two ways.

        `private` are the numbers that identify a person: no amount, day or place is read into them. `hindi` tells that
        the chat is in Hindi or Hinglish.
        """
        text, tokens = heard.text, [word.token for word in heard.words]
        found: list[Span] = []
        for surest in (self._codes.find(text, tokens), find_emails(text), find_phones(text)):
            _add(found, surest)
        days = dates.find_dates(text, tokens, today, hindi=hindi)
        _add(found, _outside(private, [day.span for day in days]))
        _add(found, _outside(private, find_measures(tokens, hindi=hindi)))
        products = self._products.find(heard.words, heard.pieces, found)
        _add(found, _outside(private, quantities_before(tokens, [span.start for span in products])))
        _add(found, _outside(private, find_pin_codes(text)))
        found += _outside(found, products)
        kept = set(found)
        doubts = dates.ambiguities([day for day in days if day.span in kept])
        return sorted(found, key=lambda span: (span.start, span.end, span.value)), [*doubts, *_products_in_doubt(found)]


def _outside(taken: Sequence[Span], spans: Iterable[Span]) -> list[Span]:
    return [span for span in spans if not any(map(span.overlaps, taken))]


def _add(found: list[Span], spans: Iterable[Span]) -> None:
    for span in spans:
        if not any(map(span.overlaps, found)):
            found.append(span)


def _products_in_doubt(found: Sequence[Span]) -> list[Ambiguity]:
    places: dict[tuple[int, int], list[str]] = {}
    for span in found:
        if span.kind == "product":
            places.setdefault((span.start, span.end), []).append(span.value)
    return [Ambiguity("product", "", start, end, tuple(skus)) for (start, end), skus in places.items() if len(skus) > 1]
