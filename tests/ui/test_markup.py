"""What customers and documents write never becomes markup."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from munshi.bot.wording import plain
from munshi.knowledge.base import Citation
from munshi.ui.markup import footnotes, literal, masthead, said, said_by_person, sources

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=//evil.example/x onerror=alert(1)>",
    "![x](http://evil.example/a.png) [l](javascript:alert(1)) <http://evil.example> www.evil.example a@evil.example",
    "# head\n\n- item\n\n    code\n\n```mermaid\ngraph TD\n```\n\n| a | b |\n|--|--|\n$$x^2$$",
    "</div></details><iframe src=https://evil.example>",
    "&lt;b&gt; &#60;b&#62; &amp;",
    "‮gnp.exe \x00\x1b[2J \ud800",
)


class Tags(HTMLParser):
    """The tags and attribute values in a piece of markup, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def citation(**changes: object) -> Citation:
    given = {
        "passage_id": "p",
        "source": "delivery.md",
        "title": "Delivery",
        "heading": ("Delivery", "Outside the city"),
        "page": None,
        "quote": "We send it by courier.",
    }
    return Citation(**{**given, **changes})  # type: ignore[arg-type]


@given(st.text())
@example("a\r\nb\rc\td")
@example("\ud83d")
def test_no_mark_of_a_text_reaches_the_markdown_reader(text: str) -> None:
    assert re.fullmatch(r"(?:&#\d+;|[^!-/:-@\[-`{-~\n\r])*", literal(text))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_text_is_shown_as_it_is(text: str) -> None:
    assert unescape(literal(text)) == plain(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_only_our_own_tags_come_out_whatever_goes_in(text: str) -> None:
    markup = (
        said(text, text)
        + said_by_person(text, text)
        + masthead(text, text, text)
        + footnotes([text])
        + sources([citation(source=text, title=text, heading=(text,), quote=text)])
    )
    found = Tags(markup)
    assert set(found.tags) <= {
        "div", "h1", "p", "span", "form", "button", "details", "summary", "blockquote",
    }  # fmt: skip
    assert set(found.attributes) <= {"class", "dir", "method", "action", "type"}
    assert "\n" not in markup


def test_a_source_names_its_place_and_quotes_word_for_word() -> None:
    quote = 'Free on orders of ₹5,000 or more — "no exceptions" <today>.'
    text = Tags(sources([citation(quote=quote, page=3)])).text
    for part in ("Delivery › Outside the city", "delivery.md", "3", quote):
        assert part in text


def test_the_same_source_is_shown_once_and_none_not_at_all() -> None:
    assert sources([citation(), citation(), citation(quote="Else.")]).count("<details") == 2
    assert sources([]) == ""


def test_a_source_without_title_or_heading_goes_by_its_file() -> None:
    assert "delivery.md" in Tags(sources([citation(title="", heading=())])).text.split("We send")[0]
