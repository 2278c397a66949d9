"""What the papers say, word for word; and that they say nothing where they hold nothing."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.knowledge.answer import AnswerSettings, Papers
from munshi.knowledge.base import Answer, Encoder, Passage
from munshi.knowledge.evidence import Evidence, confidence
from munshi.knowledge.extract import Extractor, ExtractSettings, unit_spans
from munshi.knowledge.index import Index
from munshi.knowledge.search import HybridRetriever
from munshi.knowledge.text import sentences

CARE = """Check the water of a battery every three months. Use distilled water only. Never add acid.
Clean the terminals with warm water and baking soda. Grease them with petroleum jelly.
A full battery shows 12.6 volts after two hours of rest. At 12.2 volts it is half empty and should be charged.
Old batteries are taken back by law. Their value is taken off the price of a new one. Wear gloves when you carry one."""

SLIPS = """For a claim bring:
- the bill
- the part, cleaned
- the warranty card, stamped"""


def faq(question: str, answer: str, *alternates: str) -> Passage:
    metadata = {"alternates": "\n".join(alternates)}
    return Passage(id=question, text=answer, source="faq.csv", title=question, kind="faq", metadata=metadata)


def section(heading: str, text: str) -> Passage:
    return Passage(id=heading, text=text, source="guide.pdf", title="Guide", heading=(heading,), page=2)


def branch(name: str, address: str, phone: str) -> Passage:
    text = f"Branch: {name}; Address: {address}; Phone: {phone}"
    heading = ("Metro branches",)
    return Passage(id=name, text=text, source="branches.md", title="Branches", heading=heading, metadata={"row": name})


SHOP = (
    faq(
        "Do you deliver on Sunday?",
        "No. On Sunday only the counter is open. There is no delivery. There is no dispatch. Order on Saturday.",
        "sunday delivery",
        "itwaar ko saman aayega kya",
        "रविवार को डिलीवरी होती है क्या",
    ),
    faq("Is cash on delivery available?", "Yes, up to ₹10,000 in Navi Mumbai.", "cod available?"),
    faq("Do you take credit cards?", "Yes: Visa, Mastercard and RuPay."),
    section("Battery care", CARE),
    section("Claims", SLIPS),
    branch("Vashi", "Plot 12, Sector 17", "022 2700 0101"),
    branch("Dadar", "4 Gokhale Road", "022 2700 0102"),
    branch("Deccan", "8 Bhandarkar Road, Pune", "020 2700 0104"),
    branch("Thane", "21 Ram Maruti Road", "022 2700 0103"),
)


@pytest.fixture(scope="module")
def papers(encoder: Encoder) -> Papers:
    return Papers(HybridRetriever(Index.from_passages(SHOP, encoder), encoder))


@pytest.fixture(scope="module")
def on_words() -> Papers:
    return Papers(HybridRetriever(Index.from_passages(SHOP)))


def is_sound(answer: Answer) -> None:
    """Abstained and silent, or words that stand in a passage, each cited."""
    texts = {passage.id: passage.text for passage in SHOP}
    assert 0 <= answer.confidence <= 1
    assert answer.abstained == (not answer.text) == (not answer.citations)
    for citation in answer.citations:
        assert citation.quote in texts[citation.passage_id]
        assert citation.quote in answer.text


@pytest.mark.parametrize("which", ["papers", "on_words"])
@pytest.mark.parametrize(
    "question",
    ["Do you deliver on Sunday?", "do u deliver on sundays", "sunday delivery", "itwaar ko saman aayega kya",
     "रविवार को डिलीवरी होती है क्या"],
)  # fmt: skip
def test_an_faq_is_answered_whole(which: str, question: str, request: pytest.FixtureRequest) -> None:
    answer = request.getfixturevalue(which).ask(question)
    assert answer.text == SHOP[0].text
    assert answer.method == "faq"
    assert answer.citations[0].title == "Do you deliver on Sunday?"
    is_sound(answer)


def test_of_a_long_section_only_the_sentences_that_answer_are_quoted(papers: Papers) -> None:
    answer = papers.ask("how many volts does a full battery show")
    assert "12.6 volts" in answer.text
    assert "gloves" not in answer.text
    assert len(sentences(answer.text)) <= 3
    assert answer.method == "extract"
    (citation,) = answer.citations
    assert (citation.source, citation.title, citation.heading, citation.page) == (
        "guide.pdf",
        "Guide",
        ("Battery care",),
        2,
    )
    is_sound(answer)


def test_a_list_comes_whole_with_its_lead_in(papers: Papers) -> None:
    assert papers.ask("what do i bring for a warranty claim").text == SLIPS


def test_a_row_that_the_question_names_comes_alone_under_its_heading(papers: Papers) -> None:
    answer = papers.ask("phone number of the Dadar branch")
    assert answer.text == f"Metro branches:\n{SHOP[6].text}"
    is_sound(answer)


def test_rows_that_the_question_does_not_tell_apart_come_together_in_order(papers: Papers) -> None:
    answer = papers.ask("branch phone")
    order = [citation.passage_id for citation in answer.citations]
    names = [passage.id for passage in SHOP]
    assert 2 <= len(order) <= 3
    assert all(names.index(a) < names.index(b) for a, b in pairwise(order))
    is_sound(answer)


@pytest.mark.parametrize(
    "question",
    ["do you have a branch in Delhi where I can buy tyres", "who won the match yesterday", "tell me a joke",
     "what is the capital of france", "blorf the snizzle wug", "hello", "how tall is the owner"],
)  # fmt: skip
@pytest.mark.parametrize("which", ["papers", "on_words"])
def test_what_the_papers_do_not_hold_is_not_answered(which: str, question: str, request: pytest.FixtureRequest) -> None:
    answer = request.getfixturevalue(which).ask(question)
    assert answer.abstained
    is_sound(answer)


@pytest.mark.parametrize(
    "question",
    ["", "   ", "???", "😀😀", "\u200b", "\x00", "\ud800", "a" * 100_000, "delivery " * 12_000, "क" * 10_000],
)
def test_no_question_breaks_it(papers: Papers, on_words: Papers, question: str) -> None:
    is_sound(papers.ask(question))
    is_sound(on_words.ask(question))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([*" ".join(p.text for p in SHOP).split(), "zebra", "?", "😀", "क्या"]), max_size=12))
def test_any_question_of_the_papers_own_words_is_answered_soundly(papers: Papers, asked: list[str]) -> None:
    is_sound(papers.ask(" ".join(asked)))


def test_empty_papers_answer_nothing(encoder: Encoder) -> None:
    answer = Papers(HybridRetriever(Index.from_passages([], encoder), encoder)).ask("do you deliver")
    assert answer.abstained
    assert answer.confidence == 0


def test_the_threshold_decides(papers: Papers) -> None:
    assert papers.ask("how tall is the owner", threshold=0.0).text
    assert papers.ask("Do you deliver on Sunday?", threshold=1.0).abstained
    strict = AnswerSettings(threshold=1.0)
    assert Papers(papers.retriever, strict).ask("Do you deliver on Sunday?").abstained


def test_the_trace_tells_every_stage(papers: Papers) -> None:
    trace = papers.trace("is cod available")
    assert trace.answer == papers.ask("is cod available")
    assert len(trace.hits) == len(trace.confidences) == 5
    assert trace.hits[0].passage.title == "Is cash on delivery available?"
    assert max(trace.confidences) == trace.confidences[0] == trace.answer.confidence


def test_the_customers_language_is_preferred_where_the_papers_have_it(encoder: Encoder) -> None:
    both = [
        Passage(id="en", text="Shop hours: 10 to 20 daily.", source="a", language="en"),
        Passage(id="hi", text="Shop hours: 10 to 20 daily.", source="a", language="hi"),
    ]
    papers = Papers(HybridRetriever(Index.from_passages(both, encoder), encoder))
    assert papers.ask("shop hours", language="hi").citations[0].passage_id == "hi"
    assert papers.ask("shop hours", language="en").citations[0].passage_id == "en"
    assert papers.ask("shop hours", language="hinglish").citations


def test_an_expired_answer_is_never_given(encoder: Encoder) -> None:
    offer = Passage(id="1", text="The monsoon offer is 20 % off.", source="a", valid_until=date(2026, 9, 30))
    index = Index.from_passages([offer], encoder)

    def asked_on(day: date) -> Answer:
        return Papers(HybridRetriever(index, encoder, today=lambda: day)).ask("what is the monsoon offer")

    assert asked_on(date(2026, 9, 30)).text == offer.text
    assert asked_on(date(2026, 10, 1)).abstained


def test_an_encoder_without_tokens_answers_too(counting: Encoder) -> None:
    papers = Papers(HybridRetriever(Index.from_passages(SHOP, counting), counting))
    assert papers.ask("do you take credit cards").text == SHOP[2].text
    assert papers.ask("who won the match yesterday").abstained


# The parts


@pytest.mark.parametrize("without", [{}, {"max_sim": None, "weakest": None}, {"dense": None, "max_sim": None}])
def test_more_evidence_makes_surer(without: dict[str, None]) -> None:
    little = Evidence(**{"coverage": 0.1, "match": 0.05, "dense": 0.2, "max_sim": 0.3, "weakest": 0.2, **without})
    much = Evidence(**{"coverage": 1.0, "match": 0.6, "dense": 0.9, "max_sim": 0.9, "weakest": 0.7, **without})
    assert 0 < confidence(little) < 0.2
    assert 0.9 < confidence(much) < 1


def test_an_unknown_word_lowers_the_confidence(papers: Papers) -> None:
    known, odd = (papers.trace(f"do you deliver on {day}").confidences[0] for day in ("Sunday", "Jupiter"))
    assert odd < known - 0.2


@settings(deadline=None, max_examples=60)
@given(
    st.text(min_size=1, max_size=300),
    st.text(max_size=40),
    st.builds(ExtractSettings, sentences=st.integers(1, 4), words=st.integers(1, 40), keep=st.floats(0, 1)),
)
def test_a_quote_stands_in_the_passage_and_keeps_its_limits(text: str, question: str, limits: ExtractSettings) -> None:
    passage = Passage(id="1", text=text, source="a")
    quote = Extractor(Index.from_passages([passage]).lexical, None, limits).quote(question, passage)
    assert quote in text
    units = [text[start:end] for start, end in unit_spans(text)]
    assert len(unit_spans(quote)) <= limits.sentences
    assert len(quote.split()) <= max([limits.words, *(len(unit.split()) for unit in units)])


@given(st.text("aB \n.?-1।क", max_size=60))
def test_units_follow_one_another_and_leave_nothing_out(text: str) -> None:
    spans = unit_spans(text)
    assert all(start < end for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


def test_numbered_steps_are_one_unit_with_their_lead_in() -> None:
    text = "It is easy. To send money:\n1. Add the payee.\n2. Wait. Then confirm.\nIt is free."
    units = [text[start:end] for start, end in unit_spans(text)]
    assert units == ["It is easy.", "To send money:\n1. Add the payee.\n2. Wait. Then confirm.", "It is free."]
