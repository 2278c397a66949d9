"""Labels in any script, as far as the fonts of this computer go."""

from __future__ import annotations

import unicodedata
from functools import cache

# What a plot is set in, and where to look for Devanagari: Linux, Windows, macOS.
PLAIN = "DejaVu Sans"
DEVANAGARI = (
    "Noto Sans Devanagari",
    "Lohit Devanagari",
    "Nirmala UI",
    "Mangal",
    "Kohinoor Devanagari",
    "Devanagari Sangam MN",
    "FreeSans",
)
MAX_CHARS = 36
# English vowels that IAST has no letter for: those of order, and of bank.
_NEAREST = str.maketrans("ऑॉऍॅ", "ओोएे")


@cache
def families() -> list[str]:
    """The fonts to set plots in, best first; only those that are there, since each missing one is warned of."""
    from matplotlib import font_manager

    there = set(font_manager.get_font_names())
    return [PLAIN, *(name for name in DEVANAGARI if name in there)]


def legible(label: str) -> str:
    """A label in one short line of letters that can be drawn.

    Devanagari for which there is no font is written in Latin letters (IAST); whatever else lacks a glyph is a `?`.
    """
    plain = " ".join("".join(ch if ch.isprintable() else " " for ch in label).split())
    if not _drawable(plain):
        from indic_transliteration import sanscript

        latin = sanscript.transliterate(plain.translate(_NEAREST), sanscript.DEVANAGARI, sanscript.IAST)
        plain = "".join(ch if ord(ch) in _glyphs() else "?" for ch in unicodedata.normalize("NFC", latin))
    return plain if len(plain) <= MAX_CHARS else f"{plain[: MAX_CHARS - 1].rstrip()}…"


def _drawable(text: str) -> bool:
    return all(ord(ch) in _glyphs() for ch in text)


@cache
def _glyphs() -> frozenset[int]:
    """The characters that the fonts have, as code points."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    paths = [font_manager.findfont(name) for name in families()]
    return frozenset(code for path in paths for code in FT2Font(path).get_charmap())
