"""The prompt that asks a language model for an answer: a file in `prompts/`, with what others wrote fenced in it."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Template

from munshi.knowledge.base import ChatMessage, Passage
from munshi.knowledge.neutral import neutralise
from munshi.knowledge.prompt_file import prompt_parts

NAME = "answer.v1.md"
LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "hi": "Hindi, written in Devanagari",
    "hinglish": "Hinglish (Hindi written in English letters)",
}
_BLANKS = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """How much is shown: of the question, of each of the latest `exchanges` and of each passage so many characters."""

    question_chars: int = 1000
    exchanges: int = 2
    exchange_chars: int = 300
    passage_chars: int = 1600


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be answered: `history` holds (customer's words, answer) pairs, `passages` are named P1, P2 and so on.

    `said` are the sentences that the customer has read already, `fault` says why another was not shown.
    """

    question: str
    language: str
    passages: Mapping[str, Passage]
    history: Sequence[tuple[str, str]] = ()
    said: Sequence[str] = ()
    fault: str = ""


def _random_word() -> str:
    return secrets.token_hex(4)


@dataclass(frozen=True)
class AnswerPrompt:
    """Makes the prompts of one business. `mask` hides what is private in a customer's words.

    `canary` is a word that only the system message holds, so that it betrays one that leaks. It and the `fence`'s are
    drawn once, not for each prompt: a server keeps what it has read of the same beginning.
    """

    business: str
    tone: str = ""
    mask: Callable[[str], str] = str
    sentences: int = 3
    settings: PromptSettings = field(default_factory=PromptSettings)
    canary: str = field(default_factory=_random_word)
    fence: str = field(default_factory=_random_word)

    def __call__(self, asked: Asked) -> tuple[ChatMessage, ChatMessage]:
        """System and user message. Nothing that a customer or a paper holds can close its fence or pass for ours."""
        parts = prompt_parts(NAME)
        language = LANGUAGES.get(asked.language, LANGUAGES["en"])
        system = parts["system"].substitute(
            business=neutralise(self.business),
            tone=neutralise(self.tone),
            language=language,
            sentences=self.sentences,
            fence=self.fence,
            canary=self.canary,
        )
        user = parts["user"].substitute(
            passages="\n".join(self._passage(name, passage) for name, passage in asked.passages.items()),
            chat=self._chat(asked.history),
            question=self._cut(asked.question, self.settings.question_chars),
            fence=self.fence,
            again=self._again(asked, parts),
            language=language,
        )
        return ChatMessage("system", system.strip()), ChatMessage("user", _BLANKS.sub("\n\n", user).strip())

    def _passage(self, name: str, passage: Passage) -> str:
        headings = dict.fromkeys(part for part in (passage.title, *passage.heading) if part)
        body = "\n".join(filter(None, (" > ".join(headings), passage.text[: self.settings.passage_chars])))
        return self._fenced(name, neutralise(body))

    def _chat(self, history: Sequence[tuple[str, str]]) -> str:
        most = self.settings.exchange_chars
        recent = history[-self.settings.exchanges :] if self.settings.exchanges else ()
        lines = [
            f"Customer: {self._cut(asked, most)}\nAnswer: {self._cut(answered, most)}" for asked, answered in recent
        ]
        return self._fenced("earlier", "\n".join(lines)) if lines else ""

    def _again(self, asked: Asked, parts: Mapping[str, Template]) -> str:
        told = []
        if asked.fault:
            told.append(parts["again"].substitute(fault=neutralise(asked.fault)))
        if asked.said:
            told.append(parts["go on"].substitute(said=neutralise(" ".join(asked.said))))
        return "\n".join(map(str.strip, told))

    def _fenced(self, name: str, text: str) -> str:
        return f"<<{self.fence} {name}>>\n{text}\n<</{self.fence}>>"

    def _cut(self, text: str, most: int) -> str:
        return neutralise(self.mask(text)[:most]).strip()


def fingerprint(messages: Sequence[ChatMessage]) -> str:
    """The start of the SHA-256 of a prompt, by which one is told from another."""
    whole = "\0".join(message.content for message in messages)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]
