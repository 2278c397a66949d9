"""The numbers that Word puts before list items, headings and clauses: they stand in no paragraph's text."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph

_PLACE = re.compile(r"%(\d)")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


class Mark(NamedTuple):
    """What stands before a paragraph: its words ("4.2", "(a)", "-") and how deep it is indented."""

    text: str
    depth: int
    bullet: bool


class Numbers:
    """Counts a document's numbered paragraphs; they are to be asked for in order."""

    def __init__(self, document: WordDocument) -> None:
        root = _numbering(document)
        self._abstract = (
            {} if root is None else {a.get(_w("abstractNumId")): a for a in root.findall(_w("abstractNum"))}
        )
        self._of_list = {} if root is None else {
            num.get(_w("numId")): found.get(_w("val"))
            for num in root.findall(_w("num"))
            if (found := num.find(_w("abstractNumId"))) is not None
        }  # fmt: skip
        self._counts: dict[str, list[int]] = defaultdict(lambda: [0] * 9)

    def of(self, paragraph: Paragraph) -> Mark | None:
        """The mark of a paragraph, None where it has none."""
        found = _list_of(paragraph)
        if found is None:
            return None
        number, depth = found
        abstract = self._of_list.get(number)
        level = self._level(abstract, depth)
        if abstract is None or level is None:
            return Mark("-", depth, bullet=True)
        if _value(level, "numFmt") in ("bullet", "none", ""):
            return Mark("-", depth, bullet=True)
        return Mark(self._count(abstract, depth, _value(level, "lvlText")), depth, bullet=False)

    def _count(self, abstract: str, depth: int, pattern: str) -> str:
        counts = self._counts[abstract]
        counts[depth] = counts[depth] + 1 if counts[depth] else self._start(abstract, depth)
        counts[depth + 1 :] = [0] * (8 - depth)
        return _PLACE.sub(lambda match: self._written(abstract, int(match[1]) - 1), pattern).strip()

    def _written(self, abstract: str, depth: int) -> str:
        depth = min(max(depth, 0), 8)
        level = self._level(abstract, depth)
        value = self._counts[abstract][depth] or self._start(abstract, depth)
        return _format(value, "decimal" if level is None else _value(level, "numFmt"))

    def _start(self, abstract: str, depth: int) -> int:
        level = self._level(abstract, depth)
        start = "" if level is None else _value(level, "start")
        return int(start) if start.isdecimal() and len(start) < 6 else 1

    def _level(self, abstract: str | None, depth: int) -> Any | None:
        root = self._abstract.get(abstract)
        if root is None:
            return None
        return next((one for one in root.findall(_w("lvl")) if one.get(_w("ilvl")) == str(depth)), None)


def _numbering(document: WordDocument) -> Any | None:
    from docx.opc.constants import RELATIONSHIP_TYPE

    try:
        return document.part.part_related_by(RELATIONSHIP_TYPE.NUMBERING).element  # type: ignore[attr-defined]
    except (KeyError, AttributeError):
        return None


def _list_of(paragraph: Paragraph) -> tuple[str, int] | None:
    """The list a paragraph belongs to, by itself or by its style or what that is based on, and the depth in it."""
    places: list[Any] = [paragraph._p.pPr]
    style = paragraph.style
    for _ in range(10):
        if style is None:
            break
        places.append(style.element.pPr)
        style = style.base_style
    for place in places:
        numbering = place.numPr if place is not None else None
        if numbering is not None and numbering.numId is not None:
            number, depth = numbering.numId.val, numbering.ilvl.val if numbering.ilvl is not None else 0
            return (str(number), min(max(depth, 0), 8)) if number else None
    return None


def _value(level: Any, name: str) -> str:
    found = level.find(_w(name))
    return "" if found is None else str(found.get(_w("val"), ""))


def _w(name: str) -> str:
    return f"{{http://schemas.openxmlformats.org/wordprocessingml/2006/main}}{name}"


def _format(value: int, style: str) -> str:
    if style in ("lowerLetter", "upperLetter"):
        letters = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letters if style == "lowerLetter" else letters.upper()
    if style in ("lowerRoman", "upperRoman"):
        roman = _roman(value)
        return roman if style == "lowerRoman" else roman.upper()
    return str(value)


def _roman(value: int) -> str:
    written = ""
    for size, letters in _ROMAN:
        times, value = divmod(value, size)
        written += letters * times
    return written
