"""A request to return a delivered order: whose it is, why, whether it is in time, and a photo where one can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from munshi.handlers.base import Button, HandlerError, OutdatedError, Phrases, Reply, Slot, SlotError, SlotSpec, Turn
from munshi.handlers.order_options import ReturnOptions
from munshi.handlers.order_requests import ask_once
from munshi.handlers.order_status import items_in_words
from munshi.handlers.own_orders import order_of, order_slots
from munshi.handlers.records import Records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.return_photo import ReturnPhoto, has_photo, photo_name
from munshi.handlers.rows import Order
from munshi.handlers.slots import build, own_or
from munshi.handlers.tickets import open_ticket
from munshi.handlers.when import day

REASONS = ("faulty", "wrong_part", "changed_mind")


class ReturnRequest:
    """The option `days` says for each reason how many days after delivery a return can be asked for.

    The day of delivery is the column `delivered_on` of orders.csv; where it is empty the owner decides.
    """

    options_model = ReturnOptions

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._records = services.records
        self._phrases = services.phrases
        self._days = _days(config)
        details = SlotSpec("details", "text", services.phrases.all("return_ask_details"), optional=True)
        self.slots = (
            *order_slots(services, config, self._check),
            Slot(
                "reason",
                "choice",
                services.phrases.all("return_ask_reason"),
                choose=_Reason(self._records, self._phrases, self._days),
            ),
            build(own_or(config.slots, details), services.phrases),
            Slot(
                "photo",
                "file",
                services.phrases.all("return_ask_photo"),
                optional=True,
                choose=ReturnPhoto(self._records, self._phrases),
            ),
        )

    def _check(self, order: Order, turn: Turn) -> None:
        if order.status != "delivered":
            status = self._phrases(f"order_status_{order.status}", turn.language)
            raise SlotError("return_not_delivered", number=order.order_number, status=status)
        _check_time(order, turn, max(self._days.values()))

    def summary(self, turn: Turn) -> Reply:
        """Which order, why, and what the customer says of it."""
        order = self._order(turn, self._records)
        lines = [
            self._phrases("return_summary", turn.language, number=order.order_number),
            self._phrases("order_items", turn.language, items=items_in_words(self._records, order.items)),
            self._phrases(f"return_{turn.slots['reason']}", turn.language),
        ]
        if turn.slots["details"]:
            lines.append(turn.slots["details"])
        if has_photo(turn):
            lines.append(self._phrases("return_with_photo", turn.language))
        return Reply("\n".join(lines), data={"order_number": order.order_number, "reason": turn.slots["reason"]})

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Leave a ticket, one for each order."""
        order = self._order(turn, self._records.within(db))
        business, number = self._records.business, order.order_number
        reference, is_new = ask_once(db, business, number, "return", lambda: self._tell_owner(turn, order, db))
        key = "return_asked_before" if not is_new else "return_asked_with_photo" if has_photo(turn) else "return_asked"
        text = self._phrases(key, turn.language, number=number, reference=reference)
        return Reply(text, data={"order_number": number, "ticket": reference})

    def _order(self, turn: Turn, records: Records) -> Order:
        order = order_of(records, turn)
        if order is None:
            raise OutdatedError("the order is not there any more")
        return order

    def _tell_owner(self, turn: Turn, order: Order, db: Connection) -> str:
        delivered = delivered_on(order)
        when = f"delivered on {day(delivered)}" if delivered else "day of delivery not in orders.csv: please check"
        return open_ticket(
            db,
            business=self._records.business,
            session_id=turn.session_id,
            customer_id=turn.customer_id,
            channel=turn.channel,
            kind="form",
            reason=f"Return of order {order.order_number}: {turn.slots['reason'].replace('_', ' ')}",
            summary=f"{', '.join(order.items)} ({when})",
            form={**turn.slots, "phone": order.phone, "photo": photo_name(db, self._records.business, turn)},
        ).reference


def delivered_on(order: Order) -> date | None:
    """The day on which an order was delivered, where the shop's file says so."""
    try:
        return date.fromisoformat(order.extra.get("delivered_on", ""))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Reason:
    """A reason for which this order can still be returned."""

    records: Records
    phrases: Phrases
    days: Mapping[str, int]

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        buttons = tuple(Button(self.phrases(f"return_{reason}", turn.language), reason) for reason in self.days)
        if not said:
            return buttons
        wanted = tuple(each for each in buttons if said.casefold() in (each.value, each.label.casefold()))
        if not wanted:
            raise SlotError("slot_invalid_choice", choices=", ".join(each.label for each in buttons))
        order = self.records.order(turn.slots.get("order_number", ""))
        if order is not None:
            _check_time(order, turn, self.days[wanted[0].value])
        return wanted


def _check_time(order: Order, turn: Turn, days: int) -> None:
    delivered = delivered_on(order)
    today = turn.now.astimezone(turn.business.timezone).date()
    if delivered is not None and (today - delivered).days > days:
        raise SlotError("return_too_late", number=order.order_number, days=days)


def _days(config: HandlerConfig) -> Mapping[str, int]:
    given = config.options.get("days", {})
    known = isinstance(given, Mapping) and given and set(given) <= set(REASONS)
    if not known or not all(isinstance(days, int) and 0 < days <= 3650 for days in given.values()):
        raise HandlerError(
            f"intent '{config.intent}': options: days: give whole days for {', '.join(REASONS)}, as in `faulty: 10`."
        )
    return {reason: given[reason] for reason in REASONS if reason in given}
