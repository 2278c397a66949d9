from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.handlers.columns import ORDERS, PRODUCTS, code_key
from munshi.handlers.csv_file import read_records

HEAD = "sku,name,price,stock\n"


def products(text: str | bytes) -> object:
    return read_records(PRODUCTS, text.encode() if isinstance(text, str) else text, "products.csv")


def test_rows_are_typed_and_other_columns_kept() -> None:
    read = read_records(
        PRODUCTS,
        '\ufeffSKU, Name ,price,stock,fits,shelf\r\nab-1,"Oil, 5 L",1250.50,3,Swift| Alto |,C4\r\n,,,,,\r\n'.encode(),
        "products.csv",
    )
    assert read.faults == ()
    (row,) = read.rows
    assert (row["key"], row["sku"], row["name"]) == ("AB1", "ab-1", "Oil, 5 L")
    assert (row["price_paise"], row["stock"], row["fits"]) == (125_050, 3, ["Swift", "Alto"])
    assert row["extra"] == {"shelf": "C4"}
    assert row["warranty_months"] is None


def test_dates_and_states_of_orders() -> None:
    text = "order_number,status,placed_on,expected_on,items\nA 1,Out for delivery,2026-11-20,,BRK-1 x2|BRK-2 x1\n"
    (row,) = read_records(ORDERS, text.encode(), "orders.csv").rows
    assert (row["status"], row["placed_on"], row["expected_on"]) == ("out_for_delivery", date(2026, 11, 20), None)
    assert row["items"] == ["BRK-1 x2", "BRK-2 x1"]


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        ("", 1, ""),
        ("\n\n", 1, ""),
        ("sku;name;price;stock\n1;a;2;3\n", 1, ""),
        ("sku,name,stock\n", 1, "price"),
        ("sku,name,price,stock,price\n", 1, "price"),
        (HEAD + "a,b,12\n", 2, "stock"),
        (HEAD + "a,b,12,3,4\n", 2, ""),
        (HEAD + "a,b,Rs 12,3\n", 2, "price"),
        (HEAD + "a,b,-12,3\n", 2, "price"),
        (HEAD + "a,b,12,3.5\n", 2, "stock"),
        (HEAD + "a,b,12,3\n\na,c,12,3\n", 4, "sku"),
        (HEAD + "A-1,b,12,3\na 1,c,12,3\n", 3, "sku"),
        (HEAD + "!!,b,12,3\n", 2, "sku"),
        (HEAD + 'a,"two\nlines",12,3\nb,,12,3\n', 4, "name"),
        (HEAD + 'a,"never closed,12,3\n', 2, ""),
        (HEAD + f"a,{'x' * 6000},12,3\n", 2, "name"),
        (HEAD + "a,b\0,12,3\n", 2, ""),
        (HEAD.encode() + "a,द,12,3\n".encode("utf-16-le"), 2, ""),
        (HEAD.encode("utf-16"), 1, ""),
        (HEAD.encode() + b"a,caf\xe9,12,3\n", 2, ""),
    ],
)
def test_a_fault_is_told_by_line_and_column(content: str | bytes, line: int, column: str) -> None:
    read = read_records(PRODUCTS, content.encode() if isinstance(content, str) else content, "products.csv")
    assert [(fault.line, fault.column) for fault in read.faults] == [(line, column)]
    assert read.rows == ()
    told = str(read.faults[0])
    assert told.startswith(f"products.csv:{line}: ")
    assert "\n" not in told


def test_every_fault_is_told_at_once() -> None:
    read = read_records(PRODUCTS, (HEAD + "a,,x,y\nb,,1,1\n").encode(), "products.csv")
    assert [(fault.line, fault.column) for fault in read.faults] == [
        (2, "name"), (2, "price"), (2, "stock"), (3, "name"),
    ]  # fmt: skip


@pytest.mark.parametrize("day", ["24-11-2026", "2026-02-30", "2026-W01-1", "20261124", "२०२६-११-२४"])
def test_a_day_is_written_one_way(day: str) -> None:
    text = f"order_number,status,placed_on,items\nA1,placed,{day},x\n"
    assert [fault.column for fault in read_records(ORDERS, text.encode(), "orders.csv").faults] == ["placed_on"]


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda text: HEAD.encode() + text.encode("utf-8", "replace"))
)
def test_any_file_gives_rows_or_faults(content: bytes) -> None:
    read = read_records(PRODUCTS, content, "products.csv")
    assert not (read.rows and read.faults)
    assert all(row["key"] and row["price_paise"] >= 0 for row in read.rows)


@pytest.mark.parametrize(
    ("code", "same"),
    [("nas-20401", "NAS 20401"), ("NAS20401", "nas_20401"), ("NAS-२०४०१", "NAS-20401"), ("ＮＡＳ-1", "nas1")],
)
def test_codes_are_the_same_however_they_are_typed(code: str, same: str) -> None:
    assert code_key(code) == code_key(same)


@given(st.text())
def test_a_code_key_is_stable(code: str) -> None:
    assert code_key(code_key(code)) == code_key(code)
