"""A quotation asked for: several goods with their counts, at the records' prices or "on asking", and a total."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from munshi.handlers.base import Reply, Slot, SlotSpec, Turn
from munshi.handlers.money import money
from munshi.handlers.quote_items import Item, WhichItems
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.slots import build, own_or
from munshi.handlers.tickets import open_ticket


class QuoteRequest:
    """List prices only: what comes off for quantity is the owner's to say."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._records = services.records
        self._phrases = services.phrases
        self._items = WhichItems(services.records)
        own = {name: own_or(config.slots, SlotSpec(name, name)) for name in ("name", "phone")}
        self.slots = (
            Slot("items", "text", services.phrases.all("quote_ask_items"), choose=self._items),
            *(build(spec, services.phrases) for spec in own.values()),
        )

    def summary(self, turn: Turn) -> Reply:
        """Each item with its price, and the total of those that have one."""
        lines = [self._phrases("quote_summary", turn.language), *self._lines(turn, self._items)]
        return Reply("\n".join(lines), data={"items": turn.slots["items"]})

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Leave the ticket and tell its reference."""
        ticket = open_ticket(
            db,
            business=self._records.business,
            session_id=turn.session_id,
            customer_id=turn.customer_id,
            channel=turn.channel,
            kind="form",
            reason="Quotation",
            summary="\n".join(self._lines(turn, WhichItems(self._records.within(db)))),
            form=turn.slots,
        )
        text = self._phrases("quote_asked", turn.language, reference=ticket.reference, business=turn.business.name)
        return Reply(text, data={"ticket": ticket.reference})

    def _lines(self, turn: Turn, wanted: WhichItems) -> Iterator[str]:
        items = tuple(wanted.read(turn.slots["items"]))
        for item in items:
            yield f"- {self._line(turn, item)}"
        total = sum(item.count * item.product.price_paise for item in items if item.product)
        if total:
            key = "quote_total" if all(item.product for item in items) else "quote_total_of_priced"
            yield self._phrases(key, turn.language, total=money(total, turn.business.currency))
        yield self._phrases("order_for", turn.language, name=turn.slots["name"], phone=turn.slots["phone"])

    def _line(self, turn: Turn, item: Item) -> str:
        if item.product is None:
            return self._phrases("quote_on_asking", turn.language, count=item.count, goods=item.words)
        currency, product = turn.business.currency, item.product
        return self._phrases(
            "quote_line",
            turn.language,
            count=item.count,
            name=product.name,
            sku=product.sku,
            price=money(product.price_paise, currency),
            sum=money(item.count * product.price_paise, currency),
        )
