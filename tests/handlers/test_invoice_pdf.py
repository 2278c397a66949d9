"""Copies of bills as PDFs, read back: every field of the records, nothing else, whatever those hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import DictionaryObject
from sqlalchemy import Engine

from munshi.handlers import invoice_pdf as module
from munshi.handlers.base import Turn
from munshi.handlers.invoice_copy import InvoiceCopy
from munshi.handlers.invoice_pdf import Bill, BillLine, invoice_pdf
from munshi.handlers.page_fonts import PageFonts, page_fonts
from munshi.handlers.registry import HandlerConfig
from munshi.handlers.reply_file import PDF
from tests.handlers.conftest import PROFILE
from tests.handlers.test_own_orders import BOOKS
from tests.handlers.test_place_order import HEAD, PADS, Shop

PADS_LINE = BillLine("Brake pads (BRK-1)", "8708", "2", "₹1,850", "18%: ₹564.41", "₹3,700")
BILL = Bill(
    shop=replace(PROFILE, gstin="27AAPFU0939F1ZV"),
    number="NAS-90001",
    placed_on=date(2026, 11, 23),
    customer=("Customer: Asha",),
    lines=(PADS_LINE,),
    sums=(("Delivery", "₹60"), ("Total", "₹12,34,567.50")),
    note="A copy.",
)


def read(data: bytes) -> str:
    reader = PdfReader(BytesIO(data), strict=True)
    assert len(reader.pages) == 1
    return " ".join(reader.pages[0].extract_text().split())


def test_every_field_is_on_one_page_and_the_same_bill_is_the_same_file() -> None:
    made = invoice_pdf(BILL)
    shown = read(made)
    for part in (
        PROFILE.name, PROFILE.address, PROFILE.phone, "GSTIN 27AAPFU0939F1ZV", "COPY OF BILL", "NAS-90001",
        "23 Nov 2026", "Customer: Asha", "Brake pads (BRK-1)", "8708", "18%: ₹564.41", "₹3,700", "Delivery: ₹60",
        "Total: ₹12,34,567.50", "A copy.",
    ):  # fmt: skip
        assert part in shown, part
    assert invoice_pdf(BILL) == made


def test_a_column_that_no_line_fills_is_left_out() -> None:
    shown = read(invoice_pdf(replace(BILL, shop=PROFILE, lines=(BillLine("A special part"),), sums=())))
    assert "A special part" in shown
    for absent in ("HSN", "GST", "Rate", "Qty", "Amount", "Total"):
        assert absent not in shown


HOSTILE = [
    "", " ", "😀🛵", "عميل مهم", "a\u202eb\u2066c", "x" * 10_000, "word " * 2_000, "a\nb\r\nc\x00d\x1b[31m",
    ") Tj ET /JS (app.alert(1)) endstream endobj", "\\)\\(<<>>%%EOF", "नवी ऑटो पार्ट्स क्षत्रिय", "தமிழ் 漢字", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_stands_in_a_field_the_page_holds(value: str) -> None:
    shop = replace(PROFILE, name=value, address=value, phone=value, email=value)
    line = BillLine(*(value,) * 6)
    made = invoice_pdf(Bill(shop, value, date(2026, 1, 1), (value,), (line,), ((value, value), ("Total", "₹5")), value))
    assert "Total: ₹5" in read(made)
    reader = PdfReader(BytesIO(made), strict=True)
    objects = [reader.get_object(number) for number in range(1, reader.trailer["/Size"])]
    keys = {key for each in objects if isinstance(each, DictionaryObject) for key in each}
    assert not keys & {"/JS", "/AA", "/Annots", "/Names", "/EmbeddedFiles"}


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_printed(value: str) -> None:
    read(invoice_pdf(replace(BILL, customer=(value,), lines=(replace(PADS_LINE, item=value),))))


@given(st.text(max_size=60))
def test_what_is_readable_is_short_and_in_one_line(value: str) -> None:
    shown = page_fonts().readable(value, 20)
    assert len(shown) <= 20
    assert shown.splitlines() in ([], [shown])


def test_without_a_font_of_the_system_devanagari_is_in_roman_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = PageFonts(page_fonts().regular, page_fonts().bold, None)
    monkeypatch.setattr(module, "page_fonts", lambda: fonts)
    shown = read(invoice_pdf(replace(BILL, shop=replace(PROFILE, name="नवी ऑटो, दुकान १२ 😀"))))
    assert "Navi Oto, Dukan 12" in shown
    assert "?" not in shown


@pytest.fixture
def shop(engine: Engine, tmp_path: Path, turn: Callable[..., Turn]) -> Shop:
    shop = Shop(engine, tmp_path, turn)
    shop.save(orders=BOOKS)
    return shop


def bill(shop: Shop, number: str, phone: str, language: str = "en") -> str:
    slots = {"order_number": number, "phone": phone}
    (file,) = (
        InvoiceCopy(shop.services, HandlerConfig("bill")).answer(shop.turn(slots=slots, language=language)).attachments
    )
    assert (file.name, file.mime_type) == (f"bill-{number}.pdf", PDF)
    return read(file.data)


def test_an_order_of_the_chat_has_its_lines_and_no_more_of_the_customer_than_a_bill_needs(shop: Shop) -> None:
    shop.save(products=HEAD.replace("gst_rate", "gst_rate,hsn") + PADS.format(stock=3).replace("18\n", "18,87083000\n"))
    shown = bill(shop, str(shop.order().data["order_number"]), "+919000000101")
    for part in ("Front brake pad set", "87083000", "₹1,850", "18%: ₹564.41", "₹3,700", "Asha", "XXXXXX0101"):
        assert part in shown, part
    for secret in ("9000000101", "Flat 4", "400703 "):
        assert secret not in shown.replace(PROFILE.address, "")


def test_an_order_of_the_books_has_what_the_books_hold(shop: Shop) -> None:
    shown = bill(shop, "NAS-20402", "+919000000137", "hi")
    assert "Front brake pad set - Maruti Swift × 1" in shown
    assert "Total: ₹1,850" in shown
    assert "GST:" not in shown
    assert "HSN" not in shown


def test_who_does_not_prove_the_order_gets_no_file(shop: Shop) -> None:
    hidden = InvoiceCopy(shop.services, HandlerConfig("bill")).answer(
        shop.turn(slots={"order_number": "NAS-20402", "phone": "+919000000999"})
    )
    assert hidden.attachments == ()
