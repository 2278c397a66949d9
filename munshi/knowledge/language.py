"""What language a passage is in, as far as its script tells."""

from __future__ import annotations

import regex

_LETTERS = regex.compile(r"[\p{L}\p{M}]")  # a vowel sign is a mark in Devanagari
_DEVANAGARI = regex.compile(r"(?=[\p{L}\p{M}])\p{Devanagari}")


def language_of(text: str) -> str:
    """`hi` where half of the letters or more are Devanagari, else `en`: romanised Hindi is told by no script."""
    letters = len(_LETTERS.findall(text))
    return "hi" if letters and len(_DEVANAGARI.findall(text)) * 2 >= letters else "en"
