"""A copy of an order's bill, in words and as a PDF, for whoever knows its number and the phone number on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from munshi.handlers.base import Reply, SlotError, Turn
from munshi.handlers.invoice_pdf import Bill, BillLine, invoice_pdf
from munshi.handlers.money import money
from munshi.handlers.order_status import items_in_words, not_found, person_button
from munshi.handlers.own_orders import order_of, order_slots
from munshi.handlers.placed_orders import OrderLine, PlacedOrder
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.reply_file import PDF, ReplyFile
from munshi.handlers.rows import Order
from munshi.handlers.when import day


class InvoiceCopy:
    """From the records alone: prices by the piece and GST are those of the order, which only the chat's own have.

    A column `hsn` of the products' file goes on the PDF; of the phone number there are the last four digits.
    """

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
        return Reply(
            text,
            (person_button(self._phrases, turn.language),),
            attachments=(self._file(turn, order, detailed),),
            data={"order_number": order.order_number},
        )

    def _file(self, turn: Turn, order: Order, placed: PlacedOrder | None) -> ReplyFile:
        currency = turn.business.currency
        bill = Bill(
            shop=turn.business,
            number=order.order_number,
            placed_on=order.placed_on,
            customer=tuple(_customer(order, placed)),
            lines=tuple(self._printed(order, placed, currency)),
            sums=tuple(_sums(order, placed, currency)),
            note=self._phrases("invoice_note", "en"),
        )
        name = re.sub(r"[^A-Za-z0-9-]+", "-", order.order_number)
        title = self._phrases("invoice_file", turn.language)
        return ReplyFile.of(invoice_pdf(bill), name=f"bill-{name}.pdf", title=title, mime_type=PDF)

    def _printed(self, order: Order, placed: PlacedOrder | None, currency: str) -> Iterator[BillLine]:
        if placed is None:
            for item in order.items:
                yield BillLine(items_in_words(self._records, (item,)))
            return
        for line in placed.lines:
            product = self._records.product(line.sku)
            total = line.count * line.unit_paise
            yield BillLine(
                item=f"{line.name} ({line.sku})",
                hsn=product.extra.get("hsn", "") if product else "",
                count=str(line.count),
                rate=money(line.unit_paise, currency),
                gst=f"{line.gst_rate}%: {money(gst_included(total, line.gst_rate), currency)}" if line.gst_rate else "",
                amount=money(total, currency),
            )

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


def _customer(order: Order, placed: PlacedOrder | None) -> Iterator[str]:
    if placed is not None and placed.person is not None and placed.person.name:
        yield f"Customer: {placed.person.name}"
    if order.phone:
        yield f"Phone: XXXXXX{order.phone[-4:]}"


def _sums(order: Order, placed: PlacedOrder | None, currency: str) -> Iterator[tuple[str, str]]:
    if placed is not None and placed.delivery_paise:
        yield "Delivery", money(placed.delivery_paise, currency)
    if order.total_paise is not None:
        yield "Total", money(order.total_paise, currency)


def gst_included(total_paise: int, rate: str) -> int:
    """The GST in a price that includes it, in paise, halves up: total × rate / (100 + rate)."""
    share = Decimal(total_paise) * Decimal(rate) / (100 + Decimal(rate))
    return int(share.quantize(Decimal(1), ROUND_HALF_UP))
