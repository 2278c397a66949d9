"""Markdown to blocks, along the parser's own tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from munshi.knowledge.documents import Block
from munshi.knowledge.tables import row_text

_HIDDEN = frozenset({"script", "style", "template"})


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text: headings, paragraphs, lists and table rows. Comments and scripts are left out."""
    root = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text))
    return tuple(block for block in _blocks(root) if block.text.strip())


def _blocks(node: SyntaxTreeNode) -> Iterator[Block]:
    for child in node.children:
        yield from _read(child)


def _read(node: SyntaxTreeNode) -> Iterator[Block]:
    yield from _READERS.get(node.type, _blocks)(node)


def _heading(node: SyntaxTreeNode) -> Iterator[Block]:
    yield Block("heading", _inline(node), level=int(node.tag[1]))


def _paragraph(node: SyntaxTreeNode) -> Iterator[Block]:
    yield Block("paragraph", _inline(node))


def _list(node: SyntaxTreeNode) -> Iterator[Block]:
    yield Block("list", "\n".join(_items(node, depth=0)))


def _items(node: SyntaxTreeNode, depth: int) -> Iterator[str]:
    start = int(node.attrs.get("start", 1))
    for number, item in enumerate(node.children, start):
        mark = f"{number}." if node.type == "ordered_list" else "-"
        inner = [child for child in item.children if not child.type.endswith("_list")]
        own = " ".join(block.text.replace("\n", " ") for child in inner for block in _read(child))
        if own:
            yield f"{'  ' * depth}{mark} {own}"
        for child in item.children:
            if child.type.endswith("_list"):
                yield from _items(child, depth + 1)


def _code(node: SyntaxTreeNode) -> Iterator[Block]:
    yield Block("paragraph", node.content.strip())


def _html(node: SyntaxTreeNode) -> Iterator[Block]:
    yield Block("paragraph", _visible(node.content))


def _table(node: SyntaxTreeNode) -> Iterator[Block]:
    header: list[str] = []
    for part in node.children:
        for row in part.children:
            cells = [_inline(cell) for cell in row.children]
            if part.type == "thead":
                header = cells
            else:
                yield Block("row", row_text(header, cells), title=next(filter(None, cells), ""))


_READERS: dict[str, Callable[[SyntaxTreeNode], Iterator[Block]]] = {
    "heading": _heading,
    "paragraph": _paragraph,
    "bullet_list": _list,
    "ordered_list": _list,
    "fence": _code,
    "code_block": _code,
    "html_block": _html,
    "table": _table,
}


def _inline(node: SyntaxTreeNode) -> str:
    """The words of a node as a reader sees them: no marks, no addresses behind links."""
    return " ".join("".join(_spans(node)).split())


def _spans(node: SyntaxTreeNode) -> Iterator[str]:
    for child in node.children:
        if child.type in ("text", "code_inline", "image"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak", "html_inline"):
            yield " "
        else:
            yield from _spans(child)


class _VisibleText(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (the base's)
        self._hidden += tag in _HIDDEN

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN and self._hidden > 0

    def parse_marked_section(self, i: int, report: bool = True) -> int:  # noqa: ARG002 (the base's, which asserts)
        return self.parse_bogus_comment(i)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def _visible(html: str) -> str:
    parser = _VisibleText()
    parser.feed(html)
    parser.close()
    return " ".join(" ".join(parser.pieces).split())
