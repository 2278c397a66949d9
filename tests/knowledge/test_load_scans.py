"""Scanned pages and pictures, read by the real Tesseract; and what is told where there is none."""

from __future__ import annotations

import os
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter

from munshi.knowledge.base import LoadError
from munshi.knowledge.load_image import load_image
from munshi.knowledge.load_pdf import load_pdf
from munshi.knowledge.loaders import load
from tests.conftest import REQUIRED
from tests.knowledge.papers import Write, drawn
from tests.knowledge.test_load_pdf import pdf, says

LINES = ("Warranty on batteries", "Bring the bill within 24 months.", "The fee is 150 rupees.")


@pytest.fixture
def tesseract() -> None:
    if shutil.which("tesseract") is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"there is no Tesseract, and {REQUIRED} asks for one")
        pytest.skip("no Tesseract: apt install tesseract-ocr tesseract-ocr-hin")


def scan(*lines: str, size: tuple[int, int] = (1654, 2339)) -> Image.Image:
    """A page as a scanner sees it, A4 at 200 dots an inch."""
    page = Image.new("L", size, 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(44)
    for n, line in enumerate(lines):
        pen.text((150, 200 + 90 * n), line, fill=0, font=font)
    return page


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def joined(*files: bytes) -> bytes:
    writer, out = PdfWriter(), BytesIO()
    for data in files:
        writer.append(PdfReader(BytesIO(data)))
    writer.write(out)
    return out.getvalue()


@pytest.mark.usefixtures("tesseract")
@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.jpeg", "JPEG"), ("a.tif", "TIFF"), ("a.webp", "WEBP")]
)
def test_a_picture_of_a_paper_is_read(write: Write, name: str, kind: str) -> None:
    text = " ".join(block.text for block in load(write(name, saved(scan(*LINES), kind))).blocks)

    assert all(line in text for line in LINES)


@pytest.mark.usefixtures("tesseract")
def test_pages_of_a_tiff_are_counted() -> None:
    pages = [scan(*LINES), scan("Second page of the paper, on returns.")]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])

    assert [block.page for block in load_image(data, "a.tiff").blocks if "Second" in block.text] == [2]


@pytest.mark.usefixtures("tesseract")
def test_a_mixed_pdf_is_read_page_by_page(write: Write) -> None:
    typed, scanned = drawn([says("Typed text of the first page.")]), saved(scan(*LINES), "PDF", resolution=200)
    document = load(write("mixed.pdf", joined(typed, scanned, pdf([[]]))))

    assert document.blocks[0].text == "Typed text of the first page."
    assert "150 rupees" in " ".join(block.text for block in document.blocks if block.page == 2)
    assert document.faults == ()


@pytest.mark.usefixtures("tesseract")
def test_noise_is_not_taken_for_text() -> None:
    specks = np.random.default_rng(7).integers(0, 256, (800, 800), dtype=np.uint8)
    noise = Image.fromarray(specks)

    with pytest.raises(LoadError, match=r"a\.png"):
        load_image(saved(noise, "PNG"), "a.png")


@pytest.fixture
def without_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("without_tesseract")
def test_without_tesseract_the_remedy_is_told_and_the_rest_is_read() -> None:
    scanned = saved(scan(*LINES), "PDF", resolution=200)
    document = load_pdf(joined(drawn([says("Typed text.")]), scanned, scanned), "mixed.pdf")

    assert [block.text for block in document.blocks] == ["Typed text."]
    assert len(document.faults) == 1
    assert "mixed.pdf, pages 2–3" in document.faults[0]
    assert "apt install tesseract-ocr" in document.faults[0]
    for data, loader, name in [(scanned, load_pdf, "a.pdf"), (saved(scan(*LINES), "PNG"), load_image, "a.png")]:
        with pytest.raises(LoadError, match=rf"{name}.*apt install tesseract-ocr"):
            loader(data, name)


@pytest.mark.usefixtures("tesseract")
def test_pages_over_the_limit_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("munshi.knowledge.load_image.MAX_PAGES", 1)
    data = saved(scan(*LINES), "TIFF", save_all=True, append_images=[scan("Second page.")])

    assert ["first 1 pages" in fault for fault in load_image(data, "a.tiff").faults] == [True]


def test_a_picture_too_large_is_not_unpacked() -> None:
    with pytest.raises(LoadError, match=r"a\.png"):
        load_image(saved(Image.new("1", (30_000, 30_000)), "PNG"), "a.png")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", b"text"])
def test_what_is_no_picture_is_named(content: bytes) -> None:
    with pytest.raises(LoadError, match=r"a\.png.*save it again"):
        load_image(content, "a.png")
