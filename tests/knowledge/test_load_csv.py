"""Tables as CSV: an FAQ or a catalogue."""

from __future__ import annotations

import pytest

from munshi.knowledge.base import LoadError
from munshi.knowledge.loaders import load
from tests.knowledge.papers import Write, shape


def test_an_faq_with_alternates_and_category(write: Write) -> None:
    document = load(
        write(
            "faq.csv",
            '\ufeffQuestion,Answer, alternates ,category\r\n"Do you ship, and where?","He said ""all India"".",'
            "kahan bhejte ho | भेजते हो ||,delivery\r\n\r\nOpen on Sunday?,No.,,\r\n",
        )
    )

    first, second = document.blocks
    assert document.kind == "faq"
    assert (first.title, first.text) == ("Do you ship, and where?", 'He said "all India".')
    assert first.alternates == ("kahan bhejte ho", "भेजते हो")
    assert first.category == "delivery"
    assert (second.title, second.text, second.alternates, second.category) == ("Open on Sunday?", "No.", (), "")
    assert document.faults == ()


def test_an_entry_that_is_not_whole_is_left_out_and_named(write: Write) -> None:
    document = load(write("faq.csv", "question,answer\nOpen?,Yes.\nLost question?,\n,An orphan.\nShort row\n"))

    assert [block.title for block in document.blocks] == ["Open?"]
    assert len(document.faults) == 3
    assert all("faq.csv" in fault for fault in document.faults)
    assert "Lost question?" in document.faults[0]
    assert "An orphan." in document.faults[1]


def test_a_table_without_question_and_answer_is_a_catalogue(write: Write) -> None:
    document = load(write("products.csv", "sku,question,price\nBAT-35,Exide 35Ah,4200\n,,\nOIL-1,,450,extra\n"))

    assert document.kind == "catalogue"
    assert shape(document) == [
        ("row", "sku: BAT-35; question: Exide 35Ah; price: 4200"),
        ("row", "sku: OIL-1; price: 450; extra"),
    ]


@pytest.mark.parametrize(
    "content", ["", "question,answer\n", "question,answer\n,\n", "question,answer\nonly?,\n", "\ufeff"]
)
def test_an_faq_without_entries_is_empty(write: Write, content: str) -> None:
    with pytest.raises(LoadError, match=r"faq\.csv.*no text"):
        load(write("faq.csv", content))


def test_an_unclosed_quote_is_named_with_its_line(write: Write) -> None:
    with pytest.raises(LoadError, match=r"faq\.csv, line 3.*quotes"):
        load(write("faq.csv", 'question,answer\nOpen?,Yes.\nShut?,"No.\n'))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["prices.csv", "prices.tsv"])
def test_cells_may_be_parted_by_other_marks(write: Write, name: str, mark: str) -> None:
    lines = [["Item", "Price, with tax", "Colour"], ["Pen; blue", "12,50", "blue"]]
    text = "\n".join(mark.join(f'"{cell}"' if mark in cell else cell for cell in line) for line in lines)

    assert shape(load(write(name, text))) == [("row", "Item: Pen; blue; Price, with tax: 12,50; Colour: blue")]


def test_windows_1252_is_read_and_told(write: Write) -> None:
    document = load(write("faq.csv", "question,answer\nIs the café open?,Yes – daily.\n".encode("cp1252")))

    assert (document.blocks[0].title, document.blocks[0].text) == ("Is the café open?", "Yes – daily.")
    assert "faq.csv" in document.faults[0]
    assert "UTF-8" in document.faults[0]


def test_damaged_utf8_is_not_taken_for_windows_1252(write: Write) -> None:
    data = "question,answer\nवापसी?,सात दिन में\n".encode()

    with pytest.raises(LoadError, match=r"faq\.csv.*UTF-8"):
        load(write("faq.csv", data[:-3] + b"\n"))
