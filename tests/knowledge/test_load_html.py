"""Web pages: what a reader sees of them, and nothing of what surrounds it."""

from __future__ import annotations

import json
from datetime import date

import pytest

from munshi.knowledge.base import LoadError
from munshi.knowledge.chunking import passages
from munshi.knowledge.loaders import load
from tests.knowledge.papers import Write, attempt, shape, told

PAGE = """<!doctype html><html lang="en"><head><title>Delivery – Navi Auto</title>
<meta name="date" content="2026-04-01T09:00:00+05:30"><style>p {color: red}</style></head><body>
<header><h1>Delivery</h1></header><nav><ul><li>Home</li></ul></nav>
<main><p>We deliver <b>all</b> over<br>India.</p>
<h2>Charges</h2><table><caption>By zone</caption>
<thead><tr><th>Zone</th><th>Charge</th></tr></thead>
<tbody><tr><th>Pune</th><td>₹150</td></tr><tr><td>Goa</td><td>₹<span>200</span></td></tr></tbody></table>
<h2>What we need</h2><ol><li>Your <i>address</i><ul><li>with PIN</li></ul></li><li>Your phone</li></ol>
<p hidden>Old charge ₹90</p><div style="display: none">secret</div><aside>Advert</aside></main>
<footer>© 2026</footer><script>track()</script></body></html>"""


def test_headings_tables_and_lists_in_order(write: Write) -> None:
    document = load(write("delivery.html", PAGE))

    assert shape(document) == [
        ("paragraph", "We deliver all over India."),
        ("heading", "Charges"),
        ("paragraph", "By zone"),
        ("row", "Zone: Pune; Charge: ₹150"),
        ("row", "Zone: Goa; Charge: ₹200"),
        ("heading", "What we need"),
        ("list", "1. Your address\n  - with PIN\n2. Your phone"),
    ]
    assert document.dated == date(2026, 4, 1)
    assert document.title == "Delivery"


def test_the_top_heading_is_the_title(write: Write) -> None:
    document = load(write("a.htm", "<title>x</title><p>Welcome!</p><h1>Returns policy</h1><p>Seven days.</p>"))

    assert (document.title, document.kind) == ("Returns policy", "policy")
    assert shape(document) == [
        ("heading", "Returns policy"), ("paragraph", "Welcome!"), ("paragraph", "Seven days."),
    ]  # fmt: skip


def test_questions_that_open_on_a_click_are_an_faq(write: Write) -> None:
    page = (
        "<h1>Help</h1><details><summary>Do you ship?</summary><p>Yes.</p><ul><li>Pune</li></ul></details>"
        "<details><summary>Charges</summary><table><tr><th>Zone</th><th>₹</th></tr><tr><td>Goa</td><td>9</td></tr>"
        "</table></details><dl><dt>Open on Sunday?</dt><dd>No.</dd><dt>Phone</dt><dd>98200 00000</dd></dl>"
    )
    found = passages(load(write("help.html", page)))

    assert [(p.title, p.text, p.kind) for p in found if p.kind == "faq"] == [
        ("Do you ship?", "Yes.\n- Pune", "faq"), ("Open on Sunday?", "No.", "faq"),
    ]  # fmt: skip
    assert [p.text for p in found if p.kind != "faq"] == ["Zone: Goa; ₹: 9", "Phone: 98200 00000"]
    assert {p.priority for p in found if p.kind == "faq"} == {20}


def test_a_declared_faq_is_read_once(write: Write) -> None:
    entries = [("Do you ship?", "<p>Yes, <b>all</b> India.</p>"), ("Open today?", "Yes."), ("", "none")]
    data = {
        "@context": "https://schema.org", "@type": "FAQPage",
        "mainEntity": [
            {"@type": "Question", "name": name, "acceptedAnswer": {"@type": "Answer", "text": text}}
            for name, text in entries
        ],
    }  # fmt: skip
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    broken = '<script type="application/ld+json">{"@type": </script>'
    document = load(write("faq.html", f"{script}{broken}<h2>Open today?</h2><p>Yes, till nine.</p>"))

    assert [(block.title, block.text) for block in document.blocks if block.kind == "faq"] == [
        ("Do you ship?", "Yes, all India.")
    ]
    assert "faq.html" in document.faults[0]


def test_spanning_cells_stand_in_each_row(write: Write) -> None:
    page = (
        "<table><tr><th>City</th><th>Day</th><th>Hours</th></tr>"
        "<tr><td rowspan=2>Pune</td><td>Mon</td><td>9–5</td></tr>"
        "<tr><td>Tue</td><td>10–4</td></tr><tr><td colspan=3>Goa branch</td></tr>"
        "<tr><td>Goa</td><td>Mon</td><td></td></tr>"
        "</table>"
    )

    assert shape(load(write("a.html", page))) == [
        ("row", "City: Pune; Day: Mon; Hours: 9–5"),
        ("row", "City: Pune; Day: Tue; Hours: 10–4"),
        ("heading", "Goa branch"),
        ("row", "City: Goa; Day: Mon"),
    ]


def test_a_table_that_lays_out_the_page_is_no_table(write: Write) -> None:
    page = (
        "<table><tr><td><p>Left text.</p><table><tr><td>A</td><td>B</td></tr></table></td><td>Right.</td></tr></table>"
    )

    assert shape(load(write("a.html", page)))[0] == ("paragraph", "Left text.")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252", "iso-8859-1"])
def test_the_declared_encoding_holds(write: Write, encoding: str) -> None:
    data = f'<meta charset="{encoding}"><p>Café à la carte</p>'.encode(encoding)

    assert shape(load(write("a.html", data))) == [("paragraph", "Café à la carte")]


def test_a_declared_language_wins(write: Write) -> None:
    marathi, hindi = (load(write("a.html", f'<html lang="{lang}"><p>दुकान उघडी आहे</p>')) for lang in ("mr-IN", "en"))

    assert passages(marathi)[0].language == "mr"
    assert passages(hindi)[0].language == "hi"


@pytest.mark.parametrize("depth", [1_000, 200_000])
def test_deep_nesting_is_bounded(depth: int) -> None:
    result = attempt(("<div>" * depth + "Deep text.").encode(), ".html")

    assert told(result, "a.html")


@pytest.mark.parametrize("content", ["", "<nav>Home</nav>", "<script>alert(1)</script>", "<!-- <p>text</p> -->"])
def test_a_page_without_text_is_named(write: Write, content: str) -> None:
    with pytest.raises(LoadError, match=r"a\.html.*no text"):
        load(write("a.html", content))
