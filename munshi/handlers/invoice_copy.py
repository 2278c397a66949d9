"""A copy of an order's bill, from the records alone, for whoever knows its number and the phone number on it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from munshi.handlers.base import Reply, SlotError, Turn
from munshi.handlers.money import money
from munshi.handlers.order_status import items_in_words, not_found, person_button
from munshi.handlers.own_orders import order_of, order_slots
from munshi.handlers.placed_orders import OrderLine, PlacedOrder
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Order
from munshi.handlers.when import day


class InvoiceCopy:
    """Prices by the piece and GST stand in it where the record of the order has them, which only the chat's own do."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots = order_slots(services, config, self._check, always=True)
        self._records = services.records
        self._phrases = services.phrases

    def _check(self, order: Order, _turn: Turn) -> None:
        if order.status == "cancelled":
            raise SlotError("return_order_cancelled", number=order.order_number)

    def answer(self, turn: Turn) -> Reply:
        """The bill; nothing of it where the order is not proven to be the customer's."""
        order = order_of(self._records, turn)
        if order is None:
            return not_found(self._phrases, turn.language, turn.slots["order_number"])
        placed = self._records.placed_order(order.order_number)
        # What the books have changed since is in the books alone.
        detailed = placed if placed is not None and placed.total_paise == order.total_paise else None
        text = "\n".join(self._lines(turn, order, detailed))
        return Reply(text, (person_button(self._phrases, turn.language),), data={"order_number": order.order_number})

    def _lines(self, turn: Turn, order: Order, placed: PlacedOrder | None) -> Iterator[str]:
        shop, phrases, language = turn.business, self._phrases, turn.language
        yield phrases("invoice_head", language, number=order.order_number, date=day(order.placed_on))
        yield f"{shop.name}, {shop.address}, {shop.phone}"
        if placed is None:
            yield phrases("order_items", language, items=items_in_words(self._records, order.items))
        else:
            yield from (self._line(turn, line) for line in placed.lines)
            if placed.delivery_paise:
                yield phrases("invoice_delivery", language, charge=money(placed.delivery_paise, shop.currency))
        if order.total_paise is not None:
            yield phrases("order_total", language, total=money(order.total_paise, shop.currency))
        yield phrases("invoice_note", language)

    def _line(self, turn: Turn, line: OrderLine) -> str:
        phrases, currency = self._phrases, turn.business.currency
        total = line.count * line.unit_paise
        text = phrases(
            "quote_line",
            turn.language,
            count=line.count,
            name=line.name,
            sku=line.sku,
            price=money(line.unit_paise, currency),
            sum=money(total, currency),
        )
        if line.gst_rate is None:
            return text
        gst = money(gst_included(total, line.gst_rate), currency)
        return f"{text} {phrases('invoice_gst', turn.language, rate=line.gst_rate, gst=gst)}"


def gst_included(total_paise: int, rate: str) -> int:
    """The GST in a price that includes it, in paise, halves up: total × rate / (100 + rate)."""
    share = Decimal(total_paise) * Decimal(rate) / (100 + Decimal(rate))
    return int(share.quantize(Decimal(1), ROUND_HALF_UP))
