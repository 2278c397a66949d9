"""The fonts of a page, and a text as those can show it.

DejaVu comes with matplotlib. No package of PyPI that is looked after brings a Devanagari font, so one of the system is
taken where there is one; elsewhere Devanagari is written in roman letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import regex

from munshi.handlers.base import HandlerError
from munshi.knowledge.transliterate import romanise

_DEVANAGARI_FONTS = (
    "/usr/share/fonts/truetype/noto/NotoSansDevanagari-Regular.ttf",
    "/usr/share/fonts/noto/NotoSansDevanagari-Regular.ttf",
    "/usr/share/fonts/google-noto/NotoSansDevanagari-Regular.ttf",
    "/usr/share/fonts/truetype/lohit-devanagari/Lohit-Devanagari.ttf",
    "/Library/Fonts/NotoSansDevanagari-Regular.ttf",
    "C:/Windows/Fonts/Nirmala.ttf",
    "C:/Windows/Fonts/mangal.ttf",
)
_DEVANAGARI_WORD = regex.compile(r"[\p{Devanagari}--\p{Nd}]+", regex.V1)
_JOINERS = "\u200c\u200d"  # letters of Devanagari are joined, or not, by them
_UNKNOWN = regex.compile(r"\uFFFD+")


@dataclass(frozen=True, slots=True)
class PageFonts:
    """Files of fonts; `devanagari` is None where the system has none."""

    regular: Path
    bold: Path
    devanagari: Path | None

    def readable(self, text: str, most: int) -> str:
        """A text of at most `most` characters in one line, of what these fonts have; what they lack is a "?".

        Emoji and marks that cannot be seen are left out.
        """
        line = " ".join(unicodedata.normalize("NFC", text[: 4 * most]).split())
        if self.devanagari is None:
            line = _DEVANAGARI_WORD.sub(lambda word: romanise(word[0]).capitalize() or "\ufffd", line)
        known = _letters(self.regular) | (_letters(self.devanagari) if self.devanagari else frozenset())
        shown = "".join(_shown(char, known) for char in line)
        line = " ".join(_UNKNOWN.sub("?", shown).split())
        return line if len(line) <= most else line[: most - 1].rstrip() + "…"


@cache
def page_fonts() -> PageFonts:
    """The fonts of this computer. Raises HandlerError where matplotlib's are gone."""
    found = find_spec("matplotlib")
    places: Iterable[str] = (found.submodule_search_locations or ()) if found else ()
    folder = next((Path(place) / "mpl-data" / "fonts" / "ttf" for place in places), Path())
    regular, bold = folder / "DejaVuSans.ttf", folder / "DejaVuSans-Bold.ttf"
    if not (regular.is_file() and bold.is_file()):
        raise HandlerError("The font DejaVu Sans is missing. Install matplotlib again, which brings it.")
    return PageFonts(regular, bold, next(filter(Path.is_file, map(Path, _DEVANAGARI_FONTS)), None))


def _shown(char: str, known: frozenset[int]) -> str:
    kind = unicodedata.category(char)
    if kind.startswith("C") and char not in _JOINERS:
        return ""
    if ord(char) in known:
        return char
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    return "" if kind in ("So", "Sk", "Mn", "Me", "Cf") else "\ufffd"


@cache
def _letters(font: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(font, fontNumber=0, lazy=True) as opened:
        return frozenset(opened.getBestCmap())
