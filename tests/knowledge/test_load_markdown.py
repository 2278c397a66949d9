"""Markdown to blocks, and what its front matter says."""

from __future__ import annotations

from datetime import date

import pytest

from munshi.knowledge.base import LoadError
from munshi.knowledge.loaders import load
from tests.knowledge.papers import Write, shape


def test_markdown_headings_paragraphs_and_lists(write: Write) -> None:
    document = load(
        write(
            "returns.md",
            "# Returns\n\nBring the bill.\n\n## What you need\n\nBring these:\n\n"
            "- the part\n- the *box*\n  1. unopened\n",
        )
    )

    assert document.title == "Returns"
    assert document.source == "returns.md"
    assert shape(document) == [
        ("heading", "Returns"),
        ("paragraph", "Bring the bill."),
        ("heading", "What you need"),
        ("paragraph", "Bring these:"),
        ("list", "- the part\n- the box\n  1. unopened"),
    ]
    assert [block.level for block in document.blocks if block.kind == "heading"] == [1, 2]


def test_a_table_is_read_row_by_row_with_its_header(write: Write) -> None:
    document = load(
        write("delivery.md", "| Zone | Charge | Days |\n|---|--:|---|\n| Pune | ₹150 | 2 |\n| **Goa** | | 5 |\n")
    )

    assert shape(document) == [("row", "Zone: Pune; Charge: ₹150; Days: 2"), ("row", "Zone: Goa; Days: 5")]
    assert [block.title for block in document.blocks] == ["Pune", "Goa"]


def test_marks_addresses_comments_and_scripts_are_no_text(write: Write) -> None:
    body = (
        "See **the** [`list`](https://example.org/x) now.\n\n<!-- secret -->\n\n<script>alert(1)</script>\n\n"
        "<div><b>Open</b> daily &amp; late</div>\n\n```\nAP-1042\n```\n\n> Quoted word.\n"
    )
    document = load(write("a.md", body))

    assert [text for _, text in shape(document)] == [
        "See the list now.", "Open daily & late", "AP-1042", "Quoted word.",
    ]  # fmt: skip


@pytest.mark.parametrize("junk", ["<![foo[ x ]]>", "<![if !supportLists]>", "<![endif]>", "<!>", "<?pi x>", "</>"])
def test_html_that_office_programs_leave_is_passed_over(write: Write, junk: str) -> None:
    document = load(write("a.md", f"<div>{junk}</div>\n\nBring the bill.\n"))

    assert shape(document)[-1] == ("paragraph", "Bring the bill.")


def test_front_matter_is_heeded(write: Write) -> None:
    document = load(
        write(
            "warranty.md",
            "---\ntitle: Warranty 2027\nkind: policy\nlanguage: hi\nvalid_from: 2027-01-01\n"
            "valid_until: '2027-12-31'\n---\n# Other\n\nवारंटी दो साल।\n",
        )
    )

    assert (document.title, document.kind, document.language) == ("Warranty 2027", "policy", "hi")
    assert (document.valid_from, document.valid_until) == (date(2027, 1, 1), date(2027, 12, 31))
    assert document.priority is None
    assert all("valid_from" not in block.text for block in document.blocks)


def test_a_priority_of_its_own_wins(write: Write) -> None:
    assert load(write("a.md", "---\npriority: 99\n---\nText.\n")).priority == 99


@pytest.mark.parametrize(
    ("front", "named"),
    [
        ("valid_from: next Diwali", "valid_from"),
        ("valid_until: [1, 2]", "valid_until"),
        ("valid_from: 2027-02-30", "front matter"),
        ("kind: gossip", "gossip"),
        ("kind: [faq]", "kind"),
        ("priority: high", "priority"),
        ("title: [unclosed", "front matter"),
        ("- a\n- list", "front matter"),
        ("!!python/object:os.system x", "front matter"),
        ("[" * 5000, "front matter"),
    ],
)
def test_bad_front_matter_is_named(write: Write, front: str, named: str) -> None:
    with pytest.raises(LoadError, match=named) as caught:
        load(write("rules.md", f"---\n{front}\n---\nText.\n"))

    assert "rules.md" in str(caught.value)


def test_a_rule_at_the_top_is_no_front_matter(write: Write) -> None:
    assert shape(load(write("a.md", "---\n\nBring the bill.\n"))) == [("paragraph", "Bring the bill.")]


def test_without_a_heading_the_title_comes_from_the_file(write: Write) -> None:
    assert load(write("battery-care_tips.md", "Text.\n")).title == "Battery care tips"
