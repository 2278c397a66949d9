"""What customers do with orders of their own: cancel and return them. Quotations, and where the shop delivers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from munshi.handlers.base import OutdatedError, Reply, SlotError, Turn
from munshi.handlers.cancel_order import CancelOrder
from munshi.handlers.delivery import DeliveryCheck
from munshi.handlers.placed_orders import set_status
from munshi.handlers.quote_request import QuoteRequest
from munshi.handlers.registry import HandlerConfig
from munshi.handlers.return_request import ReturnRequest
from munshi.handlers.tickets import list_tickets
from tests.handlers.test_place_order import Shop

BOOKS = """order_number,status,placed_on,items,total,phone,delivered_on
NAS-20401,packed,2026-11-20,BRK-1 x1,1850,90000 00137,
NAS-20402,shipped,2026-11-20,BRK-1 x1,1850,+919000000137,
NAS-20403,delivered,2026-11-10,BRK-1 x1,1850,+919000000137,2026-11-15
NAS-20404,delivered,2026-10-01,BRK-1 x1,1850,+919000000137,2026-10-03
NAS-20405,delivered,2026-11-10,A special part,500,,
"""


@pytest.fixture
def shop(engine: Engine, tmp_path: Path, turn: Callable[..., Turn]) -> Shop:
    shop = Shop(engine, tmp_path, turn)
    shop.save(orders=BOOKS)
    return shop


def choose(handler: Any, shop: Shop, name: str, said: str, **slots: str) -> list[str]:
    slot = next(slot for slot in handler.slots if slot.name == name)
    return [button.value or button.label for button in slot.choose(shop.turn(slots=slots), said)]


def refused(handler: Any, shop: Shop, name: str, said: str, **slots: str) -> str:
    with pytest.raises(SlotError) as raised:
        choose(handler, shop, name, said, **slots)
    return raised.value.key


def do(shop: Shop, handler: Any, **slots: str) -> Reply:
    with shop.engine.begin() as db:
        reply: Reply = handler.execute(shop.turn(slots=slots), db)
    return reply


@pytest.fixture
def cancel(shop: Shop) -> CancelOrder:
    return CancelOrder(shop.services, HandlerConfig("cancel"))


def test_an_order_of_this_chat_is_cancelled_and_its_stock_comes_back_once(shop: Shop, cancel: CancelOrder) -> None:
    number = str(shop.order().data["order_number"])
    assert choose(cancel, shop, "order_number", "") == [number]
    assert choose(cancel, shop, "phone", "", order_number=number) == ["-"]
    assert shop.free == 1
    slots = {"order_number": number, "phone": "-"}
    assert "Front brake pad set" in cancel.summary(shop.turn(slots=slots)).text
    assert do(shop, cancel, **slots).data["cancelled"]
    assert shop.free == 3
    with pytest.raises(OutdatedError):
        do(shop, cancel, **slots)
    assert shop.free == 3
    assert refused(cancel, shop, "order_number", number) == "cancel_too_late"
    assert shop.records.order(number).status == "cancelled"  # type: ignore[union-attr]


def test_anothers_order_needs_the_phone_number_on_it(shop: Shop, cancel: CancelOrder) -> None:
    number = str(shop.order("another chat").data["order_number"])
    assert choose(cancel, shop, "order_number", "") == []
    assert choose(cancel, shop, "phone", "", order_number=number) == []
    assert refused(cancel, shop, "phone", "9000000999", order_number=number) == "order_other_phone"
    for phone in ("-", "+919000000999"):
        with pytest.raises(OutdatedError):
            do(shop, cancel, order_number=number, phone=phone)
    assert choose(cancel, shop, "phone", "90000 00101", order_number=number) == ["+919000000101"]
    assert do(shop, cancel, order_number=number, phone="+919000000101").data["cancelled"]


def test_an_order_in_the_books_is_left_to_the_owner_once(shop: Shop, cancel: CancelOrder) -> None:
    slots = {"order_number": "NAS-20401", "phone": "+919000000137"}
    first, second = do(shop, cancel, **slots), do(shop, cancel, **slots)
    assert first.data["ticket"] == second.data["ticket"]
    assert not first.data["cancelled"]
    with shop.engine.connect() as db:
        assert [ticket.reason for ticket in list_tickets(db, "shop")] == ["Cancel order NAS-20401"]


def test_what_was_sent_is_not_cancelled(shop: Shop, cancel: CancelOrder) -> None:
    assert refused(cancel, shop, "order_number", "NAS-20402") == "cancel_too_late"
    assert refused(cancel, shop, "order_number", "NAS-99999") == "order_not_found"
    number = str(shop.order().data["order_number"])
    with shop.engine.begin() as db:
        set_status(db, "shop", number, "shipped", was=("placed",))
    with pytest.raises(OutdatedError):
        do(shop, cancel, order_number=number, phone="-")
    assert shop.free == 1


@pytest.fixture
def returns(shop: Shop) -> ReturnRequest:
    return ReturnRequest(shop.services, HandlerConfig("return", options={"days": {"faulty": 10, "changed_mind": 7}}))


def test_a_return_is_asked_for_in_time_and_once(shop: Shop, returns: ReturnRequest) -> None:
    assert choose(returns, shop, "order_number", "nas20403") == ["NAS-20403"]
    assert choose(returns, shop, "reason", "", order_number="NAS-20403") == ["faulty", "changed_mind"]
    assert choose(returns, shop, "reason", "faulty", order_number="NAS-20403") == ["faulty"]
    assert refused(returns, shop, "reason", "changed_mind", order_number="NAS-20403") == "return_too_late"
    assert refused(returns, shop, "order_number", "NAS-20404") == "return_too_late"
    assert refused(returns, shop, "order_number", "NAS-20402") == "return_not_delivered"
    slots = {"order_number": "NAS-20403", "phone": "+919000000137", "reason": "faulty", "details": "a crack"}
    assert "a crack" in returns.summary(shop.turn(slots=slots)).text
    assert do(shop, returns, **slots).data["ticket"] == do(shop, returns, **slots).data["ticket"]
    with shop.engine.connect() as db:
        (ticket,) = list_tickets(db, "shop")
    assert "faulty" in ticket.reason
    assert "15 Nov 2026" in ticket.summary


def test_an_order_without_a_phone_number_is_proven_by_nobody(shop: Shop, returns: ReturnRequest) -> None:
    assert refused(returns, shop, "phone", "9000000137", order_number="NAS-20405") == "order_other_phone"
    with pytest.raises(OutdatedError):
        do(shop, returns, order_number="NAS-20405", phone="", reason="faulty", details="")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("10 swift brake pad aur 4 flux capacitor", "10 BRK-1; 4 flux capacitor"),
        ("quotation for 10 swift brake pads and 2 batteries", "10 BRK-1; 2 BAT-1"),
        ("swift brake pad 12 pcs, 3 x battery 35ah", "12 BRK-1; 3 BAT-1"),
        ("BRK-1 x 5", "5 BRK-1"),
    ],
)
def test_a_list_of_goods_is_read_and_read_again_the_same(shop: Shop, said: str, kept: str) -> None:
    quote = QuoteRequest(shop.services, HandlerConfig("quote"))
    assert choose(quote, shop, "items", said) == [kept]
    assert choose(quote, shop, "items", kept) == [kept]


@pytest.mark.parametrize("said", ["swift brake pads", "hello", "0 battery", "999999 battery", "💥", "5", "10 "])
def test_a_list_without_goods_or_counts_is_not_guessed_at(shop: Shop, said: str) -> None:
    quote = QuoteRequest(shop.services, HandlerConfig("quote"))
    assert refused(quote, shop, "items", said) in ("quote_unread", "quote_how_many")


def test_a_quotation_has_the_records_prices_and_no_others(shop: Shop) -> None:
    quote = QuoteRequest(shop.services, HandlerConfig("quote"))
    slots = {"items": "10 BRK-1; 4 flux capacitor", "name": "Asha", "phone": "+919000000101"}
    text = quote.summary(shop.turn(slots=slots)).text
    assert "₹18,500" in text
    assert "4 × flux capacitor: price on asking" in text
    reply = do(shop, quote, **slots)
    with shop.engine.connect() as db:
        (ticket,) = list_tickets(db, "shop")
    assert reply.data["ticket"] == ticket.reference
    assert "₹18,500" in ticket.summary


def test_the_narrowest_range_of_pin_codes_counts(shop: Shop) -> None:
    check = DeliveryCheck(shop.services, HandlerConfig("delivery"))
    near, far, nowhere = (check.answer(shop.turn(slots={"pin_code": pin})) for pin in ("400705", "411001", "781001"))
    assert "₹60" in near.text
    assert "₹1,500" in near.text
    assert "₹180 up to 5 kg" in far.text
    assert "batteries" in far.text
    assert nowhere.data["area"] is None
