"""Sources that disagree: found, settled by age and priority, never averaged, and nothing else taken for it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.answer import Papers
from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.claims import claims, figures_in
from munshi.knowledge.conflicts import Contradictions, conflicts_among
from munshi.knowledge.index import Index
from munshi.knowledge.search import HybridRetriever, SearchSettings

QUESTION = "What is the minimum balance of a savings account?"
POLICY = Passage(
    id="policy",
    text="Opening an account takes a day. The minimum balance of a savings account is ₹3,000.",
    source="savings.md",
    title="Savings account",
    kind="policy",
    priority=30,
)
FAQ = Passage(id="faq", text="₹1,000.", source="faq.csv", title=QUESTION, kind="faq", priority=20)


def dated(passage: Passage, day: str) -> Passage:
    return replace(passage, metadata={**passage.metadata, "date": day})


def asked(*passages: Passage, encoder: Encoder | None = None) -> Papers:
    return Papers(HybridRetriever(Index.from_passages(passages, encoder), encoder, today=lambda: date(2026, 6, 1)))


@pytest.mark.parametrize(
    ("passages", "kept"),
    [
        ((POLICY, FAQ), "3,000"),
        ((FAQ, POLICY), "3,000"),
        ((dated(POLICY, "2024-04-01"), dated(FAQ, "2026-01-01")), "1,000"),
        ((dated(POLICY, "2026-04-01"), dated(FAQ, "2026-01-01")), "3,000"),
        ((POLICY, replace(FAQ, valid_from=date(2026, 1, 1))), "1,000"),
        ((dated(POLICY, "rubbish"), dated(FAQ, "")), "3,000"),
        ((replace(POLICY, valid_until=date(2025, 1, 1)), FAQ), "1,000"),
        ((POLICY, replace(FAQ, valid_from=date(2027, 1, 1))), "3,000"),
    ],
)
def test_the_valid_the_newer_and_then_the_higher_priority_is_believed(
    passages: tuple[Passage, ...], kept: str, encoder: Encoder
) -> None:
    for reader in (None, encoder):
        answer = asked(*passages, encoder=reader).ask(QUESTION)
        assert kept in answer.text
        assert {"1,000": "3,000", "3,000": "1,000"}[kept] not in answer.text
        assert "2,000" not in answer.text


def test_a_conflict_is_in_the_trace_and_in_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    papers = asked(POLICY, FAQ)
    with caplog.at_level(logging.WARNING):
        trace = papers.trace(QUESTION)
        papers.trace(QUESTION, language="hi")
    (conflict,) = trace.search.conflicts
    assert (conflict.kept.id, [other.id for other in conflict.others]) == ("policy", ["faq"])
    assert "3,000" in conflict.quotes["policy"]
    assert {hit.passage.id for hit in trace.search.hits} == {"policy", "faq"}
    assert {hit.passage.id for hit in trace.hits} == {"policy"}
    assert len([record for record in caplog.records if "disagree" in record.message]) == 1


def test_the_better_fit_is_believed_where_nothing_else_decides() -> None:
    one = Passage(id="one", text="The minimum balance is 3,000.", source="a.md")
    (conflict,) = Contradictions().among(
        "minimum balance", [one, replace(one, id="b", text="Minimum balance: 1,000", source="b.md")]
    )
    assert conflict.kept.id == "one"


def test_three_that_disagree_are_one_conflict() -> None:
    more = [replace(FAQ, id=f"faq {n}", text=f"₹{n},500.", source=f"{n}.csv") for n in (1, 2)]
    (conflict,) = Contradictions().among(QUESTION, [FAQ, *more, POLICY])
    assert conflict.kept.id == "policy"
    assert len(conflict.others) == 3


ALIKE = [
    ("Delivery in Pune costs ₹60.", "Delivery in Thane costs ₹90."),
    ("Delivery costs ₹60.", "Express delivery costs ₹150."),
    ("A deposit for 1 year earns 5.5 %.", "A deposit for 2 years earns 6 %."),
    ("Up to ₹5,000 the fee is ₹5.", "Up to ₹10,000 the fee is ₹10."),
    ("The minimum balance is ₹3,000.", "The minimum balance is 3,000 rupees."),
    ("The limit is ₹5 lakh a day.", "The limit is ₹5,00,000 a day."),
    ("The minimum balance is ₹3,000.", "The minimum balance is ₹3,000, and ₹1,000 in villages."),
    ("The front pad costs ₹850.", "The rear pad costs ₹750."),
    ("Section 420 is about cheating.", "Section 421 is about cheating."),
    ("The rule was made in 1990.", "The rule was made in 2005."),
    ("", "😀 5"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_is_no_contradiction(one: str, other: str) -> None:
    papers = [Passage(id=text, text=text, source=f"{n}.md") for n, text in enumerate((one, other))]
    for question in (one, other, "delivery cost balance deposit fee limit pad section rule"):
        assert Contradictions().among(question, papers) == ()
    assert conflicts_among(papers) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Minimum balance is 3,000.", "The minimum balance to keep is 1,000."),
        ("Free delivery starts from ₹1,500.", "Delivery is free from ₹2,000."),
        ("A deposit for one year earns 5.5 %.", "A deposit earns 6 % for one year."),
        ("Returns are taken for 7 days.", "Returns are taken for 10 days."),
        ("न्यूनतम बैलेंस ₹3,000 है।", "न्यूनतम बैलेंस ₹१,००० है।"),
    ],
)
def test_what_is_a_contradiction(one: str, other: str) -> None:
    papers = [Passage(id=text, text=text, source=f"{n}.md") for n, text in enumerate((one, other))]
    assert len(Contradictions().among(one, papers)) == 1
    assert len(conflicts_among(papers)) == 1


def test_a_claim_beside_the_question_takes_no_passage_away() -> None:
    papers = [POLICY, FAQ]
    assert Contradictions().among("how long does opening an account take", papers) == ()


def test_rows_of_a_table_and_places_of_one_paper_do_not_disagree() -> None:
    rows = [
        Passage(id=str(n), text=f"Part: Oil; Price: ₹{n}", source="a.csv", title="Oil", metadata={"row": "Oil"})
        for n in (300, 550)
    ]
    places = [replace(POLICY, id=str(n), text=f"The minimum balance is ₹{n},000.", heading=(str(n),)) for n in (1, 3)]
    assert conflicts_among(rows) == conflicts_among(places) == []


def test_numbered_questions_are_two_questions() -> None:
    papers = [replace(FAQ, id=str(n), title=f"What does plan number {n} cost?", text=f"₹{n}.") for n in (199, 299)]
    assert conflicts_among(papers) == []
    assert Contradictions().among("what does the plan cost", papers) == ()


def test_headings_of_two_things_are_two_things_to_whoever_looks_through_all_papers() -> None:
    papers = [
        Passage(id=city, text=f"Delivery costs ₹{n}.", source=city, title=city)
        for n, city in enumerate(("Pune", "Thane"), 60)
    ]
    assert conflicts_among(papers) == []


def test_the_stage_has_a_switch() -> None:
    index = Index.from_passages([POLICY, FAQ])
    assert HybridRetriever(index, settings=SearchSettings(conflicts=False)).trace(QUESTION).conflicts == ()


def test_no_more_conflicts_than_asked_for() -> None:
    crowd = [Passage(id=str(n), text=f"The minimum balance is ₹{n},000.", source=f"{n}.md") for n in range(1, 40)]
    assert len(conflicts_among(crowd, most=5)) == 5


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("₹3,000", [("sum", 3000)]),
        ("Rs. 5 lakh", [("sum", 500_000)]),
        ("1,50,000 rupees", [("sum", 150_000)]),
        ("6.5 % for 2 years", [("%", "6.5"), ("year", 2)]),
        ("balance 3000", [("sum", 3000)]),
        ("BR-204-F, since 1998, call 98765 43210, 10:30", []),
    ],
)
def test_figures(text: str, figures: list[tuple[str, int | str]]) -> None:
    assert list(figures_in(text)) == [(kind, Decimal(value)) for kind, value in figures]


@given(st.text(max_size=200), st.text(max_size=40))
def test_any_text_makes_claims(text: str, title: str) -> None:
    for claim in claims(Passage(id="a", text=text, source="a", title=title)):
        assert claim.figures
        assert claim.sentence in text
