"""The passage that holds the very code or number asked for is first, before all that look like it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.codes import code_terms, plain_stems, sequence, sums_of_money, whole_number
from munshi.knowledge.exact import things
from munshi.knowledge.index import Index
from munshi.knowledge.search import HybridRetriever

TEXTS = {
    "ipc 42": "Section 42 IPC says what a local law is.",
    "ipc 420": "Section 420 of the IPC is about cheating.",
    "ipc 420a": "Section 420A was never passed.",
    "ipc 421": "Section 421 IPC is about hiding property.",
    "error 50": "Error 50: the paper is empty.",
    "error 500": "Error 500: the server fell over.",
    "error 503": "Error 503: the service is busy.",
    "bill": "A bill of ₹503 was settled with error by the service.",
    "form 16": "Form 16 is for salary.",
    "form 16a": "Form 16A is for other income.",
    "form 16b": "Form 16 B is for property.",
    "br204": "BR-204 brake cable",
    "br204f": "BR-204-F brake pad",
    "br204g": "BR-204-G brake pad",
    "br204h": "BR 204 H brake pad",
    "br240f": "BR-240-F brake pad",
    "pin 411001": "To 411001 it takes one day.",
    "pin 411010": "To 411010 it takes two days.",
    "pin 400001": "To 400 001 it takes three days.",
    "pune": "Call 98765 43210 in Pune.",
    "mumbai": "Call +91 98765-43211 in Mumbai.",
    "toll free": "Call 1800 123 4567.",
    "plan a": "The plan at ₹2,999 a year.",
    "plan b": "The plan at ₹2,499 a year.",
    "plan c": "The plan at ₹29,999 a year.",
    "order": "Order AM-2031 left the house.",
    "other order": "Order AM-2013 left the house.",
    "hindi": "धारा ५०६ धमकी के बारे में है।",
    "hindi other": "धारा ५०७ धमकी के बारे में है।",
}
CASES = {
    "Section 420 IPC": "ipc 420",
    "what is sec. 420 of the IPC?": "ipc 420",
    "section 42": "ipc 42",
    "SECTION 420A": "ipc 420a",
    "error 503": "error 503",
    "I see Error 50, what now": "error 50",
    "form 16": "form 16",
    "Form 16A": "form 16a",
    "form 16 b": "form 16b",
    "BR-204-F": "br204f",
    "br204f": "br204f",
    "br 204 f price": "br204f",
    "BR/204/G": "br204g",
    "BR204H": "br204h",
    "br-204": "br204",
    "\u200bBR\u2011204\u2011F": "br204f",
    "411001": "pin 411001",
    "do you deliver to 411 010": "pin 411010",
    "400001": "pin 400001",
    "9876543210": "pune",
    "+91 98765 43211": "mumbai",
    "09876543211": "mumbai",
    "1800-123-4567": "toll free",
    "₹2,999": "plan a",
    "plan for Rs. 2499": "plan b",
    "29999 rupees": "plan c",
    "where is am2031": "order",
    "AM 2013": "other order",
    "धारा 506": "hindi",
    "धारा ५०७ क्या है": "hindi other",
}


@pytest.fixture(scope="module")
def passages() -> list[Passage]:
    return [Passage(id=name, text=text, source="papers.md") for name, text in TEXTS.items()]


@pytest.fixture(scope="module")
def on_words(passages: list[Passage]) -> HybridRetriever:
    return HybridRetriever(Index.from_passages(passages))


@pytest.fixture(scope="module")
def retriever(passages: list[Passage], encoder: Encoder) -> HybridRetriever:
    return HybridRetriever(Index.from_passages(passages, encoder), encoder)


@pytest.mark.parametrize("query", CASES)
def test_the_exact_one_is_first(on_words: HybridRetriever, retriever: HybridRetriever, query: str) -> None:
    for one in (on_words, retriever):
        assert one.search(query)[0].passage.id == CASES[query]


def test_the_trace_tells_what_holds_it(retriever: HybridRetriever) -> None:
    trace = retriever.trace("brake pad BR-204-F")
    assert set(trace.exact) == {"br204f"}
    assert trace.hits[0].score - trace.exact["br204f"] == pytest.approx(1, abs=0.5)
    assert retriever.trace("brake pad BR-209-F").exact == {}


def test_an_exact_passage_is_found_behind_a_hundred_that_score_more(encoder: Encoder) -> None:
    noise = [Passage(id=str(n), text="Error in the error log: error.", source="a") for n in range(150)]
    long = Passage(id="503", text="503 error. " + "The rest of this page speaks of tea and biscuits. " * 40, source="a")
    for reader in (None, encoder):
        retriever = HybridRetriever(Index.from_passages([*noise, long], reader), reader)
        assert retriever.search("error 503")[0].passage.id == "503"


CODES = st.from_regex(r"[A-Z]{2}-[0-9]{3}-[A-Z]", fullmatch=True)


def _one_off(code: str) -> list[str]:
    """Codes that differ in one character."""
    other = {True: string.digits, False: string.ascii_uppercase}
    return [
        code[:i] + char + code[i + 1 :]
        for i in range(len(code))
        if code[i] != "-"
        for char in other[code[i].isdigit()]
        if char != code[i]
    ]


def _spellings(code: str) -> list[str]:
    return [code, code.lower(), code.replace("-", ""), code.replace("-", " "), code.replace("-", "/").lower()]


@settings(deadline=None, max_examples=60)
@given(CODES, st.data())
def test_no_code_that_is_one_character_off_goes_before_it(code: str, data: st.DataObject) -> None:
    near = data.draw(st.lists(st.sampled_from(_one_off(code)), unique=True, min_size=3, max_size=30))
    written = [data.draw(st.sampled_from(_spellings(each))) for each in (code, *near)]
    papers = [
        Passage(id=each, text=f"Part {spelling}: brake pad, front, ₹850.", source="parts.csv", priority=each != code)
        for each, spelling in zip((code, *near), written, strict=True)
    ]
    retriever = HybridRetriever(Index.from_passages(papers))
    for asked in _spellings(code):
        assert retriever.search(f"price of {asked} please")[0].passage.id == code


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(100, 99_999), unique=True, min_size=2, max_size=20), st.data())
def test_a_labelled_number_is_not_its_neighbour(numbers: list[int], data: st.DataObject) -> None:
    asked = data.draw(st.sampled_from(numbers))
    papers = [Passage(id=str(n), text=f"Section {n} of the Act speaks of fees.", source="act.pdf") for n in numbers]
    hits = HybridRetriever(Index.from_passages(papers)).search(f"what does section {asked} say")
    assert hits[0].passage.id == str(asked)


def test_all_spellings_of_a_code_are_the_same_atoms() -> None:
    assert len({tuple(atom.text for atom in sequence(text)) for text in _spellings("BR-204-F")}) == 1
    assert len({tuple(plain_stems(text)) for text in ("BR-204-F", "br204f", "BR 204 F")}) == 1


@pytest.mark.parametrize("text", ["98765 43210", "9876543210", "+91 98765 43210", "+91-98765-43210", "09876543210"])
def test_all_spellings_of_a_phone_number_share_a_term(text: str) -> None:
    assert "9876543210" in {*code_terms(text), *plain_stems(text)}
    assert [atom.text for atom in sequence(text)] == ["9876543210"]


@pytest.mark.parametrize(
    "text", ["the 19th century", "in the 1930s", "cash-on-delivery", "", "😀", "of the", "a" * 5000]
)
def test_what_is_no_code_adds_no_term(text: str) -> None:
    assert code_terms(text) == []


def test_a_sum_of_money_names_nothing() -> None:
    assert sums_of_money("₹50,000 or Rs. 700 or 5 lakh, not 12345") == {"50000", "700", "5"}
    assert [thing.named for thing in things("send ₹50,000 to 411001")] == [False, True]


@pytest.mark.parametrize(
    ("digits", "whole"), [("919876543210", "9876543210"), ("09876543210", "9876543210"), ("411001", "411001")]
)
def test_a_phone_number_without_what_may_stand_before_it(digits: str, whole: str) -> None:
    assert whole_number(digits) == whole


@given(st.text(max_size=200))
def test_any_text_has_things(text: str) -> None:
    assert len(things(text)) <= 6
    assert all(thing.atoms[thing.first : thing.last] for thing in things(text))


def test_a_long_text_of_digits_is_read_in_no_time() -> None:
    assert len(things("1 " * 5000 + "12-" * 5000 + "9" * 10_000)) == 6
