"""Web pages saved as files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from munshi.knowledge.base import Kind, LoadError
from munshi.knowledge.dates import day_of
from munshi.knowledge.documents import Block, Document, Properties, assemble, top_heading
from munshi.knowledge.html_blocks import html_blocks
from munshi.knowledge.text import level

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

_DATES = (
    "article:modified_time", "og:updated_time", "last-modified", "dcterms.modified", "datemodified", "date",
    "dcterms.date", "article:published_time",
)  # fmt: skip
_REMARKS = ("description", "dcterms.valid", "keywords")


def load_html(data: bytes, source: str) -> Document:
    """A web page: what a reader sees of it, without menus, and the FAQ that it declares to search engines.

    Raises LoadError where the markup is nested beyond reason.
    """
    from bs4 import BeautifulSoup  # takes a while, and most shops have none

    try:
        page = BeautifulSoup(data, "lxml")
        faults = [f"{source}: letters of an unknown encoding; save it as UTF-8"] if _garbled(page) else []
        declared, broken = _declared_faq(page)
        properties = _properties(page)
        blocks = html_blocks(page)
    except RecursionError as error:
        raise LoadError(f"{source}: its markup is nested too deep; save the page as text (.txt)") from error
    faults += [f"{source}: a block of structured data is not JSON; the rest was read" for _ in range(broken)]
    known = {level(block.title or block.text) for block in blocks if block.kind in ("faq", "heading")}
    blocks += [block for block in declared if level(block.title) not in known]
    kind: Kind | None = "faq" if blocks and all(block.kind in ("faq", "heading") for block in blocks) else None
    blocks = _from_title(blocks)
    title = top_heading(blocks) or properties.title
    return assemble(source, blocks, title=title, kind=kind, properties=properties, faults=faults)


def _garbled(page: BeautifulSoup) -> bool:
    return bool(page.contains_replacement_characters) or "\ufffd" in page.get_text()


def _from_title(blocks: list[Block]) -> list[Block]:
    """The blocks with what stands above the page's one title (a greeting, a date) put below it."""
    tops = [i for i, block in enumerate(blocks) if block.kind == "heading" and block.level == 1]
    if len(tops) != 1 or any(block.kind == "heading" for block in blocks[: tops[0]]):
        return blocks
    return [blocks[tops[0]], *blocks[: tops[0]], *blocks[tops[0] + 1 :]]


def _properties(page: BeautifulSoup) -> Properties:
    metas = {
        str(meta.get("name") or meta.get("property") or meta.get("http-equiv")).casefold(): str(meta.get("content", ""))
        for meta in page.find_all("meta")
    }
    language = str(page.html.get("lang") or "").casefold() if page.html else ""
    dates = filter(None, (day_of(metas.get(name, "")) for name in _DATES))
    tops = page.find_all("h1")
    title = tops[0] if len(tops) == 1 else page.title
    return Properties(
        title=" ".join(title.get_text().split()) if title else "",
        remarks=". ".join(metas[name] for name in _REMARKS if name in metas),
        # Every editor writes lang="en", whatever the language; English is known without it.
        language=None if language[:2] in ("", "en") else language.split("-")[0],
        dated=next(dates, None),
    )


def _declared_faq(page: BeautifulSoup) -> tuple[list[Block], int]:
    """The entries of schema.org FAQPage data, and how many blocks of data are no JSON."""
    found, broken = list[Block](), 0
    for script in page.find_all("script", type="application/ld+json"):
        try:
            found += _entries(json.loads(script.get_text()))
        except (ValueError, RecursionError):
            broken += 1
    return found, broken


def _entries(data: object) -> Iterator[Block]:
    if isinstance(data, list):
        for one in data:
            yield from _entries(one)
    elif isinstance(data, dict):
        if data.get("@type") == "Question":
            answer = data.get("acceptedAnswer")
            answer = answer[0] if isinstance(answer, list) and answer else answer
            question, text = _plain(data.get("name")), _plain(answer.get("text") if isinstance(answer, dict) else "")
            if question and text:
                yield Block("faq", text, title=question)
        else:
            yield from _entries(data.get("mainEntity"))
            yield from _entries(data.get("@graph"))


def _plain(value: object) -> str:
    """A text that may hold markup, without it."""
    from bs4 import BeautifulSoup

    return " ".join(BeautifulSoup(value, "lxml").get_text(" ").split()) if isinstance(value, str) else ""
