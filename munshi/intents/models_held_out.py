"""Figures on texts that a classifier was not taught: which texts are held out, and what comes of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from munshi.intents.examples import Examples
from munshi.intents.metrics import auroc, expected_calibration_error, macro_f1, matthews
from munshi.intents.registry import Trained
from munshi.intents.trial import OUTSIDE

FOLDS = 5
# Texts classified in one go.
CHUNK = 250

Method = Literal["cross-validation", "split", "test file", "none"]
# What was taught nothing of the texts held out in the part of that number.
Taught = Callable[[int, Examples], Trained]


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares from 0 to 1 over all texts held out, `tested` of them, `out_of_scope` of those out of scope.

    `accuracy`, `macro_f1` and `mcc` take the decision as it is deployed: where texts out of scope are held out, a
    class of their own, a text under the in-scope threshold is put in that class. `ece` is over the texts in scope;
    `oos_recall` and `auroc` are None where none out of scope are held out.
    """

    accuracy: float
    macro_f1: float
    mcc: float
    in_scope_accuracy: float
    ece: float
    oos_recall: float | None
    auroc: float | None
    tested: int
    out_of_scope: int


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Texts to measure on, in `parts` that a classifier is taught without one at a time.

    `note` says what could not be measured; without parts there are no figures.
    """

    method: Method
    parts: tuple[Examples, ...]
    note: str = ""

    @classmethod
    def from_test(cls, test: Examples, examples: Examples) -> HeldOut:
        """A test set, less the texts that stand among the examples."""
        kept = without(test, (examples,))
        gone = len(test.texts) + len(test.out_of_scope) - len(kept.texts) - len(kept.out_of_scope)
        note = f"{gone} of its texts are among the examples and were left out." if gone else ""
        if not kept.texts:
            return cls("none", (), f"The test file holds nothing in scope to measure on. {note}".strip())
        return cls("test file", (kept,), note)

    @classmethod
    def from_examples(cls, examples: Examples, *, folds: int = FOLDS, seed: int = 0) -> HeldOut:
        """Stratified folds; with `folds` 1 the first fifth alone. Equal texts stand in one fold.

        An intent with one text is never held out, since nothing would be left to teach it with.
        """
        if len(examples.intents) < 2:
            return cls("none", (), "There are fewer than two intents: nothing to tell apart.")
        fold_of, alone = _dealt(examples, max(folds, 2) if folds > 1 else FOLDS, seed)
        count = folds if folds > 1 else 1
        parts = tuple(filter(lambda part: part.texts, (_part(examples, fold_of, at) for at in range(count))))
        if not parts:
            return cls("none", (), "Every intent has a single example: none can be held out.")
        note = f"Never held out, having one example: {', '.join(alone)}." if alone else ""
        return cls("cross-validation" if folds > 1 else "split", parts, note)

    def digest(self) -> str:
        """SHA-256 of the texts held out and their labels, in hex."""
        return sha256_of([part.to_json() for part in map(_Part, self.parts)])

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        return {**asdict(self), "parts": [_Part(part).to_json() for part in self.parts]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> HeldOut:
        """What `to_json` gave. Raises KeyError, TypeError or IntentError on anything else."""
        return cls(value["method"], tuple(examples_from(part) for part in value["parts"]), value["note"])


@dataclass(frozen=True, slots=True)
class _Part:
    examples: Examples

    def to_json(self) -> dict[str, Any]:
        return examples_to(replace(self.examples, descriptions={}))


def examples_to(examples: Examples) -> dict[str, Any]:
    """Examples as JSON takes them."""
    return {**asdict(examples), "descriptions": dict(examples.descriptions)}


def examples_from(value: Mapping[str, Any]) -> Examples:
    """What `examples_to` gave. Raises KeyError, TypeError or TrainingDataError on anything else."""
    texts, labels, outside = (tuple(map(str, value[name])) for name in ("texts", "labels", "out_of_scope"))
    return Examples(texts, labels, outside, dict(value["descriptions"]))


def data_hash(examples: Examples) -> str:
    """SHA-256, in hex, of the examples, whatever order they stand in."""
    pairs = sorted(zip(examples.labels, examples.texts, strict=True))
    return sha256_of([pairs, sorted(examples.out_of_scope), sorted(examples.descriptions.items())])


def sha256_of(value: object) -> str:
    """SHA-256 of a JSON value, in hex."""
    return hashlib.sha256(json.dumps(value).encode("ascii")).hexdigest()


def without(examples: Examples, held_out: Iterable[Examples]) -> Examples:
    """The examples less every text that is held out, in whatever case and spacing."""
    gone = {fold(text) for part in held_out for text in (*part.texts, *part.out_of_scope)}
    pairs = [pair for pair in zip(examples.texts, examples.labels, strict=True) if fold(pair[0]) not in gone]
    return replace(
        examples,
        texts=tuple(text for text, _ in pairs),
        labels=tuple(label for _, label in pairs),
        out_of_scope=tuple(text for text in examples.out_of_scope if fold(text) not in gone),
    )


def fold(text: str) -> str:
    """A text without case and spacing: what makes two texts the same text."""
    return " ".join(text.casefold().split())


def measure(held_out: HeldOut, taught: Taught) -> Figures | None:
    """The figures over all parts together, each under its own classifier's thresholds; None without parts."""
    if not held_out.parts:
        return None
    outside = any(part.out_of_scope for part in held_out.parts)
    rows = [_Rows.of(part, taught(at, part), outside) for at, part in enumerate(held_out.parts)]
    return _figures(rows)


def _dealt(examples: Examples, folds: int, seed: int) -> tuple[dict[str, int], list[str]]:
    """The fold of each text, dealt out label by label so that folds are of a size; and the labels with one text."""
    random = np.random.default_rng(seed)
    groups = [(label, _texts_of(examples, label)) for label in examples.intents]
    alone = [label for label, texts in groups if len(texts) < 2]
    dealt = [texts for _, texts in groups if len(texts) > 1] + [sorted(set(map(fold, examples.out_of_scope)))]
    fold_of: dict[str, int] = {}
    at = 0
    for texts in dealt:
        for which in random.permutation(len(texts)).tolist():
            fold_of.setdefault(texts[which], at % folds)
            at += 1
    return fold_of, alone


def _texts_of(examples: Examples, label: str) -> list[str]:
    return sorted({fold(text) for text, name in zip(examples.texts, examples.labels, strict=True) if name == label})


def _part(examples: Examples, fold_of: Mapping[str, int], at: int) -> Examples:
    pairs = [pair for pair in zip(examples.texts, examples.labels, strict=True) if fold_of.get(fold(pair[0])) == at]
    return Examples(
        texts=tuple(text for text, _ in pairs),
        labels=tuple(label for _, label in pairs),
        out_of_scope=tuple(text for text in examples.out_of_scope if fold_of.get(fold(text)) == at),
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Truth, decision and bare prediction by name, None where nothing fits; those `inside` the scope first."""

    truth: list[str | None]
    decided: list[str | None]
    predicted: list[str | None]
    confidence: list[float]
    in_scope: list[float]
    inside: int

    @classmethod
    def of(cls, part: Examples, classifier: Trained, rejects: bool) -> _Rows:
        texts = (*part.texts, *part.out_of_scope)
        made = [one for at in range(0, len(texts), CHUNK) for one in classifier.classify(texts[at : at + CHUNK])]
        threshold = classifier.thresholds.in_scope if rejects else 0.0
        return cls(
            truth=[*part.labels, *[None] * len(part.out_of_scope)],
            decided=[one.intent if one.in_scope >= threshold else None for one in made],
            predicted=[one.intent for one in made],
            confidence=[one.confidence for one in made],
            in_scope=[one.in_scope for one in made],
            inside=len(part.texts),
        )


def _figures(rows: Sequence[_Rows]) -> Figures:
    names = sorted({name for row in rows for name in (*row.truth, *row.decided, *row.predicted) if name is not None})
    number: dict[str | None, int] = {None: OUTSIDE} | {name: at for at, name in enumerate(names)}

    def numbers(of: Callable[[_Rows], Sequence[str | None]]) -> NDArray[np.int64]:
        return np.array([number[name] for row in rows for name in of(row)])

    truth, decided = numbers(lambda row: row.truth), numbers(lambda row: row.decided)
    right = numbers(lambda row: row.predicted) == truth
    confidence = np.array([value for row in rows for value in row.confidence])
    in_scope = np.array([value for row in rows for value in row.in_scope])
    inside = np.concatenate([np.arange(len(row.truth)) < row.inside for row in rows])
    outside = bool((~inside).any())
    return Figures(
        accuracy=float((decided == truth).mean()),
        macro_f1=macro_f1(truth, decided),
        mcc=matthews(truth, decided),
        in_scope_accuracy=float(right[inside].mean()),
        ece=expected_calibration_error(confidence[inside], right[inside]),
        oos_recall=float((decided[~inside] == OUTSIDE).mean()) if outside else None,
        auroc=auroc(in_scope[inside], in_scope[~inside]) if outside else None,
        tested=len(truth),
        out_of_scope=int((~inside).sum()),
    )
