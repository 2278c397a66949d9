"""A word that only the system prompt holds: where it comes out, in whatever guise, the prompt leaks."""

from __future__ import annotations

import base64
import codecs
import unicodedata
from functools import lru_cache

_SHORTEST = 4


def leaks(text: str, canary: str) -> bool:
    """Whether the canary stands in the text: in any case, spaced out, punctuated, reversed, in base64, hex or ROT13."""
    if len(_folded(canary)) < _SHORTEST:
        return False
    folded, exact = _folded(text), "".join(text.split())
    plain, encoded = _guises(canary)
    return any(guise in folded for guise in plain) or any(guise in exact for guise in encoded)


def _folded(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


@lru_cache(maxsize=16)
def _guises(canary: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    folded = _folded(canary)
    plain = (folded, folded[::-1], _folded(codecs.encode(canary, "rot13")), canary.encode().hex())
    return plain, tuple(inner for word in {canary, canary.upper(), canary.lower()} for inner in _base64(word))


def _base64(word: str) -> list[str]:
    """What of the word's base64 is the same whatever stands before and behind it, for each of three alignments."""
    shifted = (base64.b64encode(b"\0" * skip + word.encode()).decode().rstrip("=") for skip in range(3))
    return [code[(0, 2, 3)[skip] : -1] for skip, code in enumerate(shifted)]
