"""Whose an order is: of the chat that placed it, or of whoever knows its number and the phone number on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from munshi.handlers.base import Button, Phrases, Slot, SlotError, SlotSpec, Turn
from munshi.handlers.phones import to_e164
from munshi.handlers.records import Records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Order
from munshi.handlers.slots import build, own_or

NOT_NEEDED = "-"

Check = Callable[[Order, Turn], None]
"""Raises SlotError where nothing (more) can be done about an order, with the reason."""


def order_slots(services: Services, config: HandlerConfig, check: Check, *, always: bool = False) -> tuple[Slot, Slot]:
    """The order and the phone number on it. `always` asks for that of the chat's own orders too."""
    number = build(own_or(config.slots, SlotSpec("order_number", "order_number")), services.phrases)
    spec = SlotSpec("phone", "phone", services.phrases.all("ask_phone_on_order"))
    phone = build(own_or(config.slots, spec), services.phrases)
    records = services.records
    return (
        replace(number, choose=_WhichOrder(records, services.phrases, number, check)),
        replace(phone, choose=_PhoneOnOrder(records, phone, always)),
    )


def order_of(records: Records, turn: Turn) -> Order | None:
    """The order that a filled turn is about, if it is (still) there and proven to be the customer's."""
    order = records.order(turn.slots["order_number"])
    phone = turn.slots["phone"]
    if order is None:
        return None
    proven = _is_own(records, turn, order) if phone == NOT_NEEDED else _is_phone_of(order, phone)
    return order if proven else None


@dataclass(frozen=True, slots=True)
class _WhichOrder:
    """One that is there and that something can be done about: the chat's own are offered."""

    records: Records
    phrases: Phrases
    slot: Slot
    check: Check

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if not said:
            own = self.records.orders_of_chat(turn.session_id, turn.customer_id)
            return tuple(Button(order.order_number) for order in own if self._can_be(order, turn))
        number = self.slot.validate(said)
        order = self.records.order(number)
        if order is None:
            raise SlotError("order_not_found", number=number)
        self.check(order, turn)
        return (Button(order.order_number),)

    def _can_be(self, order: Order, turn: Turn) -> bool:
        try:
            self.check(order, turn)
        except SlotError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _PhoneOnOrder:
    """The phone number on the order; not needed in the chat that placed it."""

    records: Records
    slot: Slot
    always: bool

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        order = self.records.order(turn.slots.get("order_number", ""))
        if not self.always and order is not None and _is_own(self.records, turn, order):
            return (Button(said or NOT_NEEDED),) if said in ("", NOT_NEEDED) else (Button(self.slot.validate(said)),)
        if not said:
            return ()
        phone = self.slot.validate(said)
        if order is not None and not _is_phone_of(order, phone):
            raise SlotError("order_other_phone")
        return (Button(phone),)


def _is_own(records: Records, turn: Turn, order: Order) -> bool:
    own = records.orders_of_chat(turn.session_id, turn.customer_id)
    return any(order.order_number == each.order_number for each in own)


def _is_phone_of(order: Order, phone: str) -> bool:
    try:
        return to_e164(order.phone) == phone
    except ValueError:
        return False
