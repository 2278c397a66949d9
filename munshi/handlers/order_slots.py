"""What an order in the chat must know: which product, how many, delivered where or picked up, and by whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from munshi.handlers.base import Button, Choose, Phrases, Slot, SlotError, SlotSpec, Turn
from munshi.handlers.records import Records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.slots import build, own_or
from munshi.handlers.which_product import WhichProduct

MOST_PIECES = Decimal(50)
"""More pieces than these are a matter for a quotation, unless the pack says otherwise."""

DELIVERY, PICK_UP = "delivery", "pickup"
NOT_NEEDED = "-"
"""What stands in a slot that this order does not need."""


def order_slots(services: Services, config: HandlerConfig) -> tuple[Slot, ...]:
    """The slots of an order, in the order in which they are asked for.

    A pack's own version of one has its prompt, its pattern and its bounds.
    """
    phrases, records = services.phrases, services.records

    def own(spec: SlotSpec) -> Slot:
        return build(own_or(config.slots, spec), phrases)

    def choosing(spec: SlotSpec, choose: Choose) -> Slot:
        return replace(own(spec), choose=choose)

    quantity = own(SlotSpec("quantity", "quantity", minimum=Decimal(1), maximum=MOST_PIECES))
    pin = own(SlotSpec("pin_code", "pin_code", phrases.all("order_ask_pin")))
    address = own(SlotSpec("address", "text", phrases.all("order_ask_address")))
    product = SlotSpec("product", "product", phrases.all("order_ask_product"))
    return (
        choosing(product, WhichProduct(records, phrases)),
        replace(quantity, choose=_Quantity(records, quantity)),
        Slot("how", "choice", phrases.all("order_ask_how"), choose=_How(records, phrases)),
        replace(pin, choose=_PinCode(records, pin)),
        replace(address, choose=_Address(address)),
        own(SlotSpec("name", "name")),
        own(SlotSpec("phone", "phone")),
    )


@dataclass(frozen=True, slots=True)
class _Quantity:
    """As many as the pack allows and as are free."""

    records: Records
    slot: Slot

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if not said:
            return ()
        count = self.slot.validate(said)
        product = self.records.product(turn.slots.get("product", ""))
        if product is not None and product.stock < int(count):
            raise SlotError("order_stock_short", count=product.stock, name=product.name)
        return (Button(count),)


@dataclass(frozen=True, slots=True)
class _How:
    """Delivered or picked up; whoever gives a PIN code wants a delivery, and without areas there is none."""

    records: Records
    phrases: Phrases

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        delivers = bool(self.records.delivery_areas())
        ways = [Button(self.phrases(f"order_{way}", turn.language), way) for way in (DELIVERY, PICK_UP)]
        if not delivers or (not said and turn.slots.get("pin_code", NOT_NEEDED) != NOT_NEEDED):
            ways = ways[not delivers :][:1]
        if not said:
            return tuple(ways)
        wanted = tuple(way for way in ways if said.casefold() in (way.value, way.label.casefold()))
        if not wanted:
            raise SlotError("slot_invalid_choice", choices=", ".join(way.label for way in ways))
        return wanted


@dataclass(frozen=True, slots=True)
class _PinCode:
    """One that the shop delivers to, and delivers this product to; none where the order is picked up."""

    records: Records
    slot: Slot

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if turn.slots.get("how") == PICK_UP:
            return (Button(said or NOT_NEEDED),)
        if not said:
            return ()
        pin = self.slot.validate(said)
        area = self.records.delivery_area(pin)
        if area is None:
            raise SlotError("delivery_not_there", pin=pin)
        product = self.records.product(turn.slots.get("product", ""))
        if product is not None and product.category in area.not_sent:
            raise SlotError("delivery_not_of_this", name=product.name, area=area.area)
        return (Button(pin),)


@dataclass(frozen=True, slots=True)
class _Address:
    """Where in the place of the PIN code; nothing where the order is picked up."""

    slot: Slot

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if turn.slots.get("how") == PICK_UP:
            return (Button(said or NOT_NEEDED),)
        if said == NOT_NEEDED:
            raise SlotError("slot_invalid_text")
        return (Button(self.slot.validate(said)),) if said else ()
