"""Words in pictures, through Tesseract where it is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from munshi.knowledge.base import KnowledgeError

if TYPE_CHECKING:
    from PIL.Image import Image

REMEDY = "install Tesseract (`apt install tesseract-ocr tesseract-ocr-hin`)"
PAGE_SECONDS = 60
_LANGUAGES = ("eng", "hin")
_SMALL = 1_200  # a picture narrower than this, in pixels, is enlarged: Tesseract wants letters 20 pixels high
_SURE = 55  # of 100: paragraphs it is less sure of are noise, or figures that might be wrong


class ScanError(KnowledgeError):
    """A picture cannot be read; the message is "what; what to do"."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The text of a picture, paragraphs parted by an empty line, and how many were too blurred to be trusted."""

    text: str
    doubtful: int


class _Word(NamedTuple):
    paragraph: tuple[str, str]
    line: str
    text: str
    sure: float


def read_picture(picture: Image) -> Scan:
    """The words in a picture. Raises ScanError where Tesseract is missing, fails or takes over `PAGE_SECONDS`."""
    import pytesseract
    from PIL.Image import Resampling

    languages = _installed()
    picture = picture.convert("L")
    if picture.width < _SMALL:
        picture = picture.resize((picture.width * 2, picture.height * 2), Resampling.LANCZOS)
    try:
        table = pytesseract.image_to_data(picture, lang=languages, timeout=PAGE_SECONDS)
    except pytesseract.TesseractError as error:
        raise ScanError(f"Tesseract failed ({' '.join(error.message.split())[:120]}); scan it again") from error
    except (
        RuntimeError,
        OSError,
    ) as error:  # what pytesseract raises when the time is up, and when a file cannot be written
        raise ScanError(
            f"its words were not found within {PAGE_SECONDS} seconds; scan it again, larger and clear"
        ) from error
    return _scan(list(_words(table)))


def _installed() -> str:
    """The languages to read, as Tesseract names them: those of ours that are there."""
    import pytesseract

    if shutil.which(pytesseract.pytesseract.tesseract_cmd) is None:
        raise ScanError(f"no text to be read but in its picture; {REMEDY}, or save it with its text recognised")
    try:
        there = set(pytesseract.get_languages())
    except (pytesseract.TesseractError, OSError, ValueError) as error:
        raise ScanError(f"Tesseract does not start; {REMEDY} again") from error
    found = [language for language in _LANGUAGES if language in there]
    if not found:
        raise ScanError(f"Tesseract knows neither English nor Hindi; {REMEDY}")
    return "+".join(found)


def _words(table: str) -> Iterator[_Word]:
    """The rows of Tesseract's table that hold a word."""
    header, *rows = table.split("\n")
    names = header.split("\t")
    for row in rows:
        cells = dict(zip(names, row.split("\t"), strict=False))
        text = cells.get("text", "").strip()
        if text and float(cells["conf"]) >= 0:
            yield _Word((cells["block_num"], cells["par_num"]), cells["line_num"], text, float(cells["conf"]))


def _scan(words: list[_Word]) -> Scan:
    paragraphs, doubtful = [], 0
    if not any(word.sure >= _SURE and sum(map(str.isalpha, word.text)) > 2 for word in words):
        return Scan("", 0)  # specks and lines look like single letters
    for _, group in groupby(words, key=lambda word: word.paragraph):
        paragraph = list(group)
        if sum(word.sure for word in paragraph) / len(paragraph) < _SURE:
            doubtful += any(len(word.text) > 2 for word in paragraph)
            continue
        lines = groupby(paragraph, key=lambda word: word.line)
        paragraphs.append("\n".join(" ".join(word.text for word in line) for _, line in lines))
    return Scan("\n\n".join(paragraphs), doubtful)
