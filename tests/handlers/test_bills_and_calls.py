"""Copies of bills, for whoever proves that the order is theirs; calls back, at times at which the shop is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from munshi.handlers.base import OutdatedError, SlotError, Turn
from munshi.handlers.callback import CallBack
from munshi.handlers.invoice_copy import InvoiceCopy, gst_included
from munshi.handlers.registry import HandlerConfig
from munshi.handlers.tickets import list_tickets
from tests.handlers.conftest import MONDAY_11AM, PROFILE
from tests.handlers.test_own_orders import BOOKS, choose, do, refused
from tests.handlers.test_place_order import Shop


@pytest.fixture
def shop(engine: Engine, tmp_path: Path, turn: Callable[..., Turn]) -> Shop:
    shop = Shop(engine, tmp_path, turn)
    shop.save(orders=BOOKS)
    return shop


def test_a_bill_is_told_to_whoever_knows_the_phone_number_on_the_order_alone(shop: Shop) -> None:
    copy = InvoiceCopy(shop.services, HandlerConfig("bill"))
    number = str(shop.order().data["order_number"])
    assert choose(copy, shop, "phone", "", order_number=number) == []  # asked for in the chat's own case too
    assert refused(copy, shop, "phone", "9000000999", order_number=number) == "order_other_phone"
    told = copy.answer(shop.turn(slots={"order_number": number, "phone": "+919000000101"})).text
    for part in (number, "2 × Front brake pad set", "₹3,700", "GST included, 18%: ₹564.41"):
        assert part in told
    for phone in ("+919000000999", "", "-"):
        hidden = copy.answer(shop.turn(slots={"order_number": number, "phone": phone}, session_id="chat-9"))
        assert "3,700" not in hidden.text


def test_a_bill_has_no_gst_where_the_record_has_none(shop: Shop) -> None:
    copy = InvoiceCopy(shop.services, HandlerConfig("bill"))
    told = copy.answer(shop.turn(slots={"order_number": "NAS-20402", "phone": "+919000000137"})).text
    assert "₹1,850" in told
    assert "18" not in told.replace("1,850", "")


def test_gst_in_a_price_is_exact_to_the_paisa() -> None:
    assert [gst_included(total, rate) for total, rate in ((118_00, "18"), (100, "5"), (99, "0"), (1, "18"))] == [
        18_00, 5, 0, 0,
    ]  # fmt: skip


@pytest.fixture
def call(shop: Shop) -> CallBack:
    return CallBack(shop.services, HandlerConfig("call"))


def test_a_call_back_is_offered_when_the_shop_is_open(shop: Shop, call: CallBack) -> None:
    assert choose(call, shop, "time", "") == [
        "2026-11-23 morning 10:00-12:00",
        "2026-11-23 afternoon 12:00-13:00",
        "2026-11-23 evening 16:00-20:30",
    ]
    assert choose(call, shop, "time", "in the evening please") == ["2026-11-23 evening 16:00-20:30"]
    assert choose(call, shop, "time", "शाम को") == ["2026-11-23 evening 16:00-20:30"]
    assert refused(call, shop, "time", "at midnight") == "slot_invalid_choice"
    slots = {"name": "Asha", "phone": "+919000000101", "time": "2026-11-23 evening 16:00-20:30"}
    assert "4 pm – 8:30 pm" in call.summary(shop.turn(slots=slots)).text
    reply = do(shop, call, **slots)
    with shop.engine.connect() as db:
        (ticket,) = list_tickets(db, "shop")
    assert (reply.data["ticket"], ticket.form["time"]) == (ticket.reference, slots["time"])


def test_a_holiday_a_sunday_and_what_is_over_are_passed_over(shop: Shop, call: CallBack) -> None:
    evening = datetime(2026, 11, 24, 20, 45, tzinfo=PROFILE.timezone)  # the next day is a holiday
    (slot,) = (slot for slot in call.slots if slot.name == "time")
    assert slot.choose is not None
    offered = [button.value for button in slot.choose(shop.turn(now=evening), "")]
    assert all(value.startswith("2026-11-26") for value in offered)
    late = {"name": "Asha", "phone": "+919000000101", "time": "2026-11-23 morning 10:00-12:00"}
    with shop.engine.begin() as db, pytest.raises((OutdatedError, SlotError)):
        call.execute(shop.turn(slots=late, now=evening), db)
    assert evening > MONDAY_11AM
