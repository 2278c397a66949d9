"""What `munshi check` looks at beyond what a pack needs to run: its tests, its papers' insides, doubtful habits."""

from __future__ import annotations

import pkgutil
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import get_args

from munshi.bot.pack.conversations import check_names, messages, read_conversations
from munshi.bot.pack.csv_checks import check_faq, check_records
from munshi.bot.pack.examples import check_examples
from munshi.bot.pack.faults import Report, did_you_mean, quote, sentence
from munshi.bot.pack.files import read_text
from munshi.bot.pack.own_code import make_importable
from munshi.bot.pack.reading import Pack, intent_texts, visible
from munshi.bot.pack.schema import FrontMatter
from munshi.bot.pack.validate import validate
from munshi.bot.pack.yaml_file import Document, items, parse_yaml
from munshi.handlers.base import HandlerError, Language
from munshi.handlers.columns import RECORD_TABLES
from munshi.handlers.registry import options_model
from munshi.knowledge.base import LoadError, Passage
from munshi.knowledge.chunking import passages
from munshi.knowledge.conflicts import conflicts_among
from munshi.knowledge.loaders import TEXT_SUFFIXES, load

_ROOT_FILES = ("business.yaml", "intents.yaml", "conversations.yaml", "glossary.csv")


def check_pack(pack: Pack, report: Report, handlers: Collection[str]) -> None:
    """Report everything that `read_pack` did not have to look at."""
    conversations = _check_conversations(pack, report.of("conversations.yaml"), handlers)
    check_examples(pack.intents_file, list(messages(conversations)), report.of("intents.yaml"))
    check_faq(pack, report.of("knowledge/faq.csv"))
    check_records(pack, report)
    _check_own_handlers(pack, report.of("intents.yaml"))
    _check_options(pack, report.of("intents.yaml"))
    _check_papers(pack, report)
    _check_strays(pack.folder, report)


def _check_conversations(pack: Pack, report: Report, handlers: Collection[str]) -> Document:
    path = pack.folder / "conversations.yaml"
    if not path.exists():
        report.warning(
            None, "The file is missing.", "Write down what the bot must answer, so that a change can be tried out."
        )
        return Document(None)
    document, _ = read_conversations(path, report)
    known: dict[str, Collection[str]] = {
        "intent": {name for _, name in intent_texts(pack.intents_file, "name")},
        "handler": {*handlers, *(name for _, name in intent_texts(pack.intents_file, "handler"))},
        "source": {paper.relative_to(pack.folder / "knowledge").as_posix() for paper in pack.papers},
    }
    check_names(document, known, report)
    return document


def _check_own_handlers(pack: Pack, report: Report) -> None:
    """Whether what a shop programmed itself is there. This runs its module."""
    make_importable(pack.folder)
    for line, name in intent_texts(pack.intents_file, "handler"):
        try:
            found = pkgutil.resolve_name(name) if ":" in name else callable
        except (ImportError, AttributeError, ValueError, SyntaxError) as error:
            remedy = "Check the spelling, and that the module lies in the pack's folder, beside it or on PYTHONPATH."
            report.error(line, f"The handler {quote(name)} cannot be loaded: {error}.", remedy)
        else:
            if not callable(found):
                report.error(line, f"The handler {quote(name)} is no class.", "Name a class of the module.")


def _check_options(pack: Pack, report: Report) -> None:
    """The options of handlers that say what theirs must be."""
    for index, intent in items(pack.intents_file, "intents"):
        handler, options = (intent.get("handler"), intent.get("options", {})) if isinstance(intent, dict) else ("", {})
        try:
            model = options_model(str(handler))
        except (HandlerError, ValueError, SyntaxError):
            continue  # that it cannot be loaded has been told
        if model is not None and isinstance(options, dict):
            validate(model, pack.intents_file, report, options, "intents", index, "options")


def _check_papers(pack: Pack, report: Report) -> None:
    if not pack.papers:
        report.of("knowledge").warning(
            None, "The folder holds no papers.", "Put your FAQ and policies there: it answers from them."
        )
    found: list[Passage] = []
    for path in pack.papers:
        source = path.relative_to(pack.folder / "knowledge").as_posix()
        # The FAQ's faults have been told with their lines.
        told = Report() if source == "faq.csv" else report.of(f"knowledge/{source}")
        found += _check_paper(path, source, told)
    _check_contradictions(found, report)


def _check_contradictions(found: list[Passage], report: Report) -> None:
    """Papers that say the same with another figure, each told where it is not believed."""
    today = date.today()
    valid = [passage for passage in found if (passage.valid_until or today) >= today >= (passage.valid_from or today)]
    for conflict in conflicts_among(valid):
        for other in conflict.others:
            report.of(f"knowledge/{other.source}").warning(
                None,
                f"{quote(conflict.quotes[other.id])} is contradicted by {conflict.kept.source}: "
                f"{quote(conflict.quotes[conflict.kept.id])}.",
                f"{conflict.kept.source} is answered from, for {conflict.reason}. Correct the one that is wrong.",
            )


def _check_paper(path: Path, source: str, report: Report) -> list[Passage]:
    """The paper's passages; none where it cannot be read."""
    found = len(report.faults)
    if path.suffix.casefold() in TEXT_SUFFIXES:
        _check_front_matter(read_text(path, report) or "", report)
    if len(report.faults) > found:
        return []
    try:
        document = load(path, source=source)
    except LoadError as error:
        _report_told(str(error), source, report)
        return []
    for told in document.faults:
        _report_told(told, source, report)
    return passages(document)


def _report_told(told: str, source: str, report: Report) -> None:
    """The papers' room tells a fault as "file: what; what to do"."""
    what, _, remedy = told.removeprefix(source).lstrip(":, ").partition("; ")
    report.error(None, sentence(what), sentence(remedy))


def _check_front_matter(text: str, report: Report) -> None:
    head, fence, _ = text.replace("\r\n", "\n").removeprefix("---\n").partition("\n---\n")
    if not text.startswith("---") or not fence:
        return
    # The line of dashes counts: the lines told are those of the paper.
    document = parse_yaml(f"\n{head}", report)
    if document is not None:
        validate(FrontMatter, document, report, document.value or {})


def _check_strays(folder: Path, report: Report) -> None:
    """Files that look as if they were meant for Munshi, but stand where it does not look."""
    places = [
        (folder, (".yaml", ".yml", ".csv"), _ROOT_FILES),
        (folder / "records", (".csv", ".xlsx", ".xls"), tuple(f"{name}.csv" for name in RECORD_TABLES)),
        (folder / "phrases", (".yaml", ".yml"), tuple(f"{language}.yaml" for language in get_args(Language))),
    ]
    for place, types, known in places:
        for path in _files(place):
            if path.suffix.casefold() in types and path.name not in known:
                name = path.relative_to(folder).as_posix()
                report.of(name).warning(None, "Munshi does not read this file.", did_you_mean(path.name, known))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in visible(folder) if path.parent == folder) if folder.is_dir() else iter(())
