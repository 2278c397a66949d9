"""A file read in a process of its own: the same document, the same refusals, and never beyond its bounds."""

from __future__ import annotations

import pytest

from munshi.knowledge.apart import read_apart
from munshi.knowledge.base import LoadError
from munshi.knowledge.loaders import LOADERS
from tests.knowledge.papers import Write

PAPER = "---\nkind: policy\nvalid_until: 2027-03-31\n---\n# नियम\n\n| Zone | ₹ |\n|---|---|\n| Pune | 5 |\n\n- 🙂 one\n"


@pytest.mark.parametrize(
    ("name", "content"), [("a.md", PAPER), ("faq.csv", "question,answer,alternates\nOpen?,Yes.,khula|खुला\nShut?,,\n")]
)
def test_the_document_is_the_same(write: Write, name: str, content: str) -> None:
    assert read_apart(write(name, content), name) == LOADERS[name[name.index(".") :]].read(content.encode(), name)


def test_a_refusal_is_the_same(write: Write) -> None:
    with pytest.raises(LoadError, match=r"papers/a\.md.*kind"):
        read_apart(write("a.md", "---\nkind: gossip\n---\nText.\n"), "papers/a.md")


def test_one_that_takes_too_long_is_stopped(write: Write) -> None:
    with pytest.raises(LoadError, match=r"a\.txt.*split"):
        read_apart(write("a.txt", "text"), "a.txt", seconds=0.01)


def test_one_that_breaks_the_reader_is_named(write: Write) -> None:
    with pytest.raises(LoadError, match=r"a\.unknown.*damaged"):
        read_apart(write("a.unknown", "text"), "a.unknown")
