"""A list of goods as customers write it: "10 oil filter aur 4 brake pad"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from munshi.handlers.base import Button, SlotError, Turn
from munshi.handlers.records import Records
from munshi.handlers.rows import Product
from munshi.handlers.words import FILLER

MOST_ITEMS = 20
MOST_PIECES = 5_000

_BETWEEN = re.compile(r"\s*(?:[,;\n&+]|\b(?:and|aur|plus)\b|(?<!\S)(?:और|तथा)(?!\S))\s*", re.IGNORECASE)
_UNIT = r"(?:x|×|pcs?|pieces?|piece|nos?|units?|sets?|pairs?|cans?|bottles?|पीस)"
_FIRST = re.compile(rf"(?P<count>\d{{1,6}})(?:\s*{_UNIT}(?!\w))?\s*(?:of\s+)?(?P<words>.*)", re.IGNORECASE | re.DOTALL)
_LAST = re.compile(rf"(?P<words>.*?\D)(?:\s*[x×-])?\s*(?P<count>\d{{1,6}})\s*{_UNIT}?", re.IGNORECASE | re.DOTALL)
_ASKING = frozenset(
    """
    quotation quotations quote quotes estimate bulk wholesale thok banao bhejo
    कोटेशन थोक भाव बनाइए भेजिए
    """.split()
)


@dataclass(frozen=True, slots=True)
class Item:
    """So many of something: a product of the records where the words name one, else the customer's words."""

    count: int
    words: str
    product: Product | None = None

    @property
    def kept(self) -> str:
        """As it is kept in a slot: read again, it is the same."""
        return f"{self.count} {self.product.sku if self.product else self.words}"


@dataclass(frozen=True, slots=True)
class WhichItems:
    """`Slot.choose` of a list of goods with their counts."""

    records: Records

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        """The list in the form in which it is kept. Raises SlotError where it holds no goods, or a count is missing."""
        if not said:
            return self._offered(turn)
        items = tuple(self.read(said))
        if not items or len(items) > MOST_ITEMS:
            raise SlotError("quote_unread", most=MOST_ITEMS)
        for item in items:
            if not 0 < item.count <= MOST_PIECES:
                name = item.product.name if item.product else item.words
                raise SlotError("quote_how_many", goods=name, most=MOST_PIECES)
        return (Button("; ".join(item.kept for item in items)),)

    def _offered(self, turn: Turn) -> tuple[Button, ...]:
        try:
            return self(turn, turn.text) if any(char.isdigit() for char in turn.text) else ()
        except SlotError:
            return ()

    def read(self, text: str) -> Iterator[Item]:
        """The items of a list; a count of 0 where none was given."""
        for part in _BETWEEN.split(text):
            words, count = _counted(part.strip())
            told = _telling(words)
            known = self.records.product(words.strip()) if words.strip() else None
            if known is not None:
                yield Item(count, known.name, known)
            elif told:
                skus = self.records.search_products(told).skus
                product = self.records.product(skus[0]) if len(skus) == 1 else None
                yield Item(count, told, product)


def _counted(part: str) -> tuple[str, int]:
    for pattern in (_FIRST, _LAST):
        found = pattern.fullmatch(part)
        if found is not None and found["words"].strip():
            return found["words"].strip(), int(found["count"])
    found = _FIRST.search(part)
    if found is not None and found["words"].strip():
        return found["words"].strip(), int(found["count"])
    return part, 0


def _telling(words: str) -> str:
    """The words that name goods."""
    kept = [word for word in re.findall(r"[\w./-]+", words) if word.casefold() not in FILLER | _ASKING]
    return " ".join(kept)[:120]
