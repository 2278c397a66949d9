"""Whether the examples of the intents can be learnt from: enough of them, and none that says two things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from munshi.bot.pack.faults import Report, quote
from munshi.bot.pack.schema import MAX_EXAMPLE_CHARS
from munshi.bot.pack.tables import key
from munshi.bot.pack.yaml_file import Document, items

FEW = 5
"""Below this many examples an intent is guessed rather than learnt."""
NEAR = 95
"""rapidfuzz ratio (0 to 100) from which two examples say the same."""
_SHORT = 2
"""Messages of so few words may be examples and tests both."""


@dataclass(frozen=True, slots=True)
class _Example:
    intent: str
    text: str
    key: str
    line: int


def check_examples(document: Document, tested: Sequence[str], report: Report) -> None:
    """Look through intents.yaml; `tested` are the messages of conversations.yaml, which no example may repeat."""
    examples = list(_examples(document))
    _check_number(document, examples, report)
    distinct = _check_same(examples, report)
    _check_near(distinct, report)
    known = set(map(key, tested))
    for example in examples:
        # There are not many ways to say thanks.
        if example.key in known and len(example.key.split()) > _SHORT:
            report.warning(
                example.line,
                f"{quote(example.text)} is also a message in conversations.yaml.",
                "Word one of them differently: what was learnt by heart proves nothing.",
            )


def _examples(document: Document) -> Iterator[_Example]:
    """Every usable example, whatever else is wrong with its intent."""
    for index, intent in items(document, "intents"):
        name = intent.get("name") if isinstance(intent, dict) else None
        for number, value in items(document, "intents", index, "examples") if isinstance(name, str) else ():
            # A bare number is a text here, as it is for the schema.
            text = str(value) if isinstance(value, str | int | float) else ""
            if 0 < len(text.strip()) <= MAX_EXAMPLE_CHARS:
                line = document.line("intents", index, "examples", number) or 1
                yield _Example(str(name), text, key(text), line)


def _check_number(document: Document, examples: Sequence[_Example], report: Report) -> None:
    number = Counter(example.intent for example in examples)
    for index, intent in items(document, "intents"):
        name = intent.get("name") if isinstance(intent, dict) else None
        if isinstance(name, str) and 0 < number[name] < FEW:
            report.warning(
                document.line("intents", index),
                f"{quote(name)} has too few examples: {number[name]}.",
                f"Give {FEW} or more, as customers would write them; 10 to 20 is good.",
            )


def _check_same(examples: Sequence[_Example], report: Report) -> list[_Example]:
    """Report what stands twice; returns each example once."""
    first: dict[str, _Example] = {}
    for example in examples:
        earlier = first.setdefault(example.key, example)
        if earlier is example:
            continue
        if earlier.intent == example.intent:
            report.warning(example.line, f"{quote(example.text)} is already on line {earlier.line}.", "Keep one.")
        else:
            _report_both(report.error, example, earlier, "stands under")
    return list(first.values())


def _check_near(examples: Sequence[_Example], report: Report) -> None:
    keys = [example.key for example in examples]
    for index, example in enumerate(examples):
        for _, _, place in process.extract(
            example.key, keys[index + 1 :], scorer=fuzz.ratio, score_cutoff=NEAR, limit=None
        ):
            other = examples[index + 1 + place]
            if other.intent != example.intent:
                _report_both(report.warning, other, example, "is nearly the same as one of")


def _report_both(tell: Callable[[int, str, str], None], example: _Example, earlier: _Example, how: str) -> None:
    tell(
        example.line,
        f"{quote(example.text)} of {example.intent} also {how} {earlier.intent} (line {earlier.line}).",
        "Keep it where it belongs: the same words cannot tell two intents apart.",
    )
