"""Orders that were placed in a chat. They stay when the shop's own orders.csv is taken up anew.

Once an order stands in that file, the file says how it is with it; see `stock` for when its hold on the stock ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Date,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    case,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from munshi.handlers.base import HandlerError
from munshi.handlers.columns import code_key
from munshi.handlers.personal import ALIAS, ERASED, NOT_PERSONAL, Rows, of_customers
from munshi.handlers.rows import Order
from munshi.handlers.sealing import Sealer, new_sealer, sealers
from munshi.handlers.stock import holding, release
from munshi.handlers.tables import UtcDateTime, metadata, orders

placed_orders = Table(
    "placed_orders",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),  # the order number as `code_key` spells it
    Column("order_number", String(120), nullable=False),
    Column("session_id", String(200), nullable=False, index=True),
    Column("customer_id", String(200), index=True),
    Column("status", String(40), nullable=False),
    Column("placed_on", Date, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("total_paise", BigInteger, nullable=False),
    Column("delivery_paise", BigInteger),  # what of the total is for delivery; null where it is told later
    Column("person", Text, nullable=False),  # sealed JSON: name, phone, PIN code, address
    Column("updated_at", UtcDateTime(), nullable=False),
    info=of_customers(
        Rows(
            "orders placed",
            chat="session_id",
            customer="customer_id",
            sealed_json=("person",),
            blank={"session_id": ALIAS, "customer_id": None, "person": ERASED},  # what was sold stays in the books
        )
    ),
)

order_counters = Table(
    "order_counters",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("series", String(120), primary_key=True),
    Column("last", Integer, nullable=False),
    info=NOT_PERSONAL,
)

CANCELLABLE = ("placed", "packed")
"""An order that was not sent yet."""
SENT = ("shipped", "out_for_delivery", "delivered", "returned")
_NUMBER = re.compile(r"(?P<series>.*?)(?P<digits>[0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Pieces of one product at the price that was confirmed. `gst_rate` is in percent and included."""

    sku: str
    name: str
    count: int
    unit_paise: int
    gst_rate: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Who ordered. The phone is in E.164; without a PIN code the order is picked up."""

    name: str
    phone: str
    pin_code: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order of the chat. `person` is None where the chat was erased; `total_paise` includes `delivery_paise`."""

    order_number: str
    session_id: str
    customer_id: str | None
    status: str
    placed_on: date
    lines: tuple[OrderLine, ...]
    total_paise: int
    delivery_paise: int | None
    person: Person | None

    @property
    def as_order(self) -> Order:
        """The order as the shop's file would have it."""
        return Order(
            order_number=self.order_number,
            status=self.status,
            placed_on=self.placed_on,
            expected_on=None,
            items=tuple(f"{line.sku} x{line.count}" for line in self.lines),
            total_paise=self.total_paise,
            phone=self.person.phone if self.person else "",
            courier="",
            tracking="",
            city="",
            extra={},
            in_books=False,
        )


def series_of(first_number: str) -> tuple[str, str]:
    """The part before the digits at the end, and the digits. Raises ValueError where there are none."""
    found = _NUMBER.fullmatch(first_number)
    if found is None:
        raise ValueError("it does not end in digits")
    return found["series"], found["digits"]


def next_number(db: Connection, business: str, first_number: str) -> str:
    """A number that no order has: `first_number`, or the one after the last that was given in its series.

    Raises HandlerError where the series is used up.
    """
    series, digits = series_of(first_number)
    while True:
        number = _count(db, business, series, int(digits))
        if len(str(number)) > len(digits):
            raise HandlerError(f"The order numbers from {first_number} on are used up: give a new `first_number`.")
        order_number = f"{series}{number:0{len(digits)}d}"
        if not _is_taken(db, business, code_key(order_number)):
            return order_number


def _count(db: Connection, business: str, series: str, first: int) -> int:
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    after = order_counters.c.last + 1
    made = dialect.insert(order_counters).values(business=business, series=series, last=first)
    counted = made.on_conflict_do_update(
        index_elements=["business", "series"], set_={"last": case((after < first, first), else_=after)}
    )
    return int(db.execute(counted.returning(order_counters.c.last)).scalar_one())


def _is_taken(db: Connection, business: str, key: str) -> bool:
    return any(
        db.execute(select(table.c.key).where(table.c.business == business, table.c.key == key)).first()
        for table in (orders, placed_orders)
    )


def keep_order(db: Connection, business: str, order: PlacedOrder) -> None:
    """Write a new order down, inside the caller's transaction."""
    sealing = new_sealer(db, business, order.session_id)
    db.execute(
        insert(placed_orders).values(
            business=business,
            key=code_key(order.order_number),
            order_number=order.order_number,
            session_id=order.session_id,
            customer_id=order.customer_id,
            status=order.status,
            placed_on=order.placed_on,
            lines=[asdict(line) for line in order.lines],
            total_paise=order.total_paise,
            delivery_paise=order.delivery_paise,
            person=sealing.seal_json(asdict(order.person) if order.person else None),
            updated_at=datetime.now(UTC),
        )
    )


def set_status(db: Connection, business: str, number: str, status: str, *, was: Iterable[str]) -> bool:
    """Move an order from one of some states to another; False where it was in none of them.

    One that is cancelled gives back what it held, once: one statement decides who cancels it.
    """
    mine = (placed_orders.c.business == business, placed_orders.c.key == code_key(number))
    moved = db.execute(
        update(placed_orders)
        .where(*mine, placed_orders.c.status.in_(tuple(was)))
        .values(status=status, updated_at=datetime.now(UTC))
    ).rowcount
    if moved and status == "cancelled":
        release(db, business, code_key(number))
    return bool(moved)


def find_placed(db: Connection, business: str, number: str) -> PlacedOrder | None:
    """The order of exactly this number that was placed in a chat, be it in the books by now or not."""
    query = select(placed_orders).where(placed_orders.c.business == business, placed_orders.c.key == code_key(number))
    found = _opened(db, business, db.execute(query).mappings().all())
    return found[0] if found else None


def placed_in_chat(db: Connection, business: str, session_id: str, customer_id: str | None) -> list[PlacedOrder]:
    """The orders placed in a chat, or by the customer it is bound to, latest first."""
    whose = placed_orders.c.session_id == session_id
    if customer_id is not None:
        whose = whose | (placed_orders.c.customer_id == customer_id)
    query = select(placed_orders).where(placed_orders.c.business == business, whose)
    return _opened(db, business, db.execute(query.order_by(placed_orders.c.key.desc())).mappings().all())


def all_placed(db: Connection, business: str, *, limit: int = 200) -> list[PlacedOrder]:
    """The latest orders of all chats, latest first."""
    query = select(placed_orders).where(placed_orders.c.business == business)
    query = query.order_by(placed_orders.c.updated_at.desc(), placed_orders.c.key.desc()).limit(limit)
    return _opened(db, business, db.execute(query).mappings().all())


def free_what_is_booked(db: Connection, business: str) -> None:
    """End the holds that a stock file taken up just now has done with: of orders in the books, and of sent ones."""
    held = holding(db, business)
    booked = select(orders.c.key).where(orders.c.business == business, orders.c.key.in_(held))
    sent = select(placed_orders.c.key).where(
        placed_orders.c.business == business, placed_orders.c.key.in_(held), placed_orders.c.status.in_(SENT)
    )
    for key in sorted({*db.execute(booked).scalars(), *db.execute(sent).scalars()}):
        release(db, business, key)


def _opened(db: Connection, business: str, rows: Sequence[RowMapping]) -> list[PlacedOrder]:
    keys = sealers(db, business, {row["session_id"] for row in rows})
    return [_placed(row, keys[row["session_id"]]) for row in rows]


def _placed(row: RowMapping, sealing: Sealer) -> PlacedOrder:
    person: Mapping[str, Any] | None = sealing.open_json(row["person"])
    kept = ("business", "key", "lines", "person", "updated_at")
    return PlacedOrder(
        **{name: value for name, value in row.items() if name not in kept},
        lines=tuple(OrderLine(**line) for line in row["lines"]),
        person=Person(**person) if person else None,
    )
