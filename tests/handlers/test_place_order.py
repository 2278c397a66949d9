"""Orders placed in a chat, on real tables of both databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from munshi.bot.wording import Phrasebook
from munshi.handlers.base import HandlerError, OutdatedError, Reply, SlotError, Turn
from munshi.handlers.order_status import OrderStatus
from munshi.handlers.place_order import PlaceOrder
from munshi.handlers.placed_orders import all_placed, set_status
from munshi.handlers.records import Records, import_records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.sealing import destroy_key
from munshi.handlers.tables import products
from munshi.handlers.tickets import list_tickets
from tests.handlers.conftest import PROFILE, Papers

HEAD = "sku,name,category,price,stock,fits,aliases,gst_rate\n"
PADS = "BRK-1,Front brake pad set - Maruti Swift,brakes,1850,{stock},Maruti Swift 2018-2024,swift brake pad,18\n"
MORE = """BRK-2,Front brake pad set - Hyundai Creta,brakes,2450,0,Hyundai Creta,creta brake pad,18
BAT-1,Battery 35Ah,batteries,4850,3,,car battery,18
"""
AREAS = """area,pins,charge,included_kg,extra_per_kg,free_from,days_min,days_max,cod_up_to,not_sent
Navi Mumbai,400614|400701-400710,60,,,1500,0,1,10000,
Rest of Maharashtra,400000-445402,180,5,30,6000,2,4,3000,batteries
"""
SLOTS = {
    "product": "BRK-1",
    "quantity": "2",
    "how": "delivery",
    "pin_code": "400703",
    "address": "Flat 4, Sector 9",
    "name": "Asha",
    "phone": "+919000000101",
}


class Shop:
    """A shop's files, which can be written anew, and what a customer does in its chat."""

    def __init__(self, engine: Engine, folder: Path, turn: Callable[..., Turn]) -> None:
        self.engine, self._folder, self._turn = engine, folder, turn
        self.files: dict[str, Path] = {}
        self.records = Records(engine, "shop")
        self.services = Services(self.records, Papers(), Phrasebook(), PROFILE)
        self.save(products=HEAD + PADS.format(stock=3) + MORE, delivery=AREAS)
        self.handler = PlaceOrder(self.services, HandlerConfig("order", options={"first_number": "NAS-90001"}))

    def save(self, **files: str) -> None:
        for name, text in files.items():
            self.files[name] = self._folder / f"{name}.csv"
            self.files[name].write_text(text, encoding="utf-8")
        import_records(self.engine, "shop", self.files)

    def turn(self, **changes: object) -> Turn:
        return self._turn("order", intent="order", **changes)

    def choose(self, name: str, said: str, **slots: str) -> list[str]:
        slot = next(slot for slot in self.handler.slots if slot.name == name)
        assert slot.choose is not None
        return [button.value or button.label for button in slot.choose(self.turn(slots=slots), said)]

    def order(self, chat: str = "chat-1", **changes: str) -> Reply:
        turn = self.turn(slots={**SLOTS, **changes}, session_id=chat)
        return self.confirm(turn, self.handler.summary(turn).data)

    def confirm(self, turn: Turn, shown: Mapping[str, object]) -> Reply:
        with self.engine.begin() as db:
            return self.handler.execute(self._with(turn, shown), db)

    def _with(self, turn: Turn, shown: Mapping[str, object]) -> Turn:
        return self._turn("order", intent="order", slots=turn.slots, session_id=turn.session_id, shown=shown)

    @property
    def free(self) -> int:
        return self.records.product("BRK-1").stock  # type: ignore[union-attr]


@pytest.fixture
def shop(engine: Engine, tmp_path: Path, turn: Callable[..., Turn]) -> Shop:
    return Shop(engine, tmp_path, turn)


def test_an_order_is_read_back_with_its_price_where_it_goes_and_the_total(shop: Shop) -> None:
    text = shop.handler.summary(shop.turn(slots=SLOTS)).text
    for told in ("BRK-1", "2 × ₹1,850", "Maruti Swift 2018-2024", "400703 (Navi Mumbai): free", "₹3,700", "Asha"):
        assert told in text
    one = shop.handler.summary(shop.turn(slots={**SLOTS, "product": "BAT-1", "quantity": "1"})).text
    assert "free" in one
    far = shop.handler.summary(shop.turn(slots={**SLOTS, "pin_code": "411001", "quantity": "1"}))
    assert "₹180 up to 5 kg, then ₹30" in far.text
    assert far.data["total_paise"] == 185_000  # what hangs on the weight is not guessed at
    picked = shop.handler.summary(shop.turn(slots={**SLOTS, "how": "pickup", "pin_code": "-", "address": "-"}))
    assert "Vashi" in picked.text
    assert picked.data["total_paise"] == 370_000


def test_an_order_holds_the_stock_and_is_found_by_its_number(shop: Shop) -> None:
    reply = shop.order()
    number = reply.data["order_number"]
    assert (number, shop.free) == ("NAS-90001", 1)
    assert number in reply.text
    assert "₹3,700" in reply.text
    order = shop.records.order("nas 90001")
    assert order is not None
    assert (order.status, order.items, order.total_paise, order.phone) == (
        "placed", ("BRK-1 x2",), 370_000, "+919000000101",
    )  # fmt: skip
    told = OrderStatus(shop.services, HandlerConfig("status")).answer(shop.turn(slots={"order_number": number}))
    assert "Front brake pad set - Maruti Swift × 2" in told.text
    with shop.engine.connect() as db:
        (ticket,) = list_tickets(db, "shop")
    assert ticket.reason == "Order NAS-90001"
    assert ticket.form["phone"] == "+919000000101"
    assert shop.order(quantity="1").data["order_number"] == "NAS-90002"


def test_no_more_is_sold_than_is_there(shop: Shop) -> None:
    with pytest.raises(OutdatedError):
        shop.order(quantity="4")
    shop.order(quantity="3")
    with pytest.raises(OutdatedError):
        shop.order(quantity="1")
    assert shop.free == 0
    with shop.engine.connect() as db:
        assert [order.order_number for order in all_placed(db, "shop")] == ["NAS-90001"]
        assert db.execute(select(products.c.held).where(products.c.key == "BRK1")).scalar_one() == 3


def test_two_who_want_the_last_piece_do_not_both_get_it(shop: Shop) -> None:
    def one(chat: int) -> str:
        try:
            return str(shop.order(f"chat-{chat}", quantity="2").data["order_number"])
        except OutdatedError:
            return ""

    with ThreadPoolExecutor(8) as pool:
        got = list(filter(None, pool.map(one, range(8))))
    assert (len(got), shop.free) == (1, 1)


def test_a_price_that_changed_since_it_was_shown_is_not_charged(shop: Shop) -> None:
    turn = shop.turn(slots=SLOTS)
    shown = shop.handler.summary(turn).data
    shop.save(products=HEAD + PADS.format(stock=3).replace("1850", "1990"))
    with pytest.raises(OutdatedError):
        shop.confirm(turn, shown)
    assert shop.free == 3
    assert shop.confirm(turn, shop.handler.summary(turn).data).data["total_paise"] == 398_000


def test_nothing_is_done_that_was_not_shown(shop: Shop) -> None:
    with pytest.raises(OutdatedError):
        shop.confirm(shop.turn(slots=SLOTS), {})


def test_orders_and_holds_outlast_a_new_stock_file(shop: Shop) -> None:
    number = str(shop.order().data["order_number"])
    shop.save(products=HEAD + PADS.format(stock=10))
    assert shop.free == 8
    shop.save(products=HEAD + MORE)  # gone from the file, and back again
    shop.save(products=HEAD + PADS.format(stock=5))
    assert shop.free == 3
    assert shop.records.order(number).status == "placed"  # type: ignore[union-attr]
    shop.save(products=HEAD + PADS.format(stock=1))  # fewer than are held
    assert shop.free == 0


def test_a_hold_ends_with_the_stock_file_after_the_order_is_in_the_books(shop: Shop) -> None:
    number = str(shop.order().data["order_number"])
    books = f"order_number,status,placed_on,items\n{number},packed,2026-11-23,BRK-1 x2\n"
    shop.save(orders=books)
    assert shop.free == 1  # the stock file is still the old one
    assert shop.records.order(number).status == "packed"  # type: ignore[union-attr]
    shop.save(products=HEAD + PADS.format(stock=1))
    assert shop.free == 1
    shop.save(products=HEAD + PADS.format(stock=4))
    assert shop.free == 4


def test_a_hold_of_an_order_that_was_sent_ends_with_the_next_stock_file(shop: Shop) -> None:
    number = str(shop.order().data["order_number"])
    with shop.engine.begin() as db:
        assert set_status(db, "shop", number, "shipped", was=("placed", "packed"))
    assert shop.free == 1
    shop.save(products=HEAD + PADS.format(stock=6))
    assert shop.free == 6


def test_a_number_that_the_books_use_is_passed_over(shop: Shop) -> None:
    shop.save(orders="order_number,status,placed_on,items\nNAS-90001,packed,2026-11-23,BRK-1 x2\n")
    assert shop.order(quantity="1").data["order_number"] == "NAS-90002"


def test_numbers_that_are_used_up_are_told(shop: Shop) -> None:
    shop.handler = PlaceOrder(shop.services, HandlerConfig("order", options={"first_number": "N-9"}))
    assert shop.order(quantity="1").data["order_number"] == "N-9"
    with pytest.raises(HandlerError, match="first_number"):
        shop.order(quantity="1")
    for wrong in ("", "NAS-"):
        with pytest.raises(HandlerError, match="first_number"):
            PlaceOrder(shop.services, HandlerConfig("order", options={"first_number": wrong}))


def test_what_is_not_there_or_not_sent_there_is_told_with_the_reason(shop: Shop) -> None:
    assert shop.choose("product", "swift brake pad") == ["BRK-1"]
    for said, key in (
        ("creta brake pad", "order_out_of_stock"),
        ("brake pad for tata nexon", "product_not_for"),
        ("flux capacitor", "product_unknown"),
    ):
        with pytest.raises(SlotError) as raised:
            shop.choose("product", said)
        assert raised.value.key in (key, "product_unknown")
    with pytest.raises(SlotError, match="order_stock_short") as short:
        shop.choose("quantity", "4", product="BRK-1")
    assert short.value.values["count"] == 3
    with pytest.raises(SlotError, match="slot_invalid_maximum"):
        shop.choose("quantity", "500")
    with pytest.raises(SlotError, match="delivery_not_there"):
        shop.choose("pin_code", "999999", how="delivery")
    with pytest.raises(SlotError, match="delivery_not_of_this"):
        shop.choose("pin_code", "411001", how="delivery", product="BAT-1")


def test_only_a_delivery_needs_an_address(shop: Shop) -> None:
    assert shop.choose("how", "") == ["delivery", "pickup"]
    assert shop.choose("how", "", pin_code="400703") == ["delivery"]
    assert shop.choose("how", "pickup", pin_code="400703") == ["pickup"]
    assert shop.choose("pin_code", "", how="pickup") == shop.choose("address", "", how="pickup") == ["-"]
    with pytest.raises(SlotError):  # it was to be picked up, and is to be delivered after all
        shop.choose("pin_code", "-", how="delivery")
    with pytest.raises(SlotError):
        shop.choose("address", "-", how="delivery")
    shop.save(delivery=AREAS.splitlines()[0])
    assert shop.choose("how", "") == ["pickup"]


def test_who_ordered_is_forgotten_with_the_chat(shop: Shop) -> None:
    number = str(shop.order().data["order_number"])
    with shop.engine.begin() as db:
        destroy_key(db, "shop", "chat-1")
    order = shop.records.placed_order(number)
    assert order is not None
    assert order.person is None
    assert order.as_order.phone == ""
