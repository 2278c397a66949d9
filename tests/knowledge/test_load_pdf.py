"""PDFs that were drawn by hand, by reportlab, and by nobody sane."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BalancedColumns,
    BaseDocTemplate,
    Frame,
    FrameBreak,
    PageBreak,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from munshi.knowledge.base import LoadError
from munshi.knowledge.chunking import passages
from munshi.knowledge.documents import Document
from munshi.knowledge.loaders import load
from tests.knowledge.papers import Write, attempt, drawn, shape


def pdf(pages: Sequence[Sequence[str]], trailer: str = "", extra: Sequence[str] = ()) -> bytes:
    """A PDF of Latin text, written out by hand: one line of text a string, one list a page."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for n, lines in enumerate(pages):
        shown = "BT /F1 12 Tf 72 720 Td " + " ".join(f"({line}) Tj 0 -16 Td" for line in lines) + " ET"
        objects.append(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>"
            f"/Contents {5 + 2 * n} 0 R>>"
        )
        objects.append(f"<</Length {len(shown)}>>stream\n{shown}\nendstream")
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate([*objects, *extra], 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(offsets) + 1
    end = f"trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{len(out)}\n%%EOF\n"
    return (out + f"xref\n0 {size}\n0000000000 65535 f \n" + table + end).encode("latin-1")


def locked(password: str) -> bytes:
    """A PDF that a user's password locks (RC4, 128 bits)."""
    writer, out = PdfWriter(BytesIO(pdf([["The battery has a warranty."]]))), BytesIO()
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def test_a_pdf_is_read_page_by_page(write: Write) -> None:
    document = load(write("care.pdf", pdf([["BATTERY CARE", "Keep it dry."], ["Charge it monthly.", "Wear gloves."]])))

    assert document.title == "BATTERY CARE"
    assert [(block.page, block.text) for block in document.blocks] == [
        (1, "BATTERY CARE"),
        (1, "Keep it dry."),
        (2, "Charge it monthly. Wear gloves."),
    ]


def test_an_empty_page_keeps_the_count(write: Write) -> None:
    document = load(write("a.pdf", pdf([["First page."], [], ["Third page."]])))

    assert [block.page for block in document.blocks] == [1, 3]


def test_a_pdf_locked_for_owners_only_opens(write: Write) -> None:
    assert load(write("a.pdf", locked(""))).blocks[0].text == "The battery has a warranty."


def test_a_pdf_behind_a_password_is_named(write: Write) -> None:
    with pytest.raises(LoadError, match=r"a\.pdf.*password"):
        load(write("a.pdf", locked("sesame")))


def test_a_pdf_with_strong_encryption_is_named(write: Write) -> None:
    zeros = "<" + "00" * 48 + ">"
    encrypt = (
        f"<</Filter/Standard/V 5/R 6/Length 256/P -4/O {zeros}/U {zeros}/OE <{'00' * 32}>/UE <{'00' * 32}>"
        f"/Perms <{'00' * 16}>/StmF/StdCF/StrF/StdCF/CF<</StdCF<</CFM/AESV3/AuthEvent/DocOpen/Length 32>>>>>>"
    )
    ids = "/Encrypt 6 0 R/ID[<00><00>]"
    with pytest.raises(LoadError, match=r"a\.pdf.*password"):
        load(write("a.pdf", pdf([["Text."]], ids, [encrypt])))


def test_a_scanned_pdf_is_named(write: Write) -> None:
    with pytest.raises(LoadError, match=r"a\.pdf.*scanned"):
        load(write("a.pdf", pdf([[], []])))


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.4", b"not a pdf", bytes(range(256)) * 8, b"%PDF-1.4\ntrailer<</Root 1 0 R>>\n%%EOF"],
)
def test_a_broken_pdf_is_named_with_its_remedy(write: Write, content: bytes) -> None:
    with pytest.raises(LoadError, match=r"a\.pdf.*PDF"):
        load(write("a.pdf", content))


WHOLE_PDF = pdf([["BATTERY CARE", "Keep it dry."], ["Wear gloves."]])


@settings(max_examples=60)
@given(st.integers(0, len(WHOLE_PDF) - 1), st.binary(max_size=12), st.booleans())
def test_a_damaged_pdf_loads_or_says_so(at: int, junk: bytes, cut: bool) -> None:
    damaged = WHOLE_PDF[:at] + junk + (b"" if cut else WHOLE_PDF[at + len(junk) :])
    result = attempt(damaged, ".pdf")

    assert result.blocks if isinstance(result, Document) else "a.pdf" in str(result)


# As people lay them out

STYLES = getSampleStyleSheet()
LEFT = [f"Left sentence number {n} runs on for some words until it ends." for n in range(8)]
RIGHT = [f"Right sentence number {n} runs on for some words until it ends." for n in range(8)]
PRICES = [
    ["Item", "Price", "Stock"],
    ["Exide battery", "₹4,200".replace("₹", "Rs. "), "5"],
    ["Engine oil", "Rs. 450", "12"],
]


def says(text: str, style: str = "BodyText") -> Paragraph:
    return Paragraph(text, STYLES[style])


def test_columns_are_read_one_after_the_other(write: Write) -> None:
    frames = [Frame(50, 50, 230, 640), Frame(320, 50, 230, 640)]
    out = BytesIO()
    document = BaseDocTemplate(out)
    document.addPageTemplates(
        PageTemplate(
            frames=frames, onPage=lambda canvas, _: canvas.drawString(50, 740, "A title over both columns of the page")
        )
    )
    document.build([*map(says, LEFT), FrameBreak(), *map(says, RIGHT)])
    text = " ".join(block.text for block in load(write("a.pdf", out.getvalue())).blocks)

    assert text.startswith("A title over both columns of the page")
    assert [text.index(sentence) for sentence in LEFT + RIGHT] == sorted(map(text.index, LEFT + RIGHT))


def test_columns_on_a_part_of_a_page_are_found(write: Write) -> None:
    columns = BalancedColumns([*map(says, LEFT), *map(says, RIGHT)], nCols=2)
    story = [
        says("Terms of the shop", "Title"),
        says("A line above."),
        columns,
        Spacer(1, 40),
        says("Prices:"),
        Table(PRICES),
    ]
    document = load(write("a.pdf", drawn(story)))
    text = " ".join(block.text for block in document.blocks)

    assert [text.index(part) for part in (*LEFT, *RIGHT)] == sorted(map(text.index, (*LEFT, *RIGHT)))
    assert text.index("A line above.") < text.index(LEFT[0])
    assert text.index(RIGHT[-1]) < text.index("Prices:") < text.index("Item: Engine oil; Price: Rs. 450; Stock: 12")


@pytest.mark.parametrize("ruled", [True, False])
def test_a_table_is_read_row_by_row_with_its_header(write: Write, ruled: bool) -> None:
    table = Table(PRICES, colWidths=150, style=[("GRID", (0, 0), (-1, -1), 1, "black")] if ruled else [])
    document = load(
        write("prices.pdf", drawn([says("Our prices for this year:"), Spacer(1, 12), table, says("All with tax.")]))
    )

    assert shape(document) == [
        ("paragraph", "Our prices for this year:"),
        ("row", "Item: Exide battery; Price: Rs. 4,200; Stock: 5"),
        ("row", "Item: Engine oil; Price: Rs. 450; Stock: 12"),
        ("paragraph", "All with tax."),
    ]


def test_a_table_that_goes_on_overleaf_keeps_its_header(write: Write) -> None:
    rows = [["Item", "Note"], *([f"Part {n}", f"note {n}"] for n in range(90))]
    grid = [("GRID", (0, 0), (-1, -1), 1, "black"), ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold")]
    found = load(write("a.pdf", drawn([Table([["Sr", *row] for row in rows], style=grid)]))).blocks

    assert [block.text for block in found] == [f"Sr: Sr; Item: Part {n}; Note: note {n}" for n in range(90)]
    assert {block.page for block in found} == {1, 2, 3}


def test_what_is_wrong_with_a_table_is_told_with_its_page(write: Write) -> None:
    rows = [["Question", "Answer"], ["Are you open on Sunday?", "Until noon."], ["Do you deliver?", ""]]
    table = Table(rows, colWidths=150, style=[("GRID", (0, 0), (-1, -1), 1, "black")])
    document = load(write("faq.pdf", drawn([says("First page."), PageBreak(), table])))

    assert len(document.faults) == 1
    assert "faq.pdf, page 2" in document.faults[0]
    assert "Do you deliver?" in document.faults[0]


def test_headings_are_told_by_their_type(write: Write) -> None:
    story = [says("<font size=24>Warranty terms</font>", "Title"), says("Batteries and all that is fitted", "Heading1"),
             says("Two years. Bring The Bill"), says("what is left out", "Heading2"), says("Damage by water."),
             says("Tyres", "Heading1"), says("One year.")]  # fmt: skip
    document = load(write("w.pdf", drawn(story)))

    assert (document.title, document.kind) == ("Warranty terms", "policy")
    assert [(p.heading, p.text) for p in passages(document)] == [
        (("Batteries and all that is fitted",), "Two years. Bring The Bill"),
        (("Batteries and all that is fitted", "what is left out"), "Damage by water."),
        (("Tyres",), "One year."),
    ]


def test_running_heads_and_page_numbers_are_left_out(write: Write) -> None:
    def furnish(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.drawString(60, 810, "Navi Auto Spares – handbook")
        canvas.drawRightString(540, 20, f"Page {document.page} of 4")

    out = BytesIO()
    story = [part for n in range(4) for part in (says(f"Text of page {n}."), PageBreak())]
    SimpleDocTemplate(out).build(story, onFirstPage=furnish, onLaterPages=furnish)

    assert [block.text for block in load(write("a.pdf", out.getvalue())).blocks] == [
        f"Text of page {n}." for n in range(4)
    ]


def test_a_paragraph_that_goes_on_overleaf_is_one(write: Write) -> None:
    document = load(write("a.pdf", pdf([["The battery is ex-"], ["changed within seven days."]])))

    assert [(block.page, block.text) for block in document.blocks] == [
        (1, "The battery is exchanged within seven days.")
    ]


def test_numbered_clauses_are_passages(write: Write) -> None:
    story = [
        says("Terms", "Title"),
        *(says(f"4.{n} Clause number {n} says what it says, at some length.") for n in (1, 2, 3)),
    ]
    found = passages(load(write("terms.pdf", drawn(story))))

    assert [p.id for p in found] == ["terms.pdf#4.1", "terms.pdf#4.2", "terms.pdf#4.3"]


def test_properties_tell_date_and_title(write: Write) -> None:
    document = load(
        write("a.pdf", drawn([says("Some text.")], title="Price list", subject="Valid until 31 March 2027"))
    )

    assert (document.title, document.valid_until) == ("Price list", date(2027, 3, 31))
    assert document.dated is not None


def test_a_broken_page_is_left_out_and_named(write: Write) -> None:
    data = pdf([["First page."], ["Second page."], ["Third page."]])
    second = data.index(b"/MediaBox", data.index(b"/MediaBox") + 1)
    document = load(write("a.pdf", data[:second] + data[second:].replace(b"[0 0 612 792]", b"[0 0 612 (x)]", 1)))

    assert [(block.page, block.text) for block in document.blocks] == [(1, "First page."), (3, "Third page.")]
    assert "a.pdf, page 2" in document.faults[0]


def test_a_bomb_is_stopped(write: Write) -> None:
    stream = zlib.compress(bytes(3 << 30 >> 1), 9)
    bomb = pdf(
        [["x"]], extra=[f"<</Length {len(stream)}/Filter/FlateDecode>>stream\n{stream.decode('latin-1')}\nendstream"]
    )
    with pytest.raises(LoadError, match=r"a\.pdf"):
        load(write("a.pdf", bomb.replace(b"/Contents 5 0 R", b"/Contents 6 0 R")))
