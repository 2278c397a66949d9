"""A message and the chat before it put into one question by a language model, and held to the words that were said."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from munshi.knowledge.base import ChatMessage, ChatModel, ChatModelError
from munshi.knowledge.neutral import neutralise
from munshi.knowledge.prompt_file import prompt_parts
from munshi.knowledge.text import content_stems, words

_NAME = "condense.v1.md"
_EXCHANGES = 2
_CHARS = 300
_LONGEST = 200
_MAX_TOKENS = 64
_SECONDS = 6.0


@dataclass(frozen=True)
class Condenser:
    """Asks `model`. `mask` hides what is private in a customer's words. Safe to call from several threads."""

    model: ChatModel
    mask: Callable[[str], str] = str
    fence: str = field(default_factory=lambda: secrets.token_hex(4))

    def __call__(self, message: str, history: Sequence[tuple[str, str]]) -> str | None:
        """The question that `message` stands for after `history`, (customer's words, answer) pairs, the latest last.

        None where the model fails, or says what nobody has said: only words of the chat and the message may stand in
        the question beside function words, and no number that they do not hold.
        """
        recent = history[-_EXCHANGES:]
        try:
            said = self.model.complete(
                self._prompt(message, recent), max_tokens=_MAX_TOKENS, timeout=_SECONDS
            ).text.strip()
        except ChatModelError:
            return None
        heard = "\n".join((message, *(text for exchange in recent for text in exchange)))
        return said if said and len(said) <= _LONGEST and "\n" not in said and _adds_nothing(said, heard) else None

    def _prompt(self, message: str, recent: Sequence[tuple[str, str]]) -> tuple[ChatMessage, ChatMessage]:
        parts = prompt_parts(_NAME)
        chat = "\n".join(f"Customer: {self._cut(asked)}\nAnswer: {self._cut(told)}" for asked, told in recent)
        return (
            ChatMessage("system", parts["system"].substitute(fence=self.fence).strip()),
            ChatMessage(
                "user",
                parts["user"].substitute(fence=self.fence, chat=chat, message=self._cut(message)).strip(),
            ),
        )

    def _cut(self, text: str) -> str:
        return neutralise(self.mask(text)[:_CHARS])


def _adds_nothing(said: str, heard: str) -> bool:
    known = set(words(heard))
    numbers = {word for word in words(said) if any(map(str.isdigit, word))}
    return numbers <= known and set(content_stems(said)) <= set(content_stems(heard))
