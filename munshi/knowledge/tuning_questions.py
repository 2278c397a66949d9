"""Questions to tune the search by: from a file, or the papers' own, each asked of papers that do not hold it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from munshi.knowledge.base import KnowledgeError, Passage
from munshi.knowledge.evaluation import Query
from munshi.knowledge.text import level
from munshi.knowledge.views import alternates

_COLUMNS = ("passage_id", "source", "answer")


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions put to one set of passages."""

    passages: tuple[Passage, ...]
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The questions of a file, and a line about each of those that no passage answers."""

    asked: Asked
    unanswered: tuple[str, ...]


def left_out(passages: Sequence[Passage]) -> tuple[Asked, ...]:
    """The ways to ask that the papers name, each put to papers without it: the first of all, then the second."""
    most = max((len(alternates(passage)) for passage in passages), default=0)
    rounds = [_without(passages, place) for place in range(most)]
    return tuple(asked for asked in rounds if asked.queries)


def _without(passages: Sequence[Passage], place: int) -> Asked:
    kept, queries = [], []
    for passage in passages:
        ways = alternates(passage)
        if place < len(ways):
            queries.append(Query(ways[place], frozenset({passage.id})))
            others = "\n".join(ways[:place] + ways[place + 1 :])
            passage = replace(passage, metadata={**passage.metadata, "alternates": others})
        kept.append(passage)
    return Asked(tuple(kept), tuple(queries))


def read_questions(path: Path, passages: Sequence[Passage]) -> Labelled:
    """Questions from a CSV file with the column `question` and one of `passage_id`, `source` and `answer`.

    A passage answers a question if it has that id, comes from that source, or holds that text, whatever its case. Where
    several columns are filled the first of them counts. Raises KnowledgeError where the file cannot be read, has no
    such columns, or no question in it is answered.
    """
    rows = _rows(path)
    queries, unanswered = [], []
    for line, row in rows:
        fits = _fitting(row)
        relevant = frozenset(passage.id for passage in passages if fits is not None and fits(passage))
        if relevant:
            queries.append(Query(row["question"], relevant))
        else:
            unanswered.append(f"{path.name}, line {line}: no passage answers {row['question']!r}; it is left out")
    if not queries:
        raise KnowledgeError(f"{path}: no passage of the papers answers any question in it; check the second column")
    return Labelled(Asked(tuple(passages), tuple(queries)), tuple(unanswered))


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = set(reader.fieldnames or ())
            rows = [(reader.line_num, {k: (v or "").strip() for k, v in row.items() if k in names}) for row in reader]
    except OSError as error:
        raise KnowledgeError(f"{path}: cannot be opened ({error.strerror}); check that it is there") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise KnowledgeError(f"{path}: cannot be read as CSV in UTF-8 ({error}); save it so") from error
    if "question" not in names or not names.intersection(_COLUMNS):
        raise KnowledgeError(f"{path}: needs a header with the column question and one of {', '.join(_COLUMNS)}")
    return [(line, row) for line, row in rows if row["question"]]


def _fitting(row: Mapping[str, str]) -> Callable[[Passage], bool] | None:
    """Whether a passage answers, by the first column that is filled; None where none is."""
    if wanted := row.get("passage_id"):
        return lambda passage: passage.id == wanted
    if source := row.get("source", "").casefold():
        return lambda passage: passage.source.casefold() == source
    if answer := _flat(row.get("answer", "")):
        return lambda passage: answer in _flat(passage.text)
    return None


def _flat(text: str) -> str:
    return " ".join(level(text).split())
