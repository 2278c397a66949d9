"""YAML with the line of every value, and without YAML's surprises.

Only what a shop's settings need is understood: mappings, lists, text, numbers, true, false and null. `no`, `10:30`,
`2027-01-26` and `+919812345678` stay the text they look like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from munshi.bot.pack.faults import Report, quote
from munshi.bot.pack.files import read_text

Place = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top of the file."""

_MAX_BYTES = 5_000_000
_MAX_DEPTH = 40
_CORE = {
    "null": re.compile(r"(?:~|null|Null|NULL|)\Z"),
    "bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
    "int": re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z"),
    "float": re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+\Z"),
}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C parser where it is built
    yaml_implicit_resolvers = {None: [(f"tag:yaml.org,2002:{name}", regex) for name, regex in _CORE.items()]}  # noqa: RUF012


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML file holds, and the line (from 1) on which each value stands."""

    value: Any
    lines: Mapping[Place, int] = field(default_factory=dict)

    def line(self, *place: str | int) -> int | None:
        """The line of a value, or of the nearest thing around it that the file does hold."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return None


def read_yaml(path: Path, report: Report) -> Document | None:
    """The file's values with their lines, or None where it is not YAML. Every fault goes to `report`."""
    text = read_text(path, report, max_bytes=_MAX_BYTES)
    return None if text is None else parse_yaml(text, report)


def parse_yaml(text: str, report: Report) -> Document | None:
    """As `read_yaml`, from text in hand."""
    try:
        if not _is_plain(text, report):
            return None
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        report.error(_line(error.problem_mark), f"This is not YAML: {error.problem}.", _remedy(str(error.problem)))
        return None
    except yaml.YAMLError:
        report.error(None, "The file holds characters that no text has.", "Save it again from a plain text editor.")
        return None
    if root is None:
        return Document(None, {(): 1})
    builder = _Builder(report)
    return Document(builder.build(root, ()), builder.lines)


def _is_plain(text: str, report: Report) -> bool:
    """Look at the file event by event first: neither depth nor aliases may blow up what is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = _line(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            report.error(line, f"The shorthand *{event.anchor} is not supported.", "Write the values out.")
            return False
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            report.error(line, "Lists are nested too deeply.", "Compare the indentation with the template's.")
            return False
    return True


def _line(mark: Any) -> int | None:
    """The line of a mark, from 1; the C parser and the Python one each have their own class of it."""
    return None if mark is None else int(mark.line) + 1


def _remedy(problem: str) -> str:
    if "\\t" in problem:
        return "Indent with spaces: the tab key does not work here."
    if "mapping values are not allowed" in problem:
        return "A text with a colon in it needs quotes around it."
    return "Look at this line and the one above: an open quote or bracket, or indentation that does not line up."


class _Builder:
    """Nodes to plain values; fills `lines` and reports what has no place in a pack."""

    def __init__(self, report: Report) -> None:
        self.lines: dict[Place, int] = {}
        self._report = report

    def build(self, node: yaml.Node, place: Place) -> Any:
        self.lines.setdefault(place, _line(node.start_mark) or 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            line = _line(key.start_mark) or 1
            if not isinstance(key, yaml.ScalarNode):
                self._report.error(line, "A key is not a word.", "Write it as `key: value`.")
            elif key.value in values:
                first = self.lines[(*place, key.value)]
                self._report.error(line, f"{quote(key.value)} stands here again (first on line {first}).", "Keep one.")
            else:
                self.lines[(*place, key.value)] = line
                values[key.value] = self.build(value, (*place, key.value))
        return values

    def _scalar(self, node: yaml.Node) -> Any:
        kind = node.tag.rpartition(":")[2]
        if kind not in _SCALARS:
            self._report.error(_line(node.start_mark), f"The tag {quote(node.tag)} is not supported.", "Remove it.")
            return node.value
        return _SCALARS[kind](node.value)


_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": lambda word: word.casefold() == "true",
    "null": lambda _: None,
}


def items(document: Document, *place: str | int) -> Sequence[tuple[int, Any]]:
    """The numbered items of the list at `place`; none where there is no list."""
    value = document.value
    for step in place:
        if isinstance(value, dict):
            value = value.get(step)
        else:
            value = value[step] if isinstance(value, list) and isinstance(step, int) else None
    return list(enumerate(value)) if isinstance(value, list) else []
