"""A customer's own order cancelled, until it is sent; what it held is free again, once."""

from __future__ import annotations

from sqlalchemy import Connection

from munshi.handlers.base import OutdatedError, Reply, SlotError, Turn
from munshi.handlers.money import money
from munshi.handlers.order_requests import ask_once
from munshi.handlers.order_status import items_in_words
from munshi.handlers.own_orders import order_of, order_slots
from munshi.handlers.placed_orders import CANCELLABLE, set_status
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Order
from munshi.handlers.tickets import open_ticket


class CancelOrder:
    """An order that stands in the shop's books is cancelled there, by the owner, who gets a ticket for each."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots = order_slots(services, config, self._check)
        self._records = services.records
        self._phrases = services.phrases

    def _check(self, order: Order, turn: Turn) -> None:
        if order.status not in CANCELLABLE:
            status = self._phrases(f"order_status_{order.status}", turn.language)
            raise SlotError("cancel_too_late", number=order.order_number, status=status)

    def summary(self, turn: Turn) -> Reply:
        """Which order it is, with what is in it."""
        order = order_of(self._records, turn)
        if order is None:
            raise OutdatedError("the order is not there any more")
        lines = [self._phrases("cancel_summary", turn.language, number=order.order_number)]
        lines.append(self._phrases("order_items", turn.language, items=items_in_words(self._records, order.items)))
        if order.total_paise is not None:
            total = money(order.total_paise, turn.business.currency)
            lines.append(self._phrases("order_total", turn.language, total=total))
        return Reply("\n".join(lines), data={"order_number": order.order_number, "status": order.status})

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Cancel it, or ask the owner to. Raises OutdatedError where it was sent meanwhile."""
        records = self._records.within(db)
        order = order_of(records, turn)
        if order is None or order.status not in CANCELLABLE:
            raise OutdatedError("the order was sent meanwhile, or is not there any more")
        business, number = self._records.business, order.order_number
        if not order.in_books and not set_status(db, business, number, "cancelled", was=CANCELLABLE):
            raise OutdatedError("the order was sent meanwhile")
        reference, is_new = ask_once(db, business, number, "cancel", lambda: self._tell_owner(turn, order, db))
        key = "cancel_done" if not order.in_books else "cancel_asked" if is_new else "cancel_asked_before"
        text = self._phrases(key, turn.language, number=number, reference=reference)
        return Reply(text, data={"order_number": number, "ticket": reference, "cancelled": not order.in_books})

    def _tell_owner(self, turn: Turn, order: Order, db: Connection) -> str:
        what = "Please cancel it in your books" if order.in_books else "Cancelled by the customer; its hold is undone"
        return open_ticket(
            db,
            business=self._records.business,
            session_id=turn.session_id,
            customer_id=turn.customer_id,
            channel=turn.channel,
            kind="form",
            reason=f"Cancel order {order.order_number}",
            summary=f"{what}: {', '.join(order.items)}",
            form={"order_number": order.order_number, "phone": order.phone},
        ).reference
