"""What a language model answered, read strictly: one label of the list, or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import accumulate
from math import exp, isnan
from typing import Any

from munshi.knowledge.base import Completion

KEY = "intent"
# An answer is its braces, the key and a label; what is far longer than the longest label is no answer.
_ROOM = 64
_OPENING = re.compile(rf'\s*{{\s*"{KEY}"\s*:\s*"')


def none_word(labels: Sequence[str]) -> str:
    """How "none of them" is said beside these labels: `none`, with as many underscores as tell it from them."""
    word = "none"
    while word in labels:
        word += "_"
    return word


def answer_schema(labels: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer: an object with one of the labels, or the word for none, under `KEY`."""
    return {
        "type": "object",
        "properties": {KEY: {"type": "string", "enum": [*labels, none_word(labels)]}},
        "required": [KEY],
        "additionalProperties": False,
    }


def parse(answer: str, labels: Sequence[str]) -> str | None:
    """The label that an answer names, or the word for none; None where it is not just that, to the letter."""
    options = (*labels, none_word(labels))
    # Escaped, a character takes up to twelve.
    if len(answer) > _ROOM + 12 * max(map(len, options)):
        return None
    try:
        # A key that stands twice shows as two pairs.
        pairs = json.loads(answer, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    return next((option for option in options if pairs == [(KEY, option)]), None)


def likelihood(completion: Completion) -> float | None:
    """The probability of the label in an answer that `parse` can read, 0 to 1: that of its tokens, one after another.

    The quotation mark that closes the label belongs to it, since it tells `order` from `order_status`. None where the
    server gave no token probabilities, or such as cannot be right.
    """
    opening = _OPENING.match(completion.text)
    pieces = [piece for piece, _ in completion.tokens]
    if opening is None or "".join(pieces) != completion.text:
        return None
    start, end = opening.end(), completion.text.rindex('"')
    ends = list(accumulate(map(len, pieces)))
    total = sum(
        logarithm
        for (piece, logarithm), after in zip(completion.tokens, ends, strict=True)
        if after > start and after - len(piece) <= end
    )
    return None if isnan(total) else exp(min(total, 0.0))
