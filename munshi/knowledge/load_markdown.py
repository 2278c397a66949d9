"""Markdown files, with or without front matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import cast, get_args

import yaml

from munshi.knowledge.base import Kind, LoadError
from munshi.knowledge.documents import Document, assemble, first_heading, guess_kind
from munshi.knowledge.markdown import markdown_blocks
from munshi.knowledge.textfile import decode

MAX_MARKS = 10_000
MAX_COLUMNS = 1_000


def load_markdown(data: bytes, source: str) -> Document:
    """Markdown. What its YAML front matter says (`title, kind, language, priority, date, valid_from, valid_until`)
    wins over what is guessed. Raises LoadError where the front matter or the markup cannot be read.
    """
    front, body = _front_matter(decode(data, source), source)
    _check_markup(body, source)
    blocks = markdown_blocks(body)
    document = assemble(source, blocks, title=first_heading(blocks))
    title = str(front.get("title") or document.title)
    return replace(
        document,
        title=title,
        kind=_kind(front["kind"], source) if "kind" in front else guess_kind(source, title),
        language=str(front["language"]) if front.get("language") else None,
        priority=_priority(front["priority"], source) if "priority" in front else None,
        valid_from=_date(front, "valid_from", source),
        valid_until=_date(front, "valid_until", source),
        dated=_date(front, "date", source),
    )


def _front_matter(text: str, source: str) -> tuple[Mapping[str, object], str]:
    if not text.startswith("---\n"):
        return {}, text
    head, fence, body = f"{text[4:]}\n".partition("\n---\n")
    if not fence:
        return {}, text
    try:
        front = yaml.safe_load(head) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LoadError(f"{source}: its front matter is not YAML; see the lines between the --- marks") from error
    if not isinstance(front, dict):
        raise LoadError(f"{source}: its front matter must be `name: value` lines between the --- marks")
    return front, body


def _check_markup(text: str, source: str) -> None:
    """Refuse what no person writes: the parser's time grows with the square of the marks in a paragraph or table."""
    paragraphs = text.split("\n\n")
    marks = max(paragraph.count(mark) for paragraph in paragraphs for mark in "[_<&")
    columns = max(line.count("|") for line in text.split("\n"))
    if marks > MAX_MARKS or columns > MAX_COLUMNS:
        raise LoadError(f"{source}: thousands of Markdown marks in one paragraph or line; save it as plain text (.txt)")


def _kind(value: object, source: str) -> Kind:
    if value not in get_args(Kind):
        raise LoadError(f"{source}: kind {value!r} is not one of {', '.join(get_args(Kind))}")
    return cast(Kind, value)


def _priority(value: object, source: str) -> int:
    if isinstance(value, int):
        return value
    raise LoadError(f"{source}: priority {value!r} is not a whole number")


def _date(front: Mapping[str, object], name: str, source: str) -> date | None:
    value = front.get(name)
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise LoadError(f"{source}: {name} {value!r} is not a date; write it as 2027-03-31") from error
