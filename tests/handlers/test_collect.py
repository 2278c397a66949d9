from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from munshi.handlers.base import SlotSpec, Turn
from munshi.handlers.collect import Collect
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.tickets import list_tickets

SPECS = (
    SlotSpec("product", "product"),
    SlotSpec("quantity", "quantity"),
    SlotSpec("budget", "amount"),
    SlotSpec("needed_by", "date"),
    SlotSpec("note", "text", optional=True),
)
FILLED = {"product": "BRK-1", "quantity": "50", "budget": "100000", "needed_by": "2026-12-01", "note": ""}


@pytest.fixture
def collect(services: Services) -> Collect:
    return Collect(services, HandlerConfig("bulk_quote", SPECS))


def test_everything_is_read_back_as_a_customer_reads_it(collect: Collect, turn: Callable[..., Turn]) -> None:
    text = collect.summary(turn(slots=FILLED)).text
    for told in ("Front brake pad set - Maruti Swift (BRK-1)", "50", "₹1,00,000", "1 Dec 2026", "Needed by"):
        assert told in text
    assert "Note" not in text


def test_a_product_in_the_customers_own_words_stays_so(collect: Collect, turn: Callable[..., Turn]) -> None:
    assert "maruti horn, red" in collect.summary(turn(slots={**FILLED, "product": "maruti horn, red"})).text


def test_the_form_lands_in_the_inbox_with_the_transaction(
    engine: Engine, collect: Collect, turn: Callable[..., Turn]
) -> None:
    with engine.connect() as db:
        collect.execute(turn(slots=FILLED), db)  # and never committed
    with engine.begin() as db:
        assert list_tickets(db, "shop") == []
        reply = collect.execute(turn(slots=FILLED, intent="bulk_quote", customer_id="c1"), db)
    with engine.begin() as db:
        (ticket,) = list_tickets(db, "shop")
    assert ticket.reference in reply.text
    assert (ticket.kind, ticket.reason, ticket.customer_id) == ("form", "bulk_quote", "c1")
    assert ticket.form == FILLED
    assert "BRK-1" in ticket.summary


def test_slots_are_asked_in_the_packs_order(collect: Collect) -> None:
    assert [(slot.name, slot.optional) for slot in collect.slots] == [(spec.name, spec.optional) for spec in SPECS]
