"""An owner's own tests: `conversations.yaml` played through the real assistant."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from munshi.bot.app import open_app
from munshi.bot.app_parts import Progress
from munshi.bot.business import BusinessError, load_business
from munshi.bot.message import Message
from munshi.bot.pack.conversations import load_conversations
from munshi.bot.pack.schema import Conversation, Expectation, Step
from munshi.bot.response import Response
from munshi.bot.settings import Settings
from munshi.bot.worded_count import WordedCount, count_worded


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that did not hold."""

    conversation: str
    turn: int
    said: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class ConversationReport:
    """How many conversations held, every turn of them, what failed in the others, and what a language model did."""

    total: int
    held: int
    by_tag: dict[str, tuple[int, int]]
    failures: tuple[Failure, ...]
    worded: WordedCount

    @property
    def share(self) -> float:
        """Conversations that held, 0 to 1."""
        return self.held / self.total if self.total else 1.0

    def to_dict(self) -> dict[str, object]:
        """As plain JSON values."""
        return {
            "total": self.total,
            "held": self.held,
            "share": round(self.share, 4),
            "by_tag": {tag: {"held": held, "total": total} for tag, (held, total) in sorted(self.by_tag.items())},
            "failures": [
                {"conversation": f.conversation, "turn": f.turn, "said": f.said, "expected": f.expected, "got": f.got}
                for f in self.failures
            ],
            "worded": self.worded.to_dict(),
        }


def rehearse(settings: Settings, file: Path | None = None, *, progress: Progress | None = None) -> ConversationReport:
    """Play a business's conversations, or those in `file`, on a database that is thrown away afterwards.

    Raises BusinessError where there are none or where they are not well-formed, and what `open_app` raises.
    """
    file = file or load_business(settings.business).conversations
    if file is None:
        raise BusinessError("The pack has no conversations.yaml. Write one, or name a file.")
    conversations = load_conversations(file)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        aside = settings.model_copy(update={"database_url": f"sqlite:///{Path(folder) / 'rehearsal.sqlite3'}"})
        with open_app(aside, progress=progress) as app:
            return play(app.assistant.respond, conversations)


def play(respond: Callable[[Message], Response], conversations: Sequence[Conversation]) -> ConversationReport:
    """Play each conversation in a chat of its own. The first turn that fails ends its conversation."""
    failures: list[Failure] = []
    by_tag: dict[str, tuple[int, int]] = {}
    generations: list[Mapping[str, Any] | None] = []

    def noted(message: Message) -> Response:
        response = respond(message)
        generations.append(response.trace.get("generation"))
        return response

    for conversation in conversations:
        failed = _play_one(noted, conversation)
        failures += failed
        for tag in conversation.tags:
            held, total = by_tag.get(tag, (0, 0))
            by_tag[tag] = (held + (not failed), total + 1)
    broken = {failure.conversation for failure in failures}
    held_all = sum(conversation.name not in broken for conversation in conversations)
    return ConversationReport(len(conversations), held_all, by_tag, tuple(failures), count_worded(generations))


def _play_one(respond: Callable[[Message], Response], conversation: Conversation) -> list[Failure]:
    session_id = f"conversation-{uuid.uuid4().hex}"
    for number, step in enumerate(conversation.turns, start=1):
        response = respond(Message(text=step.say, session_id=session_id, channel="test"))
        failed = [
            Failure(conversation.name, number, step.say, expected, got) for expected, got in _broken(step, response)
        ]
        if failed:
            return failed
    return []


def _broken(step: Step, response: Response) -> Iterator[tuple[str, str]]:
    """(expected, got) for each expectation that the response does not meet."""
    expect = step.expect
    reply = response.reply
    text = reply.text if reply is not None else ""
    sources = [citation.source for citation in reply.citations] if reply is not None else []
    named = (
        ("intent", expect.intent, response.intent or "none"),
        ("handler", expect.handler, response.handler or "none"),
        ("route", expect.route, response.route),
        ("language", (expect.language,) if expect.language else (), response.language),
    )
    for name, wanted, got in named:
        if wanted and got not in wanted:
            yield f"{name}: {' or '.join(wanted)}", got
    if expect.source and not any(source.endswith(wanted) for source in sources for wanted in expect.source):
        yield f"source: {' or '.join(expect.source)}", ", ".join(sources) or f"no source: {text}"
    yield from _broken_words(expect, text)
    if expect.handover is not None and expect.handover != (reply is not None and reply.handover is not None):
        yield f"handover: {expect.handover}", f"{not expect.handover}: {text}"
    if expect.abstained is not None and expect.abstained != (reply is None or not reply.answered):
        yield f"abstained: {expect.abstained}", f"{not expect.abstained}: {text}"


def _broken_words(expect: Expectation, text: str) -> Iterator[tuple[str, str]]:
    folded = _fold(text)
    for wanted in expect.contains:
        if _fold(wanted) not in folded:
            yield f"contains: {wanted}", text
    for unwanted in expect.not_contains:
        if _fold(unwanted) in folded:
            yield f"not_contains: {unwanted}", text
    if expect.any_of and not any(_fold(wanted) in folded for wanted in expect.any_of):
        yield f"any_of: {', '.join(expect.any_of)}", text


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
