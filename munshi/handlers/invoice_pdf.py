"""The copy of a bill as a PDF: what the records hold, laid out as bills are, the same file for the same bill.

Its own words are English, as on most bills in India; the records' stand as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from munshi.handlers.base import BusinessProfile
from munshi.handlers.page_fonts import page_fonts
from munshi.handlers.when import day

if TYPE_CHECKING:
    from fpdf import FPDF

_MOST, _MOST_IN_CELL = 160, 24
"""Most characters of one field, and of a narrow one: a bill stays a page."""

_WIDTHS = {"Item": 8, "HSN": 2, "Qty": 1, "Rate": 2, "GST incl.": 3, "Amount": 2}
_MARGIN, _LINE = 16, 6  # millimetres


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line, each field as it is printed; empty what the records do not have."""

    item: str
    hsn: str = ""
    count: str = ""
    rate: str = ""
    gst: str = ""
    amount: str = ""

    @property
    def cells(self) -> dict[str, str]:
        """The fields by the head of their column."""
        return dict(zip(_WIDTHS, (self.item, self.hsn, self.count, self.rate, self.gst, self.amount), strict=True))


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill to be printed. `customer` are lines; `sums` are pairs of what and how much, the last of them the total."""

    shop: BusinessProfile
    number: str
    placed_on: date
    customer: tuple[str, ...]
    lines: tuple[BillLine, ...]
    sums: tuple[tuple[str, str], ...]
    note: str


def invoice_pdf(bill: Bill) -> bytes:
    """The bill as a PDF of one page, of more only where its lines need them."""
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_creation_date(datetime.combine(bill.placed_on, time(), UTC))
    pdf.set_title(_readable(f"Copy of the bill of order {bill.number}"))
    pdf.set_author(_readable(bill.shop.name))
    pdf.set_margin(_MARGIN)
    _set_fonts(pdf)
    pdf.add_page()
    _head(pdf, bill)
    _table(pdf, bill.lines)
    for number, (what, much) in enumerate(bill.sums, start=1):
        pdf.set_font(style="B" if number == len(bill.sums) else "", size=10)
        _line(pdf, f"{what}: {much}", align="R")
    pdf.ln(_LINE)
    pdf.set_font(style="", size=8)
    pdf.multi_cell(0, _LINE, _readable(bill.note, 400), new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def _set_fonts(pdf: FPDF) -> None:
    fonts = page_fonts()
    pdf.add_font("body", fname=fonts.regular)
    pdf.add_font("body", "B", fname=fonts.bold)
    if fonts.devanagari is not None:
        pdf.add_font("devanagari", fname=fonts.devanagari)
        pdf.set_fallback_fonts(["devanagari"], exact_match=False)
    pdf.set_text_shaping(True)  # Devanagari's letters change their places, and Arabic's their shapes
    pdf.set_font("body", size=10)


def _head(pdf: FPDF, bill: Bill) -> None:
    shop = bill.shop
    pdf.set_font(style="B", size=16)
    _line(pdf, shop.name, height=9)
    pdf.set_font(style="", size=9)
    contact = " · ".join(filter(None, (shop.phone, shop.email)))
    for text in filter(None, (shop.address, contact, shop.gstin and f"GSTIN {shop.gstin}")):
        _line(pdf, text)
    pdf.ln(_LINE)
    pdf.set_font(style="B", size=13)
    _line(pdf, "COPY OF BILL", height=8)
    pdf.set_font(style="", size=10)
    for text in (f"Order: {bill.number}", f"Date: {day(bill.placed_on)}", *bill.customer):
        _line(pdf, text)
    pdf.ln(_LINE)


def _table(pdf: FPDF, lines: Sequence[BillLine]) -> None:
    """The lines, without the columns of which no line has anything."""
    heads = [head for head in _WIDTHS if head == "Item" or any(line.cells[head] for line in lines)]
    align = tuple("LEFT" if head in ("Item", "HSN") else "RIGHT" for head in heads)
    widths = tuple(_WIDTHS[head] for head in heads)
    pdf.set_font(size=9)
    with pdf.table(
        col_widths=widths, text_align=align, borders_layout="HORIZONTAL_LINES", line_height=_LINE, padding=1
    ) as table:
        for cells in (dict(zip(heads, heads, strict=True)), *(line.cells for line in lines)):
            table.row(tuple(_readable(cells[head], _MOST if head == "Item" else _MOST_IN_CELL) for head in heads))
    pdf.ln(_LINE / 2)


def _line(pdf: FPDF, text: str, *, height: int = _LINE, align: str = "L") -> None:
    pdf.multi_cell(0, height, _readable(text), align=align, new_x="LMARGIN", new_y="NEXT")


def _readable(text: str, most: int = _MOST) -> str:
    return page_fonts().readable(text, most)
