"""Which language a message is in: English, Hindi (Devanagari) or Hinglish (Hindi in roman letters, mixed or not)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from munshi.bot.hindi import find_hindi
from munshi.handlers.base import Language
from munshi.knowledge import lexicon
from munshi.knowledge.normalise import clean
from munshi.knowledge.tokens import Token, tokenise

Script = Literal["latin", "devanagari", "mixed", "other"]

DEFAULT: Language = "en"

# How much a word says for Hindi; one English function word says 1 for English.
_SURE = 2.0
_MAYBE = 0.5


def detect_language(text: str, previous: Language | None = None) -> Language:
    """The language of `text`; where nothing tells ("ok", a number), `previous`, or English."""
    return language_of(tokenise(clean(text).text)) or previous or DEFAULT


def language_of(tokens: Sequence[Token]) -> Language | None:
    """The language that a tokenised text shows; None where it shows none."""
    devanagari = [token for token in tokens if token.kind == "devanagari"]
    latin = [token for token in tokens if token.kind == "latin" and not token.glued]
    if devanagari and (2 * len(devanagari) >= len(latin) or any(map(_is_hindi_word, devanagari))):
        return "hi"
    hindi, english = _evidence(latin)
    if hindi > english:
        return "hinglish"
    return "en" if english else None


def script_of(tokens: Sequence[Token]) -> Script:
    """The script of a tokenised text: "other" where it holds neither Latin nor Devanagari letters."""
    kinds = {token.kind for token in tokens}
    if "devanagari" in kinds:
        return "mixed" if "latin" in kinds else "devanagari"
    return "latin" if "latin" in kinds else "other"


def _is_hindi_word(token: Token) -> bool:
    entry = find_hindi(token)
    return entry is not None and entry.sure


def _evidence(tokens: Sequence[Token]) -> tuple[float, float]:
    """How much speaks for Hindi and how much for English in words of Latin script.

    Words that are both ("me", "to", "do") count only beside a sure one, or English sentences would turn.
    """
    english = lexicon.words("english")
    sure = maybe = plain = 0
    for token in tokens:
        if token.low in english:
            plain += 1
            continue
        entry = find_hindi(token)
        if entry is not None and entry.sure:
            sure += 1
        elif entry is not None:
            maybe += 1
    return (_SURE * sure + _MAYBE * maybe if sure else 0.0), float(plain)
