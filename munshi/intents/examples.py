"""Labelled texts: what a classifier learns from and is measured on."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from munshi.intents.base import Intent, TrainingDataError

TEXT_COLUMNS = ("text", "sentence", "query", "utterance", "message", "question", "example")
LABEL_COLUMNS = ("label", "category", "intent", "class")
DELIMITERS = (",", "\t", ";")


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts with one label each.

    `texts` and `labels` are of one length. `out_of_scope` are texts known to fit none of the labels, `descriptions`
    say of a label in a sentence what it means; most data has neither.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    out_of_scope: tuple[str, ...] = ()
    descriptions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.labels):
            raise TrainingDataError(f"{len(self.texts)} texts but {len(self.labels)} labels: give one label a text.")

    @property
    def intents(self) -> tuple[str, ...]:
        """The labels, each once, sorted."""
        return tuple(sorted(set(self.labels)))

    @classmethod
    def from_intents(cls, intents: Iterable[Intent]) -> Examples:
        """The examples of a pack's intents."""
        intents = tuple(intents)
        pairs = [(text, intent.name) for intent in intents for text in intent.examples]
        descriptions = {intent.name: intent.description for intent in intents}
        return cls(tuple(text for text, _ in pairs), tuple(label for _, label in pairs), (), descriptions)

    def splitting_off(self, label: str | None) -> Examples:
        """The same examples with the rows under `label` moved to `out_of_scope`."""
        if label is None:
            return self
        kept = [at for at, name in enumerate(self.labels) if name != label]
        moved = [text for text, name in zip(self.texts, self.labels, strict=True) if name == label]
        return replace(self._only(kept), out_of_scope=(*self.out_of_scope, *moved))

    def sample(self, shots: int, *, seed: int) -> Examples:
        """At most `shots` texts a label, drawn without replacement; out-of-scope texts are all kept."""
        taken: Counter[str] = Counter()
        chosen = []
        for at in np.random.default_rng(seed).permutation(len(self.texts)).tolist():
            label = self.labels[at]
            taken[label] += 1
            if taken[label] <= shots:
                chosen.append(at)
        return self._only(sorted(chosen))

    def _only(self, kept: Sequence[int]) -> Examples:
        return replace(self, texts=tuple(self.texts[at] for at in kept), labels=tuple(self.labels[at] for at in kept))


def read_examples(path: Path) -> Examples:
    """Read a CSV or TSV file in UTF-8, its columns found by name (see `TEXT_COLUMNS` and `LABEL_COLUMNS`).

    Blank lines are skipped. Raises TrainingDataError where the file cannot be read, lacks a column, holds no rows, or
    has a row without a text or a label.
    """
    rows = _rows(path)
    header = next(rows, None)
    if header is None:
        raise TrainingDataError(f"{path} is empty: it needs a header line and one row an example.")
    text_at, label_at = _columns(path, header[1])
    pairs = []
    for line, row in rows:
        text, label = _cell(row, text_at), _cell(row, label_at)
        if not text or not label:
            missing = "text" if not text else "label"
            raise TrainingDataError(f"{path}, line {line}: no {missing}; fill it in or delete the row.")
        pairs.append((text, label))
    if not pairs:
        raise TrainingDataError(f"{path} holds a header but no rows: add one row an example.")
    return Examples(tuple(text for text, _ in pairs), tuple(label for _, label in pairs))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every row that is not blank; the header line tells which delimiter it is."""
    text = _decoded(path)
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise TrainingDataError(f"{path}, line {reader.line_num}: not a table ({error}).") from error


def _decoded(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrainingDataError(f"{path} is not UTF-8 (byte {error.start}): save it as 'CSV UTF-8'.") from error
    except OSError as error:
        raise TrainingDataError(f"{path} cannot be read: {error.strerror}.") from error


def _columns(path: Path, header: Sequence[str]) -> tuple[int, int]:
    return _column(path, header, TEXT_COLUMNS), _column(path, header, LABEL_COLUMNS)


def _column(path: Path, header: Sequence[str], known: Sequence[str]) -> int:
    names = [name.strip().casefold() for name in header]
    for name in known:
        if name in names:
            return names.index(name)
    there, wanted = ", ".join(header), ", ".join(known)
    raise TrainingDataError(f"{path} has the columns {there}, but none of {wanted}: name one of them so")


def _cell(row: Sequence[str], at: int) -> str:
    return row[at].strip() if at < len(row) else ""
