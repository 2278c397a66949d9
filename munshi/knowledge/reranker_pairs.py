"""What a reranker learns from: pairs of texts, and how well the second fits the first."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from munshi.knowledge.base import LoadError, Passage
from munshi.knowledge.views import Prepare, as_is, token_views

# Names of columns; a file without any of them is read as STS-B is written: two sentences and a score.
FIRST = ("sentence1", "question", "query")
SECOND = ("sentence2", "passage", "answer")
SCORE = ("score", "label", "similarity", "relevant")
STSB_TOP = 5.0
_TRUE, _FALSE = ("1", "true", "yes", "y"), ("0", "false", "no", "n")
HELD_OUT = 0.1


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a passage, or two sentences, and how well they fit: `label` is 0 to 1.

    A symmetric pair may be read either way round: sentences that mean the same, not a question and its answer.
    """

    query: str
    passage: str
    label: float
    symmetric: bool = False


def digest(pairs: Sequence[Pair]) -> str:
    """SHA-256 of the pairs, in hex; another order is other data."""
    return hashlib.sha256(json.dumps([astuple(pair) for pair in pairs]).encode("ascii")).hexdigest()


def hold_out(pairs: Sequence[Pair], *, seed: int) -> tuple[list[Pair], list[Pair]]:
    """The pairs to learn from, and about a tenth of the questions with all of their pairs."""
    queries = sorted({pair.query for pair in pairs})
    count = max(1, round(HELD_OUT * len(queries))) if len(queries) > 1 else 0
    drawn = set(np.random.default_rng(seed).permutation(len(queries))[:count].tolist())
    apart = {query for place, query in enumerate(queries) if place in drawn}
    return [pair for pair in pairs if pair.query not in apart], [pair for pair in pairs if pair.query in apart]


def read_pairs(path: Path, *, top: float | None = None) -> tuple[list[Pair], float]:
    """The pairs of a CSV or TSV file, and the score that counts as 1.

    Columns are found by name (see FIRST, SECOND, SCORE); a file without a header has two sentences and a score, as
    STS-B has. `top` is the highest score there can be: by default 1 where none is above 1, else 5. Raises LoadError,
    with the line, where a row is not of that form.
    """
    rows = list(_rows(path))
    places = _header(rows[0][1]) if rows else None
    rows = rows[1:] if places else rows
    if not rows:
        raise LoadError(f"{path}: no pair in it; write two texts and a score a line")
    found = [_row(path, line, row, places or (0, 1, 2)) for line, row in rows]
    top = top or (1.0 if max(score for _, _, score in found) <= 1 else STSB_TOP)
    for (line, _), (_, _, score) in zip(rows, found, strict=True):
        if not 0 <= score <= top:
            raise LoadError(f"{path}, line {line}: the score {score:g} is not between 0 and {top:g}; correct it")
    return [Pair(one, other, score / top, symmetric=True) for one, other, score in found], top


def read_corrections(path: Path, passages: Sequence[Passage], prepare: Prepare = as_is) -> tuple[list[Pair], list[str]]:
    """The pairs of recorded corrections, and the ids in it that no passage has any more.

    The file is CSV with the columns `question,passage_id,relevant`, or JSON lines with those names; `relevant` is yes
    or no, true or false, 1 or 0. Raises LoadError, with the line, where a row is not of that form.
    """
    known = {passage.id: token_views(passage, prepare)[0] for passage in passages}
    pairs, unknown = [], []
    for line, row in _json_rows(path) if path.suffix.lower() in (".jsonl", ".json") else _named_rows(path):
        try:
            question, passage, relevant = (str(row[name]).strip() for name in ("question", "passage_id", "relevant"))
        except KeyError as error:
            raise LoadError(f"{path}, line {line}: no {error.args[0]}; give question, passage_id, relevant") from error
        if not question or relevant.casefold() not in _TRUE + _FALSE:
            raise LoadError(f"{path}, line {line}: needs a question, and yes or no for relevant; correct it")
        if passage in known:
            pairs.append(Pair(prepare(question), known[passage], float(relevant.casefold() in _TRUE)))
        else:
            unknown.append(passage)
    return pairs, unknown


def _row(path: Path, line: int, row: Sequence[str], places: tuple[int, int, int]) -> tuple[str, str, float]:
    if len(row) <= max(places):
        raise LoadError(f"{path}, line {line}: {len(row)} columns where two texts and a score are needed; correct it")
    one, other, score = (row[place].strip() for place in places)
    if not one or not other:
        raise LoadError(f"{path}, line {line}: an empty text; write it or take the line away")
    try:
        value = float(score)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise LoadError(f"{path}, line {line}: the score {score[:40]!r} is no number; correct it")
    return one, other, value


def _header(row: Sequence[str]) -> tuple[int, int, int] | None:
    """The places of the two texts and the score by the names of columns; None where the row is no header."""
    names = [name.strip().casefold() for name in row]
    found = [next((names.index(name) for name in wanted if name in names), None) for wanted in (FIRST, SECOND, SCORE)]
    first, second, score = found
    return None if first is None or second is None or score is None else (first, second, score)


def _named_rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    rows = _rows(path)
    _, header = next(rows, (0, []))
    names = [name.strip().casefold() for name in header]
    for line, row in rows:
        yield line, dict(zip(names, row, strict=False))


def _json_rows(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    for line, text in enumerate(_text(path).splitlines(), 1):
        if text.strip():
            try:
                row = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise LoadError(f"{path}, line {line}: not JSON; write one object a line") from error
            if not isinstance(row, dict):
                raise LoadError(f"{path}, line {line}: no JSON object; write one a line")
            yield line, row


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, with the line each ends on."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.reader(io.StringIO(_text(path), newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise LoadError(f"{path}, line {reader.line_num}: {error}; mend the quotes on that line") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LoadError(f"{path}: cannot be opened ({error.strerror}); check that it is there and readable") from error
    except UnicodeDecodeError as error:
        raise LoadError(f"{path}: not UTF-8 text at byte {error.start}; save it again as UTF-8") from error
