"""Word files, made by python-docx and by people who have never seen a style."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.knowledge.base import LoadError
from munshi.knowledge.chunking import passages
from munshi.knowledge.load_docx import load_docx
from munshi.knowledge.loaders import load
from tests.knowledge.papers import Write, attempt, shape, told


def saved(word: WordDocument) -> bytes:
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def returns() -> WordDocument:
    word = docx.Document()
    word.core_properties.modified = datetime(2026, 4, 1)
    word.sections[0].header.paragraphs[0].text = "Navi Auto Spares"
    word.add_heading("Returns policy", 0)
    word.add_paragraph("Bring the bill.")
    word.add_heading("What can be returned", 1)
    word.add_paragraph("Unused parts", style="List Bullet")
    word.add_paragraph("with their box", style="List Bullet 2")
    word.add_heading("Charges", 2)
    table = word.add_table(rows=3, cols=3)
    for row, cells in zip(table.rows, [("Part", "Days", "Fee"), ("Battery", "7", "₹150"), ("", "10", "")], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    word.add_paragraph("वापसी सात दिन में।")
    return word


def clauses() -> WordDocument:
    """Clauses as lawyers write them: "4." a heading, "4.1" and "(a)" numbered by Word."""
    word = docx.Document()
    levels = "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="{start}"/><w:numFmt w:val="{kind}"/>'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
        for depth, start, kind, text in [
            (0, 4, "decimal", "%1."),
            (1, 1, "decimal", "%1.%2"),
            (2, 1, "lowerLetter", "(%3)"),
        ]
    )
    root = word.part.numbering_part.element
    root.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">{levels}</w:abstractNum>'))
    root.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    for style, depth, text in [
        ("Heading 1", 0, "Returns"), (None, 1, "The buyer may return parts."), (None, 1, "The seller pays for:"),
        (None, 2, "transport"), (None, 2, "packing"), (None, 1, "Nothing else is paid."), ("Heading 1", 0, "Law"),
        (None, 1, "Courts at Pune."), (None, 1, "Laws of India."),
    ]:  # fmt: skip
        paragraph = word.add_paragraph(text, style=style)
        numbering = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        numbering.get_or_add_ilvl().val = depth
        numbering.get_or_add_numId().val = 90
    return word


def test_headings_lists_and_tables_in_their_order(write: Write) -> None:
    document = load(write("returns.docx", saved(returns())))

    assert shape(document) == [
        ("heading", "Returns policy"),
        ("paragraph", "Bring the bill."),
        ("heading", "What can be returned"),
        ("list", "- Unused parts\n- with their box"),
        ("heading", "Charges"),
        ("row", "Part: Battery; Days: 7; Fee: ₹150"),
        ("row", "Part: Battery; Days: 10"),
        ("paragraph", "वापसी सात दिन में।"),
    ]
    assert (document.title, document.kind, document.dated) == ("Returns policy", "policy", date(2026, 4, 1))
    assert [p.heading for p in passages(document)][-1] == ("What can be returned", "Charges")


def test_numbers_that_word_writes_are_kept() -> None:
    document = load_docx(saved(clauses()), "terms.docx")

    assert shape(document) == [
        ("heading", "4. Returns"),
        ("paragraph", "4.1 The buyer may return parts."),
        ("paragraph", "4.2 The seller pays for:"),
        ("list", "    (a) transport\n    (b) packing"),
        ("paragraph", "4.3 Nothing else is paid."),
        ("heading", "5. Law"),
        ("paragraph", "5.1 Courts at Pune."),
        ("paragraph", "5.2 Laws of India."),
    ]
    assert [p.id for p in passages(document)][:2] == ["terms.docx#4-returns/4.1", "terms.docx#4-returns/4.2"]


def test_a_bold_line_is_a_heading_where_styles_are_unknown() -> None:
    word = docx.Document()
    for text, bold in [("Refunds", True), ("Paid in five days.", False), ("Never pay twice.", True), ("Note: ", None)]:
        word.add_paragraph().add_run(text).bold = bold
    word.paragraphs[-1].add_run("by card").bold = True

    assert [kind for kind, _ in shape(load_docx(saved(word), "a.docx"))] == ["heading"] + ["paragraph"] * 3


def test_names_and_values_side_by_side_have_no_header() -> None:
    word = docx.Document()
    table = word.add_table(rows=2, cols=2)
    for row, (name, value) in zip(table.rows, [("Phone", "98200 00000"), ("Address:", "Plot 44")], strict=True):
        row.cells[0].text, row.cells[1].text = name, value

    assert [text for _, text in shape(load_docx(saved(word), "a.docx"))] == ["Phone: 98200 00000", "Address: Plot 44"]


def test_a_table_of_questions_is_an_faq_and_what_it_lacks_is_named() -> None:
    word = docx.Document()
    table = word.add_table(rows=3, cols=2)
    for row, cells in zip(table.rows, [("Question", "Answer"), ("Open?", "Yes."), ("Shut?", "")], strict=True):
        row.cells[0].text, row.cells[1].text = cells
    document = load_docx(saved(word), "faq.docx")

    assert [(block.kind, block.title, block.text) for block in document.blocks] == [("faq", "Open?", "Yes.")]
    assert "faq.docx, table 1" in document.faults[0]
    assert "Shut?" in document.faults[0]


def test_a_broken_table_is_left_out_and_named() -> None:
    word = returns()
    table = word.tables[0]._tbl
    merge = OxmlElement("w:vMerge")
    table.tr_lst[0].tc_lst[0].get_or_add_tcPr().append(merge)
    merge.set(qn("w:val"), "continue")  # of what, in the first row?
    document = load_docx(saved(word), "returns.docx")

    assert ("paragraph", "Bring the bill.") in shape(document)
    assert "वापसी सात दिन में।" in shape(document)[-1][1]


def test_properties_tell_title_and_validity() -> None:
    word = docx.Document()
    word.core_properties.title, word.core_properties.subject = "Warranty", "Valid until 31 March 2027"
    word.add_paragraph("Two years.")
    document = load_docx(saved(word), "w.docx")

    assert (document.title, document.kind, document.valid_until) == ("Warranty", "policy", date(2027, 3, 31))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not word", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_what_is_no_word_file_is_named(write: Write, content: bytes) -> None:
    with pytest.raises(LoadError, match=r"a\.docx.*save it"):
        load(write("a.docx", content))


def test_another_office_file_is_named(write: Write) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("hello.txt", "hello")
    with pytest.raises(LoadError, match=r"a\.docx.*save it"):
        load(write("a.docx", out.getvalue()))


def test_a_bomb_is_not_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", bytes(300 * 1024 * 1024))
    with pytest.raises(LoadError, match=r"a\.docx.*limit"):
        load_docx(out.getvalue(), "a.docx")


WHOLE = saved(returns())


@settings(max_examples=60)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=12))
def test_a_damaged_word_file_loads_or_says_so(at: int, junk: bytes) -> None:
    assert told(attempt(WHOLE[:at] + junk + WHOLE[at + len(junk) :], ".docx"), "a.docx")


MARKUP = st.sampled_from(
    ["<w:p/>", "</w:p>", "<w:tbl>", "<w:vMerge/>", 'w:val="', "<w:numPr>", "&x;", "<", "0", "w:ilvl"]
)


@settings(max_examples=60)
@given(st.integers(0, 4000), MARKUP)
def test_damaged_markup_loads_or_says_so(at: int, junk: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name).decode("utf-8", "surrogateescape")
            broken = data[:at] + junk + data[at:] if name == "word/document.xml" else data
            new.writestr(name, broken.encode("utf-8", "surrogateescape"))
    assert told(attempt(out.getvalue(), ".docx"), "a.docx")
