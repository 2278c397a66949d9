"""ChatML read back, as whoever trains on it or serves it reads it: what was rendered comes out exactly as it was."""

from __future__ import annotations

import re
from typing import cast, get_args

from munshi.bot.chatml import END, START
from munshi.knowledge.base import ChatMessage, Role

_ESCAPED = re.compile(r"<(\\*)\\\|")
_MESSAGE = re.compile(rf"{re.escape(START)}({'|'.join(get_args(Role))})\n(.*?){re.escape(END)}\n", re.DOTALL)


def parse(text: str) -> list[ChatMessage]:
    messages, at = [], 0
    while at < len(text):
        found = _MESSAGE.match(text, at)
        assert found, f"no message begins at character {at}: {text[at : at + 40]!r}"
        messages.append(ChatMessage(cast(Role, found[1]), _ESCAPED.sub(r"<\1|", found[2])))
        at = found.end()
    return messages
