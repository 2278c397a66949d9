"""A web page's elements to blocks, in reading order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from munshi.knowledge.documents import Block
from munshi.knowledge.tables import table

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement

_DROPPED = (
    "script", "style", "template", "noscript", "nav", "footer", "aside", "form", "button", "select", "svg", "iframe",
    "object", "canvas", "dialog", "head",
)  # fmt: skip
_UNSEEN_ROLES = frozenset({"navigation", "contentinfo", "search", "complementary", "menu", "menubar", "dialog"})
_UNSEEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code data del dfn em font i img ins kbd label mark q rp rt ruby s samp small span "
    "strike strong sub sup time tt u var wbr".split()
)
_MOST_SPAN = 50


def html_blocks(page: BeautifulSoup) -> list[Block]:
    """What a reader sees of a page: headings, paragraphs, lists, table rows and FAQ entries. Changes `page`."""
    for tag in page.find_all(_DROPPED):
        tag.decompose()
    for tag in page.find_all(_is_hidden):
        tag.decompose()
    root = page.find("main") or page.body or page
    return list(_flow(root))


def _is_hidden(tag: Tag) -> bool:
    return (
        tag.has_attr("hidden")
        or tag.get("aria-hidden") == "true"
        or str(tag.get("role")) in _UNSEEN_ROLES
        or _UNSEEN_STYLE.search(str(tag.get("style", ""))) is not None
    )


def _flow(parent: Tag) -> Iterator[Block]:
    """The blocks below an element; the text between block elements is a paragraph of its own."""
    held: list[str] = []
    for child in parent.children:
        if _is_words(child):
            held.append(_said(child))
            continue
        yield from _paragraphs("".join(held))
        held = []
        yield from _read(child)
    yield from _paragraphs("".join(held))


def _is_words(child: PageElement) -> bool:
    """Whether it runs on in the line: text, or an inline element without a block in it."""
    name = getattr(child, "name", None)
    if name is None or name == "br":
        return True
    return name in _INLINE and not any(one.name not in _INLINE and one.name != "br" for one in child.find_all(True))  # type: ignore[attr-defined]


def _said(child: PageElement) -> str:
    from bs4.element import NavigableString, PreformattedString

    if isinstance(child, PreformattedString):  # a comment, a doctype
        return ""
    if isinstance(child, NavigableString):
        return re.sub(r"\s+", " ", str(child))
    if child.name == "br":  # type: ignore[attr-defined]
        return "\n"
    return "".join(_said(one) for one in child.children)  # type: ignore[attr-defined]


def _paragraphs(text: str) -> Iterator[Block]:
    """Two line breaks part paragraphs, as one would see it."""
    for part in re.split(r"\n\s*\n", text):
        flat = " ".join(part.split())
        if flat:
            yield Block("paragraph", flat)


def _inline_text(tag: Tag) -> str:
    return " ".join(block.text for block in _flow(tag))


def _read(child: PageElement) -> Iterator[Block]:
    yield from _READERS.get(child.name, _flow)(child)  # type: ignore[attr-defined, arg-type]


def _heading(tag: Tag) -> Iterator[Block]:
    yield Block("heading", _inline_text(tag), level=int(tag.name[1]))


def _list(tag: Tag) -> Iterator[Block]:
    yield Block("list", "\n".join(_items(tag, 0)))


def _items(tag: Tag, depth: int) -> Iterator[str]:
    start = str(tag.get("start", "1"))
    number = int(start) if start.isdecimal() and len(start) < 6 else 1
    for item in tag.find_all(["li", "ul", "ol"], recursive=False):
        if item.name != "li":  # a list right in a list: not allowed, and common
            yield from _items(item, depth + 1)
            continue
        nested = [inner.extract() for inner in item.find_all(["ul", "ol"]) if inner.find_parent("li") is item]
        own = _inline_text(item)
        if own:
            yield f"{'  ' * depth}{f'{number}.' if tag.name == 'ol' else '-'} {own}"
            number += 1
        for inner in nested:
            yield from _items(inner, depth + 1)


def _details(tag: Tag) -> Iterator[Block]:
    """A question that opens on a click; what holds a table is a section instead, so that its rows are found."""
    summary = tag.find("summary")
    question = _inline_text(summary.extract()) if summary else ""
    inner = list(_flow(tag))
    if question and inner and not any(block.kind in ("row", "faq") for block in inner):
        yield Block("faq", "\n".join(block.text for block in inner), title=question)
    else:
        yield from [Block("heading", question, level=6)] if question else []
        yield from inner


def _definitions(tag: Tag) -> Iterator[Block]:
    """Terms and what they mean: a term that asks something is an FAQ entry, another a row."""
    term = ""
    for child in tag.find_all(["dt", "dd"]):
        text = _inline_text(child)
        if child.name == "dt":
            term = text
        elif term and text:
            faq = term.endswith("?")
            yield Block("faq", text, title=term) if faq else Block("row", f"{term.rstrip(':')}: {text}", title=term)


def _table(tag: Tag) -> Iterator[Block]:
    """A table's rows; one that only lays out the page is read cell by cell."""
    rows = [row for row in tag.find_all("tr") if row.find_parent("table") is tag]
    if tag.find("table") or max((len(row.find_all(["td", "th"], recursive=False)) for row in rows), default=0) < 2:
        yield from _flow(tag)
        return
    caption = tag.find("caption")
    yield from _paragraphs(_inline_text(caption) if caption else "")
    cells = _grid(rows)
    heads = rows[0].find_all(["td", "th"], recursive=False)
    if rows[0].find_parent("thead") or all(cell.name == "th" for cell in heads):
        yield from table(cells[1:], header=cells[0]).blocks
    else:
        yield from table(cells).blocks


def _grid(rows: list[Tag]) -> list[list[str]]:
    """The cells' words, one that spans rows or columns written into each row, and once in a row."""
    grid: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}
    for row in rows:
        line: list[str] = []
        for cell in row.find_all(["td", "th"], recursive=False):
            _hang(line, hanging)
            text = _inline_text(cell)
            rest = _span(cell, "rowspan") - 1
            if rest:
                hanging[len(line)] = (rest, text)
            line += [text, *[""] * (_span(cell, "colspan") - 1)]
        _hang(line, hanging)
        grid.append(line)
    return grid


def _hang(line: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    while len(line) in hanging:
        rest, text = hanging.pop(len(line))
        if rest > 1:
            hanging[len(line)] = (rest - 1, text)
        line.append(text)


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, "1"))
    return max(1, min(int(value), _MOST_SPAN)) if value.isdecimal() and len(value) < 6 else 1


_READERS: dict[str | None, Callable[[Tag], Iterator[Block]]] = {
    **{f"h{n}": _heading for n in range(1, 7)},
    "ul": _list,
    "ol": _list,
    "details": _details,
    "dl": _definitions,
    "table": _table,
}
