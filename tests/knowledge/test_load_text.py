"""Plain text to blocks, by what its lines look like."""

from __future__ import annotations

import pytest

from munshi.knowledge.loaders import load
from tests.knowledge.papers import Write, shape


def test_plain_text_headings_lists_and_broken_lines(write: Write) -> None:
    text = (
        "BATTERY CARE\n\nKeep the terminals clean and dry, and have the charge meas-\nured every three months.\n\n"
        "1. Wear gloves.\n2. Switch the engine off, and then wait until it has cooled down to the\ntouch.\n\n"
        "2.1 Cold Days\nCharge it indoors.\n"
    )
    document = load(write("care.txt", text))

    assert document.title == "BATTERY CARE"
    assert shape(document) == [
        ("heading", "BATTERY CARE"),
        ("paragraph", "Keep the terminals clean and dry, and have the charge measured every three months."),
        ("list", "1. Wear gloves.\n2. Switch the engine off, and then wait until it has cooled down to the touch."),
        ("heading", "2.1 Cold Days"),
        ("paragraph", "Charge it indoors."),
    ]


def test_numbered_lines_in_a_row_are_a_list_and_alone_a_heading(write: Write) -> None:
    kinds = [
        kind
        for kind, _ in shape(load(write("a.txt", "1. Bring bill\n2. Bring box\n\nText here.\n\n3. Refunds\nDone.")))
    ]

    assert kinds == ["list", "paragraph", "heading", "paragraph"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(write: Write, ending: str) -> None:
    text = "First part.\n\nSecond part.\n".replace("\n", ending)

    for name in ("a.txt", "a.md"):
        assert shape(load(write(name, text))) == [("paragraph", "First part."), ("paragraph", "Second part.")]
