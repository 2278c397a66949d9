"""PDFs that were drawn by hand, by reportlab, and by nobody sane."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

from munshi.knowledge.base import LoadError
from munshi.knowledge.documents import Document
from munshi.knowledge.loaders import load
from tests.knowledge.papers import Write, attempt


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
