"""What of the stock is promised: an order of the chat holds its pieces until the shop's own file has them taken off.

Free is what the file says less what is held. A hold ends when its order is cancelled, or with the first stock file
that is taken up after the order stands in the shop's books or was sent: only then is it certain that the file counts
without these pieces. Until then a piece may be held that is gone already, but none is sold twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, bindparam, delete, func, insert, select, update

from munshi.handlers.personal import NOT_PERSONAL
from munshi.handlers.tables import metadata, products

reservations = Table(
    "reservations",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("order_key", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),  # of the product
    Column("count", Integer, nullable=False),
    info=NOT_PERSONAL,
)


def hold(db: Connection, business: str, order_key: str, product_key: str, count: int, *, price_paise: int) -> bool:
    """Hold so many pieces for an order, inside the caller's transaction, if they are free at exactly this price.

    One statement decides, so that two who want the last piece do not both get it.
    """
    taken = db.execute(
        update(products)
        .where(
            products.c.business == business,
            products.c.key == product_key,
            products.c.stock - products.c.held >= count,
            products.c.price_paise == price_paise,
        )
        .values(held=products.c.held + count)
    )
    if taken.rowcount == 0:
        return False
    db.execute(insert(reservations).values(business=business, order_key=order_key, key=product_key, count=count))
    return True


def release(db: Connection, business: str, order_key: str) -> None:
    """Give back what an order holds; where it holds nothing (any more) nothing is changed."""
    mine = (reservations.c.business == business, reservations.c.order_key == order_key)
    given = db.execute(delete(reservations).where(*mine).returning(reservations.c.key, reservations.c.count)).all()
    for row in sorted(given):
        this = (products.c.business == business, products.c.key == row.key)
        db.execute(update(products).where(*this).values(held=products.c.held - row.count))


def holding(db: Connection, business: str) -> Collection[str]:
    """The keys of the orders that hold something."""
    return set(db.execute(select(reservations.c.order_key).where(reservations.c.business == business)).scalars())


def take_up_products(db: Connection, business: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Bring the products to what their file says, row by row: what is held of them stays held."""
    mine = products.c.business == business
    known = set(db.execute(select(products.c.key).where(mine)).scalars())
    wanted = {row["key"]: row for row in rows}
    for gone in sorted(known - wanted.keys()):
        db.execute(delete(products).where(mine, products.c.key == gone))
    changed = [_bound(row) for key, row in wanted.items() if key in known]
    if changed:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != "key"}
        db.execute(update(products).where(mine, products.c.key == bindparam("of_key")).values(values), changed)
    held = _held(db, business)
    new = [{**row, "business": business, "held": held.get(key, 0)} for key, row in wanted.items() if key not in known]
    if new:
        db.execute(insert(products), new)


def _bound(row: Mapping[str, Any]) -> dict[str, Any]:
    values = {f"new_{name}": value for name, value in row.items() if name != "key"}
    return {**values, "of_key": row["key"]}


def _held(db: Connection, business: str) -> Mapping[str, int]:
    """How much is held of each product, by what the orders say."""
    query = select(reservations.c.key, func.sum(reservations.c.count).label("held"))
    rows = db.execute(query.where(reservations.c.business == business).group_by(reservations.c.key))
    return {row.key: int(row.held) for row in rows}
