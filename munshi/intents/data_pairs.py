"""Examples that say the same: twice, under two intents, or in the training and the test data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from munshi.intents.data_rows import Finding, Kind, Row, quoted
from munshi.knowledge.base import Encoder

ALIKE = 95
"""rapidfuzz ratio (0 to 100) from which two examples are nearly the same: a letter or two in a sentence."""
ALIKE_MEANING = 0.93
"""Cosine from which an encoder finds no difference worth the name; in BANKING77's training file a handful are."""

_SHORT_WORDS = 2
"""Messages of so few words may be learnt from and asked both: there are not many ways to say thanks."""
_ENDS_CHARS = 60
"""Of a text longer than twice this many characters the two ends are compared: what is asked stands there."""
_CHUNK = 512

# The Devanagari block and the joiners stand beside \w, which leaves out Hindi's vowel signs.
_WORD = re.compile(r"[\w\u0900-\u097f\u200c\u200d]+")

Alike = Callable[[slice, slice], NDArray[np.floating]]
"""The likeness of some rows to others, (rows, others); 0 where they are not alike."""


def fold(text: str) -> str:
    """What makes two texts the same: case, white space, punctuation and ways of writing a letter do not count."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORD.findall(plain)) or " ".join(plain.split())


def check_same(rows: Sequence[Row]) -> tuple[list[Finding], list[Row]]:
    """What stands twice; returns each text once as well."""
    first: dict[str, Row] = {}
    found = []
    for row in rows:
        earlier = first.setdefault(fold(row.text), row)
        if earlier is row:
            continue
        if earlier.label == row.label:
            told = f"{quoted(row.text)} is already {_where(row, earlier)}."
            found.append(Finding("twice", "warning", row.file, row.line, told, "Keep one."))
        else:
            found.append(_both("two_intents", row, earlier, "also stands under"))
    return found, list(first.values())


def check_alike(rows: Sequence[Row], encoder: Encoder | None = None) -> Iterator[Finding]:
    """Rows that nearly repeat one of another intent: by their letters, and by their meaning where there is an encoder.

    Each row is told at most once, with the earlier row that it is most like. No two rows may be the same.
    """
    found = _by_letters(rows)
    if encoder is not None:
        found = _by_meaning(rows, encoder) | found
    for at in sorted(found):
        yield _both("alike", rows[at], rows[found[at]], "is nearly the same as one of")


def check_overlap(train: Sequence[Row], test: Sequence[Row]) -> Iterator[Finding]:
    """Rows of `train` that are asked in `test` too; a test row need have no label."""
    asked = {fold(row.text): row for row in reversed(test)}
    for row in train:
        key = fold(row.text)
        other = asked.get(key)
        if other is None or len(key.split()) <= _SHORT_WORDS:
            continue
        differs = f", as {quoted(other.label)}" if other.label and other.label != row.label else ""
        message = f"{quoted(row.text)} of {quoted(row.label)} is also in {other.place}{differs}."
        remedy = "Keep it in one of the two: what was learnt by heart proves nothing."
        yield Finding("overlap", "warning", row.file, row.line, message, remedy)


def _both(kind: Kind, row: Row, earlier: Row, how: str) -> Finding:
    other = "" if fold(row.text) == fold(earlier.text) else f", {quoted(earlier.text)}"
    message = (
        f"{quoted(row.text)} of {quoted(row.label)} {how} {quoted(earlier.label)}{other} ({_where(row, earlier)})."
    )
    remedy = "Keep it where it belongs: the same words cannot tell two intents apart."
    return Finding(kind, "error" if kind == "two_intents" else "warning", row.file, row.line, message, remedy)


def _where(row: Row, earlier: Row) -> str:
    return f"on line {earlier.line}" if earlier.file == row.file else f"in {earlier.place}"


def _by_letters(rows: Sequence[Row]) -> dict[int, int]:
    """The earlier row of another intent that each is most like in its letters, by position.

    A ratio of r needs lengths within (2 - r) / r of each other: sorted by length, a text meets only its neighbours.
    """
    keys = [_ends(fold(row.text)) for row in rows]
    order = sorted(range(len(keys)), key=lambda at: (len(keys[at]), at))
    lengths = np.array([len(keys[at]) for at in order])
    ends = np.searchsorted(lengths, lengths * (200 - ALIKE) / ALIKE, side="right")
    starts = np.searchsorted(lengths, lengths * ALIKE / (200 - ALIKE), side="left")

    def alike(some: slice, others: slice) -> NDArray[np.floating]:
        mine, theirs = ([keys[at] for at in order[part]] for part in (some, others))
        return process.cdist(mine, theirs, scorer=fuzz.ratio, score_cutoff=ALIKE, dtype=np.float32, workers=-1)

    return _nearest(rows, order, alike, starts, ends)


def _ends(key: str) -> str:
    return key if len(key) <= 2 * _ENDS_CHARS else f"{key[:_ENDS_CHARS]} {key[-_ENDS_CHARS:]}"


def _by_meaning(rows: Sequence[Row], encoder: Encoder) -> dict[int, int]:
    vectors = encoder.encode([row.text for row in rows])

    def alike(some: slice, others: slice) -> NDArray[np.floating]:
        cosines: NDArray[np.floating] = vectors[some] @ vectors[others].T
        return np.where(cosines >= ALIKE_MEANING, cosines, 0)

    everywhere = np.full(len(rows), len(rows))
    return _nearest(rows, range(len(rows)), alike, np.zeros_like(everywhere), everywhere)


def _nearest(
    rows: Sequence[Row], order: Sequence[int], alike: Alike, starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> dict[int, int]:
    """For each row the likest earlier one of another intent; row `order[i]` is held against those from
    `order[starts[i]]` to `order[ends[i]]`, in chunks.
    """
    places = np.array(order, np.intp)
    labels = np.unique([rows[at].label for at in order], return_inverse=True)[1] if rows else places
    found: dict[int, int] = {}
    for begin in range(0, len(places), _CHUNK):
        some = slice(begin, min(begin + _CHUNK, len(places)))
        others = slice(int(starts[some.start]), int(ends[some.stop - 1]))
        likeness = alike(some, others)
        apart = labels[some][:, None] != labels[others][None, :]
        earlier = places[others][None, :] < places[some][:, None]
        likeness = np.where(apart & earlier, likeness, 0)
        best = likeness.argmax(axis=1)
        for at in np.flatnonzero(likeness[np.arange(len(best)), best] > 0):
            found[int(places[some][at])] = int(places[others][best[at]])
    return found
