"""The chats as training data: what was answered well, private pieces masked, a line of JSON for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from munshi.bot.business import load_business
from munshi.bot.chatml import render
from munshi.bot.database import StoreError, open_engine
from munshi.bot.settings import Settings
from munshi.bot.store import Store
from munshi.bot.transcript_rows import Line
from munshi.knowledge.base import ChatMessage, Role


@dataclass(frozen=True, slots=True)
class Exported:
    """How many chats were written, and how many were left out."""

    written: int
    left_out: int


@contextmanager
def open_chats(settings: Settings) -> Iterator[Iterator[list[Line]]]:
    """The chats of the business in `settings`. Raises StoreError and BusinessError."""
    business = load_business(settings.business)
    engine = open_engine(settings.database_url, home=settings.business_home(business.key))
    try:
        yield Store(engine, business.key).chats()
    finally:
        engine.dispose()


def export_chats(
    chats: Iterable[Sequence[Line]], file: Path, *, mask: Callable[[str], str], everything: bool = False
) -> Exported:
    """Write the chats to a JSON Lines file, which is there whole or not at all.

    Each line has `messages`, a list of {role, content}, and `text`, the same as ChatML. A chat is left out where a
    person took part or was called, or an answer was not known: nothing is to be learnt from those; with `everything`
    only one without an answer is. Raises StoreError where the file cannot be written.
    """
    written = left_out = 0
    unfinished = file.with_name(f".{file.name}.part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as out:
            for lines in chats:
                messages = [ChatMessage(_role(line), mask(line.text)) for line in lines]
                good = any(message.role == "assistant" for message in messages)
                if not good or not (everything or all(map(_went_well, lines))):
                    left_out += 1
                    continue
                out.write(_as_json(messages) + "\n")
                written += 1
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StoreError(f"{file} cannot be written ({error.strerror}); name another file.") from error
    return Exported(written, left_out)


def _as_json(messages: Sequence[ChatMessage]) -> str:
    told = [{"role": message.role, "content": message.content} for message in messages]
    return json.dumps({"messages": told, "text": render(messages)}, ensure_ascii=False)


def _role(line: Line) -> Role:
    return "user" if line.role == "customer" else "assistant"


def _went_well(line: Line) -> bool:
    reply = line.reply or {}
    return line.role != "person" and not reply.get("handover") and reply.get("answered", True)
