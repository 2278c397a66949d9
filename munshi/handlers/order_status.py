"""Where an order is, from the order records and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from munshi.handlers.base import CALL_PERSON, Button, Phrases, Reply, SlotSpec, Turn
from munshi.handlers.records import Records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Order
from munshi.handlers.slots import build, own_or
from munshi.handlers.when import day

ON_THE_WAY = frozenset({"placed", "packed", "shipped", "out_for_delivery", "delayed"})

_ITEM = re.compile(r"(?P<sku>\S+)\s*(?:x|×|\*)\s*(?P<count>\d+)", re.IGNORECASE)


class OrderStatus:
    """Never guesses: an unknown number is said to be unknown, and nothing personal is told."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._services = services
        self.slots = (build(own_or(config.slots, SlotSpec("order_number", "order_number")), services.phrases),)

    def answer(self, turn: Turn) -> Reply:
        """The order's status, expected day, items and courier."""
        number = turn.slots["order_number"]
        order = self._services.records.order(number)
        if order is None:
            return not_found(self._services.phrases, turn.language, number)
        lines = self._lines(order, turn.language, turn.now.date())
        late = order.status in ON_THE_WAY and order.expected_on is not None and order.expected_on < turn.now.date()
        buttons = (person_button(self._services.phrases, turn.language),) if late or order.status == "delayed" else ()
        return Reply("\n".join(lines), buttons, data=told(order))

    def _lines(self, order: Order, language: str, today: date) -> Iterator[str]:
        phrases = self._services.phrases
        status = phrases(f"order_status_{order.status}", language)
        yield phrases("order_headline", language, number=order.order_number, status=status)
        if order.expected_on is not None and order.status in ON_THE_WAY:
            key = "order_overdue" if order.expected_on < today else "order_expected"
            yield phrases(key, language, date=day(order.expected_on))
        yield phrases("order_items", language, items=items_in_words(self._services.records, order.items))
        if order.courier and order.tracking:
            yield phrases("order_courier_tracking", language, courier=order.courier, tracking=order.tracking)
        elif order.courier:
            yield phrases("order_courier", language, courier=order.courier)


def items_in_words(records: Records, items: Iterable[str]) -> str:
    """Write "BRK-201 x2" as "Front brake pad set × 2"; what is no SKU of the list stays as it is."""
    return ", ".join(_item_in_words(records, item) for item in items)


def _item_in_words(records: Records, item: str) -> str:
    match = _ITEM.fullmatch(item)
    product = records.product(match["sku"] if match else item)
    if product is None:
        return item
    return f"{product.name} × {match['count']}" if match else product.name


def not_found(phrases: Phrases, language: str, number: str) -> Reply:
    """No order has this number."""
    text = phrases("order_not_found", language, number=number)
    return Reply(text, (person_button(phrases, language),), data={"order_number": number, "found": False})


def person_button(phrases: Phrases, language: str) -> Button:
    """The button that calls a person."""
    return Button(phrases("offer_person_button", language), CALL_PERSON)


def told(order: Order) -> dict[str, object]:
    """What of an order may be told, for machines."""
    return {
        "order_number": order.order_number,
        "found": True,
        "status": order.status,
        "expected_on": order.expected_on.isoformat() if order.expected_on else None,
    }
