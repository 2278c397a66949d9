"""Excel files, made by openpyxl: every sheet as a person reads it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.workbook import Workbook

from munshi.knowledge.base import LoadError
from munshi.knowledge.cell import written
from munshi.knowledge.chunking import passages
from munshi.knowledge.load_xlsx import load_xlsx
from munshi.knowledge.loaders import load
from tests.knowledge.papers import Write, attempt, shape, told


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def book(**sheets: Sequence[Sequence[object]]) -> Workbook:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return made


def prices() -> Workbook:
    made = book(
        Prices=[
            ["Price list effective from 1 April 2026"], [], ["Item", "Price", "GST", "Since"], ["Batteries"],
            ["Exide 35Ah", 4200.0, 0.28, date(2026, 3, 31)], [None, 150000, None, None], ["Oil", 450.5, 0.18, None],
        ],
        FAQ=[["Question", "Answer"], ["Open?", "Yes."], ["Shut?", None]],
        Empty=[],
    )  # fmt: skip
    sheet = made["Prices"]
    sheet.merge_cells("A5:A6")
    for row in (5, 6, 7):
        sheet.cell(row, 2).number_format = '"₹"#,##0'
        sheet.cell(row, 3).number_format = "0%"
    return made


def test_every_sheet_is_read_as_its_columns_say(write: Write) -> None:
    document = load(write("list.xlsx", saved(prices())))

    assert shape(document)[:6] == [
        ("heading", "Prices"),
        ("paragraph", "Price list effective from 1 April 2026"),
        ("heading", "Batteries"),
        ("row", "Item: Exide 35Ah; Price: ₹4,200; GST: 28%; Since: 31 March 2026"),
        ("row", "Item: Exide 35Ah; Price: ₹1,50,000"),
        ("row", "Item: Oil; Price: ₹450.5; GST: 18%"),
    ]
    found = passages(document)
    assert [(p.kind, p.heading) for p in found][1] == ("catalogue", ("Prices", "Batteries"))
    assert [(p.title, p.text, p.kind, p.heading) for p in found if p.kind == "faq"] == [
        ("Open?", "Yes.", "faq", ("FAQ",))
    ]
    assert {p.valid_from for p in found if p.heading[0] == "Prices"} == {date(2026, 4, 1)}
    assert {p.valid_from for p in found if p.heading[0] == "FAQ"} == {None}
    assert "list.xlsx, sheet 'FAQ'" in document.faults[0]
    assert "Shut?" in document.faults[0]


def test_a_workbook_of_questions_is_an_faq() -> None:
    document = load_xlsx(
        saved(book(Help=[["Answer", "Question", "Alternates"], ["Yes.", "Open?", "khula|open"]])), "a.xlsx"
    )

    assert (document.kind, document.blocks[1].alternates) == ("faq", ("khula", "open"))


@pytest.mark.parametrize(
    ("value", "shown", "text"),
    [
        (4200.0, "General", "4200"), (0.1 + 0.2, "General", "0.3"), (1234567, "#,##0", "1,234,567"),
        (1234567, "[$₹-4009] #,##0.00", "₹12,34,567.00"), (1234567, '"Rs." #,##0', "Rs. 12,34,567"),
        (1234.5, "[$$-409]#,##0.00", "$1,234.50"), (0.185, "0.0%", "18.5%"), (0.18, "0%", "18%"), (-5, "General", "-5"),
        (True, "General", "yes"), (datetime(2026, 3, 31), "General", "31 March 2026"),
        (datetime(2026, 3, 31, 18, 5), "General", "31 March 2026, 18:05"), (time(9, 30), "General", "09:30"),
        ("  two\n words ", "General", "two words"), (1e20, "#,##0", "1e+20"), (999, "#,##0", "999"),
    ],
)  # fmt: skip
def test_values_are_written_as_a_person_reads_them(value: object, shown: str, text: str) -> None:
    assert written(value, shown) == text


@given(st.integers(-(10**12), 10**12), st.sampled_from(["General", "#,##0", '"₹"#,##0', "0"]))
def test_grouping_loses_no_digit(value: int, shown: str) -> None:
    assert int(written(value, shown).replace(",", "").replace("₹", "")) == value


def test_errors_and_formulas_without_a_value_are_named() -> None:
    made = book(Stock=[["Item", "Left", "Twice"], ["Pen", 5, "=B2*2"], ["Ink", "#REF!", None]])
    made["Stock"]["B3"].data_type = "e"
    document = load_xlsx(saved(made), "stock.xlsx")

    assert [text for kind, text in shape(document) if kind == "row"] == ["Item: Pen; Left: 5", "Item: Ink"]
    assert any("B3" in fault and "#REF!" in fault for fault in document.faults)
    assert any("C2" in fault and "Excel" in fault for fault in document.faults)


def test_hidden_sheets_and_rows_are_not_read() -> None:
    made = book(Shown=[["Item", "Cost"], ["Pen", 5], ["Secret", 1]], Hidden=[["Item", "Cost"], ["Margin", 40]])
    made["Hidden"].sheet_state = "hidden"
    made["Shown"].row_dimensions[3].hidden = True

    assert [text for kind, text in shape(load_xlsx(saved(made), "a.xlsx")) if kind == "row"] == ["Item: Pen; Cost: 5"]


def test_a_far_away_cell_costs_nothing_and_is_told() -> None:
    made = book(Far=[["Item", "Cost"], ["Pen", 5]])
    made["Far"]["XFD1048576"] = "far"
    document = load_xlsx(saved(made), "a.xlsx")

    assert ("row", "Item: Pen; Cost: 5") in shape(document)
    assert "rows are read" in document.faults[0]
    assert "columns are read" in document.faults[1]


def test_a_large_sheet_is_streamed() -> None:
    document = load_xlsx(
        saved(book(Many=[["Item", "Price", "Note"], *([f"Item {n}", n, "x" * 400] for n in range(20_500))])), "a.xlsx"
    )

    assert sum(block.kind == "row" for block in document.blocks) == 20_500


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"a,b\n1,2", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_what_is_no_excel_file_is_named(write: Write, content: bytes) -> None:
    with pytest.raises(LoadError, match=r"a\.xlsx.*save it"):
        load(write("a.xlsx", content))


def test_an_empty_workbook_is_named(write: Write) -> None:
    with pytest.raises(LoadError, match=r"a\.xlsx.*no text"):
        load(write("a.xlsx", saved(book(Sheet1=[]))))


WHOLE = saved(prices())


@settings(max_examples=60)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=12))
def test_a_damaged_excel_file_loads_or_says_so(at: int, junk: bytes) -> None:
    assert told(attempt(WHOLE[:at] + junk + WHOLE[at + len(junk) :], ".xlsx"), "a.xlsx")
