"""What others wrote, made fit to stand in a prompt: words of a paper or a message, and nothing that steers a model.

Chat templates mark who speaks with tokens that are plain text as well: ChatML and Phi `<|im_start|>`, Llama `[INST]`,
`<<SYS>>` and `<|eot_id|>`, Mistral `[TOOL_CALLS]`, Gemma `<start_of_turn>`, DeepSeek `<｜User｜>`, Harmony
`<|channel|>`, `</s>`, `<think>`. None of them is listed here: whatever is built like one loses its brackets, so the
next template's are taken care of too.
"""

from __future__ import annotations

import re
from functools import lru_cache

from munshi.knowledge.normalise import clean

_OPENING = re.compile(r"<(?=\S)")
_CLOSING = re.compile(r"(?<=\S)>")
_BRACKETED = re.compile(r"\[\s*(/?[\w ]{1,40}?)\s*\]")
_ROLES = (
    "system|assistant|user|human|developer|tool|function|model|ai|bot|instructions?|response|input|output|prompt|"
    "customer|answer"
)
_ROLE_LINE = re.compile(rf"^(?P<role>[^\w\n]*(?:{_ROLES}))\b[^\w\n]*:", re.IGNORECASE)
_CODE_FENCE = re.compile(r"`{3,}|~{3,}|\"{3,}")


_TEMPLATE = re.compile(
    r"<\|[^<>\n]{0,40}\|>|\[/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|AVAILABLE_TOOLS)\]|<</?SYS>>|</?s>"
    r"|<(?:start|end)_of_turn>|<[be]os>|^\W*(?:system|assistant|developer|instructions?)\W*:",
    re.IGNORECASE,
)


@lru_cache(maxsize=512)
def evident(text: str) -> str:
    """The text without the lines that speak to a language model: no paper says to a customer what stands there."""
    return "\n".join(line for line in text.splitlines() if not _TEMPLATE.search(clean(line, limit=None).text))


def neutralise(text: str) -> str:
    """The text line by line in its normal form (see `normalise`), its chat markup, fences and role lines made harmless.

    Angle brackets become single quotation marks (`‹|im_start|›`), a bracketed word stands in parentheses (`(INST)`, and
    `(P1)`, which would pass for a citation), and "System:" at the head of a line becomes "System -". A person reads it
    as before. Idempotent.
    """
    return "\n".join(_line(clean(line, limit=None).text) for line in text.splitlines()).rstrip("\n")


def _line(text: str) -> str:
    text = _CLOSING.sub("›", _OPENING.sub("‹", text))
    text = _BRACKETED.sub(r"(\1)", text)
    text = _CODE_FENCE.sub("'''", text)
    return _ROLE_LINE.sub(_dashed, text)


def _dashed(match: re.Match[str]) -> str:
    return f"{match['role']} -"
