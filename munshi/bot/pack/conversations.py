"""conversations.yaml: the owner's own tests, read and checked against the rest of the pack."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from munshi.bot.pack.faults import BusinessError, Report, did_you_mean, quote
from munshi.bot.pack.schema import Conversation
from munshi.bot.pack.validate import validate
from munshi.bot.pack.yaml_file import Document, Place, items, read_yaml


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
    return (turn["say"] for _, turn in _turns(document) if isinstance(turn.get("say"), str))


def check_names(document: Document, known: Mapping[str, Collection[str]], report: Report) -> None:
    """Whether what the expectations name exists.

    `known` holds the names by key (intent, handler, source); where it has none at all, their own file is at fault.
    """
    for place, turn in _turns(document):
        expect = turn.get("expect")
        for setting, names in known.items() if isinstance(expect, dict) else ():
            line = document.line(*place, "expect", setting)
            value = turn["expect"].get(setting)
            for name in value if isinstance(value, list) else [value]:
                if isinstance(name, str) and names and name not in names:
                    report.error(line, f"There is no {setting} {quote(name)}.", did_you_mean(name, sorted(names)))


def _turns(document: Document) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every turn with its place in the file, whatever else is wrong with its conversation."""
    for index, conversation in items(document):
        for number, turn in items(document, index, "turns") if isinstance(conversation, dict) else ():
            if isinstance(turn, dict):
                yield (index, "turns", number), turn
