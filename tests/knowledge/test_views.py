"""What of a passage is embedded: the whole, its parts, the ways to ask for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.base import Passage
from munshi.knowledge.views import PART_WORDS, as_is, sentence_views

FIRST = "Orders above two thousand rupees are delivered free of charge anywhere in the city."
SECOND = "Parcels to other towns leave on the same day if they are ordered before noon."


def views(text: str, **fields: object) -> tuple[str, ...]:
    return sentence_views(Passage(id="1", text=text, source="a.md", **fields), as_is)  # type: ignore[arg-type]


def test_a_long_passage_is_embedded_whole_and_in_parts() -> None:
    assert views(f"{FIRST} {SECOND}") == (f"{FIRST} {SECOND}", FIRST, SECOND)


def test_a_part_stands_under_the_passages_heading() -> None:
    whole, first, _ = views(f"{FIRST} {SECOND}", heading=("Delivery",))
    assert whole.startswith("Delivery. Orders")
    assert first.startswith("Delivery. Orders")


@pytest.mark.parametrize("text", ["", "Free.", FIRST, f"{FIRST} Always.", f"Free. {FIRST}", "Yes. No. Perhaps."])
def test_a_short_passage_is_one(text: str) -> None:
    assert len(views(text)) == 1


def test_a_faq_entry_is_found_by_its_ways_to_ask() -> None:
    found = views(FIRST, kind="faq", title="Is delivery free?", metadata={"alternates": "delivery cost\nshipping"})
    assert found == (f"Is delivery free? {FIRST}", "Is delivery free?", "delivery cost", "shipping")


@given(st.lists(st.text("ab ", min_size=1), max_size=30))
def test_parts_hold_every_word_once_and_enough_of_them(sentences: list[str]) -> None:
    whole, *parts = views(". ".join(sentences))
    assert len(parts) != 1
    assert all(len(part.split()) >= PART_WORDS for part in parts)
    if parts:
        assert " ".join(parts).split() == whole.split()
