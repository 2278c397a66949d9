r"""ChatML: a chat as one text, for servers that only complete text and for training data.

    <|im_start|>user
    Do you deliver?<|im_end|>

What a message holds can be no mark: `<|` becomes `<\|`, and where backslashes stand between the two already, one more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast, get_args

from munshi.knowledge.base import ChatMessage, Role

START, END = "<|im_start|>", "<|im_end|>"

_MARK = re.compile(r"<(\\*)\|")
_ESCAPED = re.compile(r"<(\\*)\\\|")
_MESSAGE = re.compile(rf"{re.escape(START)}({'|'.join(get_args(Role))})\n(.*?){re.escape(END)}\n", re.DOTALL)


class ChatMLError(Exception):
    """A text that is no ChatML."""


def render(messages: Sequence[ChatMessage], *, answering: bool = False) -> str:
    """The chat as text; `answering` begins the message that a model is to write."""
    whole = "".join(f"{START}{message.role}\n{escape(message.content)}{END}\n" for message in messages)
    return f"{whole}{START}assistant\n" if answering else whole


def parse(text: str) -> list[ChatMessage]:
    """The messages again, exactly as they were. Raises ChatMLError where the text is none of `render`'s."""
    messages, at = [], 0
    while at < len(text):
        found = _MESSAGE.match(text, at)
        if found is None:
            raise ChatMLError(f"no message begins at character {at}: {text[at : at + 40]!r}")
        messages.append(ChatMessage(cast(Role, found[1]), unescape(found[2])))
        at = found.end()
    return messages


def escape(content: str) -> str:
    """A text in which no mark stands."""
    return _MARK.sub(r"<\1\\|", content)


def unescape(content: str) -> str:
    """The text before it was escaped."""
    return _ESCAPED.sub(r"<\1|", content)
