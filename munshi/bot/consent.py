"""What counts as yes, no, "forget it", "that was wrong", "log out" and "send it again", in English, Hinglish and Hindi.

Only a whole message counts: "yes" confirms, "yes but how much is delivery" does not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Literal

import yaml

Consent = Literal["yes", "no", "cancel"]


@cache
def _lexicon() -> Mapping[str, frozenset[str]]:
    text = (files("munshi.knowledge") / "lexicon" / "consent.yaml").read_text(encoding="utf-8")
    return {kind: frozenset(map(fold, chain(*lines))) for kind, lines in yaml.safe_load(text).items()}


def fold(text: str) -> str:
    """Letters, marks and digits of any script in lower case, one space between words; apostrophes close up."""
    closed = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("’", "")
    return " ".join("".join(ch if unicodedata.category(ch)[0] in "LMN" else " " for ch in closed).split())


def consent(text: str, *, stops: bool = False) -> Consent | None:
    """What the whole message says to a yes-or-no question; None where it says something else.

    Where the question is whether to stop something (`stops`), "band karo" is a yes to it.
    """
    folded = fold(text)
    if stops and folded in _lexicon()["stop"]:
        return "yes"
    kinds: tuple[Consent, ...] = ("cancel", "yes", "no")
    return next((kind for kind in kinds if folded in _lexicon()[kind]), None)


def is_correction(text: str) -> bool:
    """Whether the message starts as one that puts an earlier value right."""
    folded = fold(text) + " "
    return any(folded.startswith(start + " ") for start in _lexicon()["correction"])


def logs_out(text: str) -> bool:
    """Whether the whole message asks to be known no longer."""
    return fold(text) in _lexicon()["log_out"]


def asks_again(text: str) -> bool:
    """Whether the whole message asks for another code."""
    return fold(text) in _lexicon()["send_again"]
