"""A form that needs no code: the pack lists its slots, the finished form lands in the inbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from munshi.handlers.base import HandlerError, Reply, Slot, Turn
from munshi.handlers.money import money
from munshi.handlers.records import Records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.slots import build
from munshi.handlers.tickets import open_ticket
from munshi.handlers.when import day


class Collect:
    """An `Action`: everything is read back and confirmed before the ticket is written."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        if not config.slots:
            raise HandlerError(f"intent '{config.intent}': `collect` has nothing to ask for; list its slots.")
        self.slots: tuple[Slot, ...] = tuple(build(spec, services.phrases) for spec in config.slots)
        self._services = services
        self._intent = config.intent

    def summary(self, turn: Turn) -> Reply:
        """All that was noted, a line each. Asking whether to go ahead is the dialogue's."""
        lead = self._services.phrases("form_summary", turn.language)
        return Reply("\n".join([lead, *self._lines(turn, self._services.records)]), data={"form": dict(turn.slots)})

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Leave the ticket and tell its reference."""
        ticket = open_ticket(
            db,
            business=self._services.records.business,
            session_id=turn.session_id,
            customer_id=turn.customer_id,
            channel=turn.channel,
            kind="form",
            reason=turn.intent or self._intent,
            summary="\n".join(self._lines(turn, self._services.records.within(db))),
            form=turn.slots,
        )
        text = self._services.phrases(
            "collect_done", turn.language, reference=ticket.reference, business=turn.business.name
        )
        return Reply(text, data={"ticket": ticket.reference})

    def _lines(self, turn: Turn, records: Records) -> Iterator[str]:
        for slot in self.slots:
            value = turn.slots.get(slot.name, "")
            if value:
                label = slot.name.replace("_", " ").capitalize()
                yield f"- {label}: {_shown(slot, value, turn.business.currency, records)}"


def _shown(slot: Slot, value: str, currency: str, records: Records) -> str:
    """A value as the customer reads it; a product's SKU with its name."""
    if slot.kind == "amount":
        return money(int(Decimal(value) * 100), currency)
    if slot.kind == "date":
        return day(date.fromisoformat(value))
    product = records.product(value) if slot.kind == "product" else None
    return f"{product.name} ({product.sku})" if product is not None else value
