"""Marking the words of a question in a passage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.search_trace import SearchTrace
from munshi.ui.matched import Wanted


def wanted(query: str, prepared: str = "", expansions: tuple[str, ...] = ()) -> Wanted:
    return Wanted.of(SearchTrace(query, prepared or query, (), expansions))


def found(looked_for: Wanted, text: str, kind: str) -> list[str]:
    return [piece for piece, match in looked_for.marked(text) if match == kind]


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("prices", "The Price and the priced.", ["Price", "priced"]),
        ("5000 rupees", "₹5,000.00 or ₹5,000", ["5,000"]),
        ("ap-1042", "AP-1042 and AP 1042", ["AP-1042", "AP", "1042"]),
        ("वापसी", "वापसी के नियम", ["वापसी"]),
        ("the of is", "the of is", []),
        ("<b>", "<b> b", ["b", "b"]),
    ],
)
def test_the_customers_words_are_found_in_their_forms(query: str, text: str, marked: list[str]) -> None:
    assert found(wanted(query), text, "asked") == marked


def test_what_the_search_added_is_told_apart() -> None:
    looked_for = wanted("wapsi", "return", ("refund",))
    assert found(looked_for, "wapsi: returns and refunds", "asked") == ["wapsi"]
    assert found(looked_for, "wapsi: returns and refunds", "meant") == ["returns", "refunds"]


def test_a_word_with_a_last_y_is_marked_and_another_word_is_not() -> None:
    assert found(wanted("delivering"), "delivery", "meant") == ["delivery"]
    assert found(wanted("delivery"), "we deliver", "meant") == ["deliver"]
    assert found(wanted("policy"), "the police", "meant") == []


@given(st.text(), st.text())
def test_the_pieces_are_the_text(query: str, text: str) -> None:
    looked_for = wanted(query)
    assert "".join(piece for piece, _ in looked_for.marked(text)) == text
