"""Whether the examples of the intents can be learnt from: enough of them, and none that says two things."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from munshi.bot.pack.faults import Report
from munshi.bot.pack.schema import MAX_EXAMPLE_CHARS
from munshi.bot.pack.yaml_file import Document, items
from munshi.bot.privacy import pii_spans
from munshi.intents.data_check import capped, check_data
from munshi.intents.data_pairs import check_overlap
from munshi.intents.data_rows import Row

_TESTS = "conversations.yaml"
# Digits that count up or down or stay the same, and the domains of RFC 2606, are nobody's.
_INVENTED = re.compile(r"(\d)\1{5}|345678|876543|@example\.|\.(?:example|invalid|test)\b")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ .-]{1,2}(?=\d)")


def check_examples(document: Document, tested: Sequence[str], report: Report) -> None:
    """Look through intents.yaml; `tested` are the messages of conversations.yaml, which no example may repeat."""
    examples = list(_examples(document, report.file))
    tests = [Row(text, "", _TESTS, None) for text in tested]
    for fault in capped([*check_data(examples, find_pii=kinds_of_pii), *check_overlap(examples, tests)]):
        tell = report.error if fault.severity == "error" else report.warning
        tell(fault.line, fault.message, fault.remedy)


def kinds_of_pii(text: str) -> Collection[str]:
    """The kinds of private data in a text, by name; what is plainly invented does not count."""
    return sorted({span.kind for span in pii_spans(text) if not _is_invented(text[span.start : span.end])})


def _is_invented(piece: str) -> bool:
    return _INVENTED.search(_BETWEEN_DIGITS.sub("", piece)) is not None


def _examples(document: Document, file: str) -> Iterator[Row]:
    """Every usable example, whatever else is wrong with its intent."""
    names: dict[str, str] = {}
    for index, intent in items(document, "intents"):
        name = intent.get("name") if isinstance(intent, dict) else None
        for number, value in items(document, "intents", index, "examples") if isinstance(name, str) else ():
            # A bare number is a text here, as it is for the schema.
            text = str(value).strip() if isinstance(value, str | int | float) else ""
            if 0 < len(text) <= MAX_EXAMPLE_CHARS:
                # That a name stands twice, in capitals or not, is told where names are read.
                label = names.setdefault(str(name).casefold(), str(name))
                yield Row(text, label, file, document.line("intents", index, "examples", number) or 1)
