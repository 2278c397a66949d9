"""Whether training data can be learnt from, and a test on it believed: every fault with file, line and remedy."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from munshi.intents.data_pairs import check_alike, check_overlap, check_same
from munshi.intents.data_rows import Finding, Row, quoted
from munshi.intents.data_texts import check_texts
from munshi.knowledge.base import Encoder

FEW = 5
"""Below this many examples an intent is guessed rather than learnt."""
LOPSIDED = 10
"""From this many times as many examples as another intent on, one drowns the other."""
MOST_TOLD = 10
"""So many findings of one kind in a file are told; of the rest only the number."""


def nothing_private(_text: str) -> Collection[str]:
    """For data in which private pieces are not looked for."""
    return ()


def check_data(
    train: Sequence[Row],
    test: Sequence[Row] = (),
    *,
    find_pii: Callable[[str], Collection[str]] = nothing_private,
    encoder: Encoder | None = None,
    oos_label: str | None = None,
) -> list[Finding]:
    """Everything found in training and test rows, in their order.

    `find_pii` names the kinds of private data in a text. With an encoder, examples of two intents that mean the same
    are found beside those that are spelled the same. Rows under `oos_label` fit no intent: they are not counted.
    """
    taught, asked = ([row for row in rows if row.text and row.label] for rows in (train, test))
    found = [*check_texts(train, find_pii), *check_texts(test, find_pii)]
    same, distinct = check_same(taught)
    found += [*same, *check_same(asked)[0]]
    found += check_alike(distinct, encoder)
    found += check_overlap(distinct, asked)
    found += _check_labels(taught, asked, oos_label)
    found += check_numbers([row for row in taught if row.label != oos_label])
    files = {row.file: at for at, row in reversed(list(enumerate([*train, *test])))}
    return sorted(found, key=lambda finding: (files.get(finding.file, -1), finding.line or 0))


def capped(findings: Iterable[Finding], most: int = MOST_TOLD) -> list[Finding]:
    """The first `most` findings of each kind in a file, and how many more there are."""
    groups: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.file, finding.kind, finding.severity].append(finding)
    told = []
    for group in groups.values():
        told += group[:most]
        more = len(group) - most
        if more > 0:
            told.append(Finding(group[0].kind, group[0].severity, group[0].file, None, f"… and {more} more such.", ""))
    return told


def check_numbers(rows: Sequence[Row]) -> Iterator[Finding]:
    """Intents with too few examples, and one with many times as many as another."""
    number = Counter(row.label for row in rows)
    first = {row.label: row for row in reversed(rows)}
    for label, row in first.items():
        if number[label] < FEW:
            message = f"{quoted(label)} has too few examples: {number[label]}."
            remedy = f"Give {FEW} or more, as customers would write them; 10 to 20 is good."
            yield Finding("few", "warning", row.file, row.line, message, remedy)
    enough = [(times, label) for label, times in number.items() if times >= FEW]
    if enough and max(enough)[0] >= LOPSIDED * min(enough)[0]:
        (most, large), (least, small) = max(enough), min(enough)
        message = f"{quoted(large)} has {most} examples, {quoted(small)} has {least}: {most / least:.0f} times as many."
        yield Finding("imbalance", "warning", first[small].file, first[small].line, message, "Add to the smaller one.")


def _check_labels(train: Sequence[Row], test: Sequence[Row], oos_label: str | None) -> Iterator[Finding]:
    """Labels that are spelled in two ways, and those of the test that nothing is learnt for."""
    usual: dict[str, str] = {}
    for row in train:
        usual.setdefault(_letters(row.label), row.label)
    known = {row.label for row in train} | {oos_label}
    counts = Counter(row.label for row in [*train, *test])
    for row in {row.label: row for row in reversed([*train, *test])}.values():
        meant = usual.get(_letters(row.label), row.label)
        if meant != row.label:
            message = f"The label {quoted(row.label)} is {quoted(meant)} in another spelling."
            yield Finding("label_spelling", "error", row.file, row.line, message, "Spell it in one way everywhere.")
        elif row.label not in known:
            message = f"Nothing is learnt for the label {quoted(row.label)} ({counts[row.label]} rows)."
            remedy = "Add training examples; if it marks what fits no intent, give it as --oos-label."
            yield Finding("label_unknown", "error", row.file, row.line, message, remedy)
    if oos_label is not None and (train or test) and oos_label not in counts:
        file = (*test, *train)[0].file
        message = f"No row has the label {quoted(oos_label)}, which is to mark what fits no intent."
        yield Finding("label_unknown", "error", file, None, message, "Give --oos-label as the file spells it.")


def _letters(label: str) -> str:
    """A label without what two hands write differently: case, spaces, signs."""
    return re.sub(r"[\W_]+", "", label.casefold()) or label
