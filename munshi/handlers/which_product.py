"""Which product a customer means who wants to have it: one, a few to choose from, or the reason why none."""

from __future__ import annotations

from dataclasses import dataclass

from munshi.handlers.base import Button, Phrases, SlotError, Turn
from munshi.handlers.catalogue import Found
from munshi.handlers.records import Records

MOST_OFFERED = 6
"""Of more products that fit, the customer is asked for the vehicle rather than to choose."""

_LOOKED_BACK = 3


@dataclass(frozen=True, slots=True)
class WhichProduct:
    """`Slot.choose` of a product that is in stock; the value kept is its SKU."""

    records: Records
    phrases: Phrases

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        """The products meant that can be had. Raises SlotError where there are none, or too many to choose from."""
        if not said:
            return self._offered(turn)
        known = self.records.product(said)
        skus = (known.sku,) if known is not None else self._search(turn, said)
        found = self.records.products(skus)
        free = [product for product in found if product.stock > 0]
        if not free:
            raise SlotError("order_out_of_stock", name=found[0].name)
        if len(free) > MOST_OFFERED:
            raise SlotError("order_which_vehicle", count=len(free))
        return tuple(Button(product.name, product.sku) for product in free)

    def _offered(self, turn: Turn) -> tuple[Button, ...]:
        """What the message as a whole names, though no words of it were made out as a product."""
        try:
            return self(turn, turn.text) if turn.text.strip() else ()
        except SlotError:
            return ()

    def _search(self, turn: Turn, said: str) -> tuple[str, ...]:
        """SKUs for the customer's words, narrowed by the message that they stand in and by what was said before it."""
        found = self.records.search_products(said)
        best = found.skus
        for around in (turn.text, *(f"{past.text} {said}" for past in reversed(turn.history[-_LOOKED_BACK:]))):
            if len(best) == 1 or around == said:
                continue
            together = self.records.search_products(around).skus
            best = tuple(sku for sku in together if sku in best) or best
        if not best:
            raise self._unknown(found)
        return best

    def _unknown(self, found: Found) -> SlotError:
        if found.vehicle:
            return SlotError("product_not_for", goods=found.goods, vehicle=found.vehicle)
        if found.goods:
            return SlotError("product_unknown", goods=found.goods)
        return SlotError("slot_invalid_product")
