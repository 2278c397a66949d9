"""An order for stock in hand: read back with its price, and once confirmed held at exactly that price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from munshi.handlers.base import HandlerError, OutdatedError, Reply, Turn
from munshi.handlers.columns import code_key
from munshi.handlers.delivery import cost_in_words, days_in_words
from munshi.handlers.money import money
from munshi.handlers.options import by_language, text
from munshi.handlers.order_options import PlaceOrderOptions
from munshi.handlers.order_slots import DELIVERY, order_slots
from munshi.handlers.placed_orders import OrderLine, Person, PlacedOrder, keep_order, next_number, series_of
from munshi.handlers.records import Records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import DeliveryArea, Product
from munshi.handlers.stock import hold
from munshi.handlers.tickets import open_ticket


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is ordered, as the records have it now. Sums are in paise; without an `area` it is picked up."""

    product: Product
    count: int
    area: DeliveryArea | None

    @property
    def goods(self) -> int:
        return self.product.price_paise * self.count

    @property
    def delivery(self) -> int | None:
        """None where it hangs on a weight that the records do not have."""
        if self.area is None:
            return 0
        return self.area.charge(self.goods) if self.area.included_kg is None else None

    @property
    def total(self) -> int:
        return self.goods + (self.delivery or 0)


class PlaceOrder:
    """The option `first_number` is the first order number given, in a series of its own; `note` (a text, or one a
    language) is told after the order: how to pay, say.
    """

    options_model = PlaceOrderOptions

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots = order_slots(services, config)
        self._records = services.records
        self._phrases = services.phrases
        self._first_number = text(config, "first_number")
        self._note = by_language(config, "note")
        try:
            series_of(self._first_number)
        except ValueError as error:
            raise HandlerError(f"intent '{config.intent}': options: first_number: {error}; write NAS-90001.") from None

    def summary(self, turn: Turn) -> Reply:
        """Product, price, where to, total, and for whom."""
        wanted = self._wanted(turn, self._records)
        lines = [self._phrases("order_summary", turn.language), *self._lines(turn, wanted)]
        data = {"sku": wanted.product.sku, "price_paise": wanted.product.price_paise, "total_paise": wanted.total}
        return Reply("\n".join(lines), data=data)

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Hold the stock, write the order down, leave a ticket. Raises OutdatedError where other things were shown."""
        wanted = self._wanted(turn, self._records.within(db))
        business, product = self._records.business, wanted.product
        agreed = {"sku": product.sku, "price_paise": product.price_paise, "total_paise": wanted.total}
        if any(turn.shown.get(name) != value for name, value in agreed.items()):
            raise OutdatedError("the price is another one than was confirmed")
        number = next_number(db, business, self._first_number)
        held = hold(
            db, business, code_key(number), code_key(product.sku), wanted.count, price_paise=product.price_paise
        )
        if not held:
            raise OutdatedError("price or stock changed just now")
        order = self._order(turn, wanted, number)
        keep_order(db, business, order)
        ticket = self._tell_owner(turn, wanted, order, db)
        return Reply(self._told(turn, order), data={"order_number": number, "ticket": ticket, **agreed})

    def _wanted(self, turn: Turn, records: Records) -> _Wanted:
        product = records.product(turn.slots["product"])
        if product is None:
            raise OutdatedError(f"{turn.slots['product']} is not in the records any more")
        delivered = turn.slots["how"] == DELIVERY
        area = records.delivery_area(turn.slots["pin_code"]) if delivered else None
        if delivered and area is None:
            raise OutdatedError(f"{turn.slots['pin_code']} is not delivered to any more")
        return _Wanted(product, int(turn.slots["quantity"]), area)

    def _order(self, turn: Turn, wanted: _Wanted, number: str) -> PlacedOrder:
        product, slots = wanted.product, turn.slots
        where = (slots["pin_code"], slots["address"]) if wanted.area is not None else ()
        return PlacedOrder(
            order_number=number,
            session_id=turn.session_id,
            customer_id=turn.customer_id,
            status="placed",
            placed_on=turn.now.astimezone(turn.business.timezone).date(),
            lines=(OrderLine(product.sku, product.name, wanted.count, product.price_paise, product.gst_rate),),
            total_paise=wanted.total,
            delivery_paise=wanted.delivery,
            person=Person(slots["name"], slots["phone"], *where),
        )

    def _tell_owner(self, turn: Turn, wanted: _Wanted, order: PlacedOrder, db: Connection) -> str:
        return open_ticket(
            db,
            business=self._records.business,
            session_id=turn.session_id,
            customer_id=turn.customer_id,
            channel=turn.channel,
            kind="form",
            reason=f"Order {order.order_number}",
            summary="\n".join(self._lines(turn, wanted)),
            form={"order_number": order.order_number, **turn.slots},
        ).reference

    def _told(self, turn: Turn, order: PlacedOrder) -> str:
        total = money(order.total_paise, turn.business.currency)
        done = self._phrases("order_placed", turn.language, number=order.order_number, total=total)
        return "\n".join(filter(None, (done, self._note.get(turn.language) or self._note.get("en", ""))))

    # -- read back -------------------------------------------------------------------------------------------------

    def _lines(self, turn: Turn, wanted: _Wanted) -> Iterator[str]:
        phrases, language, product = self._phrases, turn.language, wanted.product
        price = money(product.price_paise, turn.business.currency)
        yield phrases("order_line", language, name=product.name, sku=product.sku, count=wanted.count, price=price)
        if product.fits:
            yield phrases("order_fits", language, fits=", ".join(product.fits))
        yield from self._delivery_lines(turn, wanted)
        total = money(wanted.total, turn.business.currency)
        gst = phrases("order_with_gst", language, rate=product.gst_rate) if product.gst_rate else ""
        yield phrases("order_total", language, total=f"{total} {gst}".strip())
        yield phrases("order_for", language, name=turn.slots["name"], phone=turn.slots["phone"])

    def _delivery_lines(self, turn: Turn, wanted: _Wanted) -> Iterator[str]:
        phrases, language, area = self._phrases, turn.language, wanted.area
        if area is None:
            yield phrases("order_line_pick_up", language, address=turn.business.address)
            return
        where = f"{turn.slots['address']}, {turn.slots['pin_code']} ({area.area})"
        cost = cost_in_words(phrases, turn, area, wanted.goods)
        yield phrases("order_line_delivery", language, where=where, cost=cost, days=days_in_words(phrases, turn, area))
        if wanted.delivery is None:
            yield phrases("order_delivery_apart", language)
