"""Files of every format, good and bad, to blocks: nothing lost, and each fault named with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

from munshi.knowledge.base import LoadError
from munshi.knowledge.documents import Document
from munshi.knowledge.loaders import LOADERS, PRIORITY, load

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file by name and says where it is."""

    def _write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


def shape(document: Document) -> list[tuple[str, str]]:
    """A document's blocks as (kind, text)."""
    return [(block.kind, block.text) for block in document.blocks]


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


# Markdown


def test_markdown_headings_paragraphs_and_lists(write: Write) -> None:
    document = load(
        write(
            "returns.md",
            "# Returns\n\nBring the bill.\n\n## What you need\n\nBring these:\n\n"
            "- the part\n- the *box*\n  1. unopened\n",
        )
    )

    assert document.title == "Returns"
    assert document.source == "returns.md"
    assert shape(document) == [
        ("heading", "Returns"),
        ("paragraph", "Bring the bill."),
        ("heading", "What you need"),
        ("paragraph", "Bring these:"),
        ("list", "- the part\n- the box\n  1. unopened"),
    ]
    assert [block.level for block in document.blocks if block.kind == "heading"] == [1, 2]


def test_a_table_is_read_row_by_row_with_its_header(write: Write) -> None:
    document = load(
        write("delivery.md", "| Zone | Charge | Days |\n|---|--:|---|\n| Pune | ₹150 | 2 |\n| **Goa** | | 5 |\n")
    )

    assert shape(document) == [("row", "Zone: Pune; Charge: ₹150; Days: 2"), ("row", "Zone: Goa; Days: 5")]
    assert [block.title for block in document.blocks] == ["Pune", "Goa"]


def test_marks_addresses_comments_and_scripts_are_no_text(write: Write) -> None:
    body = (
        "See **the** [`list`](https://example.org/x) now.\n\n<!-- secret -->\n\n<script>alert(1)</script>\n\n"
        "<div><b>Open</b> daily &amp; late</div>\n\n```\nAP-1042\n```\n\n> Quoted word.\n"
    )
    document = load(write("a.md", body))

    assert [text for _, text in shape(document)] == [
        "See the list now.", "Open daily & late", "AP-1042", "Quoted word.",
    ]  # fmt: skip


@pytest.mark.parametrize("junk", ["<![foo[ x ]]>", "<![if !supportLists]>", "<![endif]>", "<!>", "<?pi x>", "</>"])
def test_html_that_office_programs_leave_is_passed_over(write: Write, junk: str) -> None:
    document = load(write("a.md", f"<div>{junk}</div>\n\nBring the bill.\n"))

    assert shape(document)[-1] == ("paragraph", "Bring the bill.")


def test_front_matter_is_heeded(write: Write) -> None:
    document = load(
        write(
            "warranty.md",
            "---\ntitle: Warranty 2027\nkind: policy\nlanguage: hi\nvalid_from: 2027-01-01\n"
            "valid_until: '2027-12-31'\n---\n# Other\n\nवारंटी दो साल।\n",
        )
    )

    assert (document.title, document.kind, document.language) == ("Warranty 2027", "policy", "hi")
    assert (document.valid_from, document.valid_until) == (date(2027, 1, 1), date(2027, 12, 31))
    assert document.priority == PRIORITY["policy"]
    assert all("valid_from" not in block.text for block in document.blocks)


def test_a_priority_of_its_own_wins(write: Write) -> None:
    assert load(write("a.md", "---\npriority: 99\n---\nText.\n")).priority == 99


@pytest.mark.parametrize(
    ("front", "named"),
    [
        ("valid_from: next Diwali", "valid_from"),
        ("valid_until: [1, 2]", "valid_until"),
        ("valid_from: 2027-02-30", "front matter"),
        ("kind: gossip", "gossip"),
        ("kind: [faq]", "kind"),
        ("priority: high", "priority"),
        ("title: [unclosed", "front matter"),
        ("- a\n- list", "front matter"),
        ("!!python/object:os.system x", "front matter"),
        ("[" * 5000, "front matter"),
    ],
)
def test_bad_front_matter_is_named(write: Write, front: str, named: str) -> None:
    with pytest.raises(LoadError, match=named) as caught:
        load(write("rules.md", f"---\n{front}\n---\nText.\n"))

    assert "rules.md" in str(caught.value)


def test_a_rule_at_the_top_is_no_front_matter(write: Write) -> None:
    assert shape(load(write("a.md", "---\n\nBring the bill.\n"))) == [("paragraph", "Bring the bill.")]


def test_without_a_heading_the_title_comes_from_the_file(write: Write) -> None:
    assert load(write("battery-care_tips.md", "Text.\n")).title == "Battery care tips"


# CSV


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


# Plain text


def test_plain_text_headings_lists_and_broken_lines(write: Write) -> None:
    text = (
        "BATTERY CARE\n\nKeep the terminals clean and dry, and have the charge meas-\nured every three months.\n\n"
        "1. Wear gloves.\n2. Switch the engine off, and then wait until it has cooled down to the\ntouch.\n\n"
        "2.1 Cold Days\nCharge it indoors.\n"
    )
    document = load(write("care.txt", text))

    assert document.title == "BATTERY CARE"
    assert shape(document) == [
        ("heading", "BATTERY CARE"),
        ("paragraph", "Keep the terminals clean and dry, and have the charge measured every three months."),
        ("list", "1. Wear gloves.\n2. Switch the engine off, and then wait until it has cooled down to the touch."),
        ("heading", "2.1 Cold Days"),
        ("paragraph", "Charge it indoors."),
    ]


def test_numbered_lines_in_a_row_are_a_list_and_alone_a_heading(write: Write) -> None:
    kinds = [
        kind
        for kind, _ in shape(load(write("a.txt", "1. Bring bill\n2. Bring box\n\nText here.\n\n3. Refunds\nDone.")))
    ]

    assert kinds == ["list", "paragraph", "heading", "paragraph"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(write: Write, ending: str) -> None:
    text = "First part.\n\nSecond part.\n".replace("\n", ending)

    for name in ("a.txt", "a.md"):
        assert shape(load(write(name, text))) == [("paragraph", "First part."), ("paragraph", "Second part.")]


# Encodings and odd content


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.csv"])
def test_unicode_in_its_usual_encodings(write: Write, name: str, encoding: str) -> None:
    content = "question,answer\nवापसी?,सात दिन में ₹५०।\n" if name == "a.csv" else "सात दिन में ₹५०।\n"

    assert load(write(name, content.encode(encoding))).blocks[0].text == "सात दिन में ₹५०।"


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.csv"])
@pytest.mark.parametrize(
    "content", [b"caf\xe9 open", "दुकान खुली".encode("utf-16-le"), b"\xff\xfea", b"ok\x00ok", bytes(range(256))]
)
def test_a_wrong_encoding_is_named_with_its_remedy(write: Write, name: str, content: bytes) -> None:
    with pytest.raises(LoadError, match="UTF-8") as caught:
        load(write(name, content))

    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
@pytest.mark.parametrize("content", ["", "  \n\t\n", "\ufeff", "# HEADING\n", "\n\n# HEADING OF NOTHING"])
def test_a_file_without_text_is_named(write: Write, name: str, content: str) -> None:
    with pytest.raises(LoadError, match=rf"{name}.*no text"):
        load(write(name, content))


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
@pytest.mark.parametrize("text", ["שלום עולם السعر.", "👍🏽 नमस्ते 🙏.", "ze\u200bro wi\u200ddth \u202etext."])
def test_odd_scripts_come_through_as_written(write: Write, name: str, text: str) -> None:
    assert shape(load(write(name, text))) == [("paragraph", text)]


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_a_huge_single_line(write: Write, name: str) -> None:
    text = "battery charge " * 10_000

    assert load(write(name, text)).blocks[0].text == text.strip()


@pytest.mark.parametrize("name", ["photo.jpg", "noend", "sheet.xlsx"])
def test_an_unknown_format_names_the_known_ones(write: Write, name: str) -> None:
    with pytest.raises(LoadError, match=r"\.md.*\.pdf") as caught:
        load(write(name, "text"))

    assert name in str(caught.value)


def test_a_suffix_in_capitals_is_known(write: Write) -> None:
    assert load(write("README.MD", "Text.")).blocks[0].text == "Text."


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    for name in ("missing.md", "folder.md"):
        with pytest.raises(LoadError, match=rf"{name}.*opened"):
            load(tmp_path / name)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as stream:
        stream.truncate(65 * 1024 * 1024)
    with pytest.raises(LoadError, match=r"big\.txt.*split"):
        load(path)


def test_a_source_of_its_own_names_the_document(write: Write) -> None:
    path = write("a.md", "Text.")

    assert load(path, source="policies/a.md").source == "policies/a.md"
    path.write_bytes(b"")
    with pytest.raises(LoadError, match=r"policies/a\.md"):
        load(path, source="policies/a.md")


# PDF


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


def attempt(data: bytes, suffix: str) -> Document | LoadError:
    """What a loader makes of the bytes, or how it refuses them."""
    try:
        return LOADERS[suffix](data, "a" + suffix)
    except LoadError as error:
        return error


WHOLE_PDF = pdf([["BATTERY CARE", "Keep it dry."], ["Wear gloves."]])


@settings(max_examples=60)
@given(st.integers(0, len(WHOLE_PDF) - 1), st.binary(max_size=12), st.booleans())
def test_a_damaged_pdf_loads_or_says_so(at: int, junk: bytes, cut: bool) -> None:
    damaged = WHOLE_PDF[:at] + junk + (b"" if cut else WHOLE_PDF[at + len(junk) :])
    result = attempt(damaged, ".pdf")

    assert result.blocks if isinstance(result, Document) else "a.pdf" in str(result)


# Anything at all

MARKS = st.sampled_from(
    ["# ", "\n", "\n\n", "- ", "1. ", "| a | b |\n|---|---|\n", "|", "---\n", "kind: ", "```\n", "> ", "<div>", "<![x[",
     "<!--", "[a](b)", "*", "`", "    ", "\\", "&#0;", "॥", ",", '"', "question,answer\n", "word", "वापसी "]
)  # fmt: skip
ANYTHING = st.lists(st.one_of(MARKS, st.text(max_size=8)), max_size=20).map("".join)


@pytest.mark.parametrize("suffix", [".md", ".txt", ".csv"])
@settings(max_examples=120)
@given(text=ANYTHING)
def test_any_text_loads_or_says_why_not(suffix: str, text: str) -> None:
    result = attempt(text.encode("utf-8", "replace"), suffix)

    if isinstance(result, Document):
        assert all(block.text.strip() for block in result.blocks)
    else:
        assert "a" + suffix in str(result)


@pytest.mark.parametrize("suffix", [".md", ".txt", ".csv", ".pdf"])
@settings(max_examples=60)
@given(data=st.binary(max_size=200))
def test_any_bytes_load_or_say_why_not(suffix: str, data: bytes) -> None:
    result = attempt(data, suffix)

    assert isinstance(result, Document) or "a" + suffix in str(result)
