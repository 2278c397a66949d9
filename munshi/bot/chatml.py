r"""ChatML: a chat as one text, for servers that only complete text and for training data.

    <|im_start|>user
    Do you deliver?<|im_end|>

What a message holds can be no mark: `<|` becomes `<\|`, and where backslashes stand between the two already, one more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from munshi.knowledge.base import ChatMessage

START, END = "<|im_start|>", "<|im_end|>"

_MARK = re.compile(r"<(\\*)\|")


def render(messages: Sequence[ChatMessage], *, answering: bool = False) -> str:
    """The chat as text; `answering` begins the message that a model is to write."""
    whole = "".join(f"{START}{message.role}\n{escape(message.content)}{END}\n" for message in messages)
    return f"{whole}{START}assistant\n" if answering else whole


def escape(content: str) -> str:
    """A text in which no mark stands."""
    return _MARK.sub(r"<\1\\|", content)
