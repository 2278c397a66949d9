"""What a business is made from, read out of its pack; papers, records and conversations are left for later."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, RootModel

from munshi.bot.pack.faults import Report, did_you_mean, quote, sentence
from munshi.bot.pack.files import within
from munshi.bot.pack.schema import BusinessFile, IntentEntry, Part
from munshi.bot.pack.tables import GLOSSARY, Rows, read_table
from munshi.bot.pack.validate import validate
from munshi.bot.pack.values import Text
from munshi.bot.pack.yaml_file import Document, items, read_yaml
from munshi.bot.wording import Phrasebook, PhraseError
from munshi.handlers.base import Language
from munshi.handlers.columns import RECORD_TABLES
from munshi.knowledge.loaders import LOADERS, remedy


class _IntentsFile(Part):
    intents: Annotated[list[Any], Field(min_length=1)]


class _PhrasesFile(RootModel[dict[str, Text]]):
    pass


@dataclass(frozen=True, slots=True)
class Pack:
    """What the files hold, as far as they could be read. Only what is sound stands in the typed fields."""

    folder: Path
    business: BusinessFile | None = None
    intents: tuple[IntentEntry, ...] = ()
    intents_file: Document = field(default_factory=lambda: Document(None))
    glossary: Rows = ()
    records: Mapping[str, Path] = field(default_factory=dict)
    papers: tuple[Path, ...] = ()
    phrases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read_pack(folder: Path, report: Report, handlers: Collection[str]) -> Pack:
    """The pack in `folder`; `handlers` are the names that an intent may give besides `module:Class`."""
    intents_report = report.of("intents.yaml")
    intents_file = _read_required(folder / "intents.yaml", intents_report) or Document(None)
    glossary = folder / "glossary.csv"
    return Pack(
        folder=folder,
        business=_read_business(folder, report.of("business.yaml")),
        intents=_read_intents(intents_file, intents_report, handlers),
        intents_file=intents_file,
        glossary=read_table(glossary, GLOSSARY, report.of("glossary.csv")) if glossary.exists() else (),
        records=record_files(folder),
        papers=tuple(_papers(folder, report)),
        phrases=_read_phrases(folder / "phrases", report),
    )


def record_files(folder: Path) -> Mapping[str, Path]:
    """The records of the pack in `folder` by table, as far as they are there."""
    files = {name: folder / "records" / f"{name}.csv" for name in RECORD_TABLES}
    return {name: path for name, path in files.items() if path.exists()}


def visible(folder: Path) -> Iterator[Path]:
    """The files under `folder` in name order, without what office programs and file managers leave behind."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "~$", "__")) for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and path.name.casefold() not in ("thumbs.db", "desktop.ini"):
            yield path


def _read_required(path: Path, report: Report) -> Document | None:
    if path.exists():
        return read_yaml(path, report)
    report.error(None, "The file is missing.", "`munshi init` makes one to start from.")
    return None


def _read_business(folder: Path, report: Report) -> BusinessFile | None:
    document = _read_required(folder / "business.yaml", report)
    return None if document is None else validate(BusinessFile, document, report, document.value)


def _read_intents(document: Document, report: Report, handlers: Collection[str]) -> tuple[IntentEntry, ...]:
    if document.lines:
        validate(_IntentsFile, document, report, document.value)
    # One by one, so that a fault in one intent hides nothing in the others.
    entries = []
    for index, value in items(document, "intents"):
        entry = validate(IntentEntry, document, report, value, "intents", index)
        if entry is not None:
            entries.append(entry)
    _check_names(document, report)
    _check_handlers(document, report, handlers)
    return tuple(entries)


def intent_texts(document: Document, setting: str) -> Iterator[tuple[int, str]]:
    """The text behind `setting` in each intent that has one, with its line, whatever else is wrong with the intent."""
    for index, value in items(document, "intents"):
        text = value.get(setting) if isinstance(value, dict) else None
        if isinstance(text, str):
            yield document.line("intents", index, setting) or 1, text


def _check_names(document: Document, report: Report) -> None:
    first: dict[str, int] = {}
    for line, name in intent_texts(document, "name"):
        if first.setdefault(name.casefold(), line) != line:
            report.error(
                line, f"There are two intents {quote(name)} (first on line {first[name.casefold()]}).", "Join them."
            )


def _check_handlers(document: Document, report: Report, handlers: Collection[str]) -> None:
    for line, name in intent_texts(document, "handler"):
        if name not in handlers and not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", name):
            report.error(line, f"There is no handler {quote(name)}.", did_you_mean(name, sorted(handlers)))


def _papers(folder: Path, report: Report) -> Iterator[Path]:
    knowledge = folder / "knowledge"
    for path in visible(knowledge) if knowledge.is_dir() else ():
        name = path.relative_to(folder).as_posix()
        if path.suffix.casefold() not in LOADERS:
            what = f"Munshi cannot read {path.suffix or 'such'} files."
            report.of(name).warning(None, what, sentence(remedy(path.suffix)))
        elif within(path, report.of(name)):
            yield path


def _read_phrases(folder: Path, report: Report) -> Mapping[str, Mapping[str, str]]:
    phrases: dict[str, Mapping[str, str]] = {}
    documents: dict[str, Document] = {}
    for language in get_args(Language):
        path = folder / f"{language}.yaml"
        own = report.of(f"phrases/{language}.yaml")
        document = read_yaml(path, own) if path.exists() else None
        if document is not None and (sentences := validate(_PhrasesFile, document, own, document.value)):
            phrases[language] = sentences.root
            documents[language] = document
    _check_phrases(phrases, documents, report)
    return phrases


def _check_phrases(phrases: Mapping[str, Mapping[str, str]], documents: Mapping[str, Document], report: Report) -> None:
    try:
        Phrasebook(phrases)
    except PhraseError as error:
        for language, key, told in error.faults:
            what, _, remedy = told.partition("; ")
            line = documents[language].line(key)
            report.of(f"phrases/{language}.yaml").error(line, f"{quote(key)}: {what}.", sentence(remedy))
