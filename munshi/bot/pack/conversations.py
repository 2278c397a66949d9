"""conversations.yaml: the owner's own tests, read and checked against the rest of the pack."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from munshi.bot.pack.faults import BusinessError, Report, did_you_mean, quote
from munshi.bot.pack.schema import Conversation
from munshi.bot.pack.validate import validate
from munshi.bot.pack.yaml_file import Document, items, read_yaml


def load_conversations(path: Path) -> tuple[Conversation, ...]:
    """The conversations in a file. Raises BusinessError with every fault in it."""
    report = Report(path.name)
    _, conversations = read_conversations(path, report)
    if report.faults:
        raise BusinessError(f"{path.name} cannot be used; correct this, then try again:", report.faults)
    return conversations


def read_conversations(path: Path, report: Report) -> tuple[Document, tuple[Conversation, ...]]:
    """The file and the conversations in it that are sound; every fault goes to `report`."""
    document = read_yaml(path, report)
    if document is None:
        return Document(None), ()
    if not isinstance(document.value, list):
        report.error(1, "The file is not a list of conversations.", "Begin each with `- name: …` at the margin.")
    read = [validate(Conversation, document, report, value, index) for index, value in items(document)]
    return document, tuple(conversation for conversation in read if conversation is not None)


def messages(document: Document) -> Iterator[str]:
    """Everything that a customer says in the file."""
    for index, value in items(document):
        for _, turn in items(document, index, "turns") if isinstance(value, dict) else ():
            if isinstance(turn, dict) and isinstance(turn.get("say"), str):
                yield turn["say"]


def check_names(document: Document, known: dict[str, Collection[str]], report: Report) -> None:
    """Whether what the expectations name exists; `known` holds the names by key (intent, handler, source)."""
    for index, value in items(document):
        for number, turn in items(document, index, "turns") if isinstance(value, dict) else ():
            expect = turn.get("expect") if isinstance(turn, dict) else None
            if isinstance(expect, dict):
                for setting, names in known.items():
                    line = document.line(index, "turns", number, "expect", setting)
                    _check_known(setting, expect.get(setting), names, line, report)


def _check_known(setting: str, value: object, names: Collection[str], line: int | None, report: Report) -> None:
    given: Sequence[object] = value if isinstance(value, list) else [value]
    for name in given:
        if isinstance(name, str) and name not in names:
            report.error(line, f"There is no {setting} {quote(name)}.", did_you_mean(name, sorted(names)))
