"""What the owner does with orders of the chat: look, and say where one is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from munshi.bot.business import load_business
from munshi.bot.database import open_engine
from munshi.bot.settings import Settings
from munshi.bot.store import Store
from munshi.handlers.placed_orders import PlacedOrder, all_placed, set_status

_OPEN = ("placed", "packed")
_FROM: Mapping[str, tuple[str, ...]] = {
    "packed": ("placed",),
    "shipped": _OPEN,
    "out_for_delivery": (*_OPEN, "shipped"),
    "delivered": (*_OPEN, "shipped", "out_for_delivery"),
    "returned": ("shipped", "out_for_delivery", "delivered"),
    "cancelled": _OPEN,
}
"""What an order can have been before it becomes something."""


class ChatOrders:
    """The orders of one business."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[PlacedOrder]:
        """The latest orders, latest first."""
        with self._store.reading() as db:
            return all_placed(db, self._store.business)

    def move(self, number: str, status: str) -> bool:
        """Say where an order is; False where there is none that can become this."""
        with self._store.transaction() as db:
            return set_status(db, self._store.business, number, status, was=_FROM.get(status, ()))


@contextmanager
def open_chat_orders(settings: Settings) -> Iterator[ChatOrders]:
    """The orders of the set business, without its papers. Raises BusinessError, StoreError."""
    business = load_business(settings.business)
    engine = open_engine(settings.database_url, home=settings.business_home(business.key))
    try:
        yield ChatOrders(Store(engine, business.key))
    finally:
        engine.dispose()
