"""A text in any pieces gives the same sentences, and none before it is over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.sentence_stream import SentenceStream


def cut(pieces: list[str]) -> list[str]:
    stream = SentenceStream()
    early = [sentence for piece in pieces for sentence in stream.feed(piece)]
    return [*early, *stream.finish()]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("We deliver [P1]. It is free [P2].", ["We deliver [P1].", "It is free [P2]."]),
        ("We deliver. [P1] It is free. [P2]", ["We deliver. [P1]", "It is free. [P2]"]),
        ("We deliver. [P1][P2] It is free. [P1, P3]", ["We deliver. [P1][P2]", "It is free. [P1, P3]"]),
        ("It costs Rs. 500. [P1] No more.", ["It costs Rs. 500. [P1]", "No more."]),
        ("We close at 5 p.m. on Sunday [P1].", ["We close at 5 p.m. on Sunday [P1]."]),
        ("It is 2.5 litres [P1]! Yes.", ["It is 2.5 litres [P1]!", "Yes."]),
        ("हम भेजते हैं। [P1] दो दिन लगते हैं। [P1]", ["हम भेजते हैं। [P1]", "दो दिन लगते हैं। [P1]"]),
        ("- one [P1]\n- two [P1]", ["- one [P1]", "- two [P1]"]),
        ("one [P1]\ntwo [P1]", ["one [P1]", "two [P1]"]),
        ("", []),
        ("  \n ", []),
        ("no end", ["no end"]),
    ],
)
def test_a_sentence_keeps_its_citations(text: str, sentences: list[str]) -> None:
    assert cut([text]) == sentences
    assert cut(list(text)) == sentences


def test_a_sentence_waits_for_the_citation_behind_it() -> None:
    stream = SentenceStream()
    assert list(stream.feed("We deliver. [P")) == []
    assert list(stream.feed("1] ")) == []
    assert list(stream.feed("It")) == ["We deliver. [P1]"]


@given(st.text(alphabet="aB1. !?।\n[]P()-", max_size=60), st.integers(1, 7))
def test_the_cuts_do_not_depend_on_the_pieces_and_lose_nothing(text: str, size: int) -> None:
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert "".join("".join(cut(pieces)).split()) == "".join(text.split())
    assert cut(list(text)) == cut(pieces)
