"""Loans by the demonstration bank's table: limits, fees, instalments and what an income bears."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import Engine

from munshi.bot.business import load_business
from munshi.bot.wording import Phrasebook
from munshi.handlers.base import Entity, SlotError, Turn
from munshi.handlers.columns import LOANS
from munshi.handlers.csv_file import read_records
from munshi.handlers.instalments import instalment
from munshi.handlers.loan_eligibility import LoanEligibility
from munshi.handlers.loan_emi import RANGE, LoanEmi
from munshi.handlers.loan_enquiry import LoanEnquiry
from munshi.handlers.loan_offers import fee, find, named_in, sum_beside
from munshi.handlers.money import money
from munshi.handlers.records import Records, import_records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Loan
from tests.handlers.conftest import Papers

BANK = load_business("dummy-bank")
LAKH = 10_000_000
SAMPLE = tuple(
    Loan(**{name: value for name, value in row.items() if name != "key"})
    for row in read_records(LOANS, BANK.records["loans"].read_bytes(), "loans.csv").rows
)
TABLE = {loan.code: loan for loan in SAMPLE}


@pytest.fixture
def services(engine: Engine, papers: Papers) -> Services:
    import_records(engine, "bank", {"loans": BANK.records["loans"]})
    return Services(Records(engine, "bank"), papers, Phrasebook(), BANK.profile)


@pytest.fixture
def emi(services: Services) -> LoanEmi:
    return LoanEmi(services, HandlerConfig("Loan_EMI", options={"note": "Only indicative."}))


@pytest.fixture
def eligibility(services: Services) -> LoanEligibility:
    return LoanEligibility(services, HandlerConfig("Loan_Eligibility"))


def choose(handler: LoanEmi | LoanEligibility, name: str, turn: Turn, said: str = "") -> list[str]:
    slot = next(slot for slot in handler.slots if slot.name == name)
    assert slot.choose is not None
    return [button.value for button in slot.choose(turn, said)]


def test_the_table_says_what_the_papers_say() -> None:
    text = (BANK.folder / "knowledge" / "loans.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "% to " in line]
    rows = [row for row in rows if len(row) == 5]
    assert sorted(row[0] for row in rows) == sorted(loan.name for loan in SAMPLE)
    for name, rate, most, longest, charge in rows:
        loan = next(loan for loan in SAMPLE if loan.name == name)
        assert rate == f"{loan.rate_from}% to {loan.rate_to}%"
        assert most == f"₹{loan.max_paise // LAKH} lakh"
        years = f"{loan.max_months // 12} years"
        assert longest in (years, f"{loan.max_months} months")
        for figure in re.findall(r"(\d+\.\d+)%", charge):
            assert Decimal(figure) == Decimal(loan.fee_percent)
        for figure in re.findall(r"at most (₹[\d,]*\d)", charge):
            assert figure == money(loan.fee_most_paise or 0)
        for figure in re.findall(r"(?:at least |^)(₹[\d,]*\d)", charge):
            assert figure == money(loan.fee_least_paise)
        assert (charge == "none") == (fee(loan, LAKH) == 0)
    assert all(f"{loan.max_obligations}% of the monthly income" in text for loan in SAMPLE)
    for code, words in (("home", "A home loan covers up to"), ("gold", "a gold loan up to")):
        assert f"{words} {TABLE[code].max_share}%" in text


@pytest.mark.parametrize(
    ("code", "lakh", "rupees"),
    [
        ("home", 20, 7_000),
        ("home", 75, 10_000),
        ("personal", Decimal("0.5"), 1_000),
        ("personal", 5, 5_000),
        ("two-wheeler", 1, 500),
        ("gold", 3, 250),
        ("education", 10, 0),
        ("business", 10, 7_500),
    ],
)
def test_the_fee_keeps_to_its_least_and_its_most(code: str, lakh: Decimal, rupees: int) -> None:
    assert fee(TABLE[code], int(lakh * LAKH)) == rupees * 100


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ("ghar ke liye", ["home"]),
        ("बाइक के लिए लोन", ["two-wheeler"]),
        ("two wheeler", ["two-wheeler"]),
        ("personel loan", ["personal"]),
        ("पर्सनल लोन", ["personal"]),
        ("sona girvi", ["gold"]),
        ("for my shop", ["business"]),
        ("car ya bike", ["car", "two-wheeler"]),
        ("block my card", []),
        ("a loan", []),
    ],
)
def test_a_loan_goes_by_many_names(said: str, codes: list[str]) -> None:
    assert sorted(loan.code for loan in named_in(SAMPLE, said)) == codes


@given(st.text(max_size=200))
def test_whatever_is_written_it_names_some_of_them(text: str) -> None:
    assert all(loan in SAMPLE for loan in named_in(SAMPLE, text))
    sum_beside(text, frozenset({"salary"}), hindi=True)


def test_without_a_rate_the_range_is_worked_out(emi: LoanEmi, turn: Callable[..., Turn]) -> None:
    asked = turn("personal loan")
    assert choose(emi, "rate", asked) == [RANGE]
    assert choose(emi, "loan", asked) == ["personal"]
    reply = emi.answer(turn(slots={"rate": RANGE, "loan": "personal", "amount": "500000", "term": "P60M"}))
    assert all(figure in reply.text for figure in ("₹11,122.22", "₹11,894.97", "₹5,000", "Only indicative."))
    (file,) = reply.attachments
    heads, *rows = load_workbook(BytesIO(file.data)).worksheets[0].iter_rows(values_only=True)
    assert heads == ("Month", "Instalment", "Interest", "Principal", "Balance")
    assert (len(rows), sum(round(row[3] * 100) for row in rows), rows[-1][4]) == (60, 5 * LAKH, 0)
    assert all(round(row[1] * 100) == round(row[2] * 100) + round(row[3] * 100) for row in rows)


def test_a_rate_needs_no_loan(emi: LoanEmi, turn: Callable[..., Turn]) -> None:
    stated = turn("5 lakh for 5 years at 10%", slots={"rate": "10"})
    assert choose(emi, "loan", stated) == ["any"]
    reply = emi.answer(turn(slots={"rate": "10", "loan": "any", "amount": "500000", "term": "P60M"}))
    assert "₹10,623.52" in reply.text
    assert "fee" not in reply.text


def test_what_is_not_lent_is_refused_with_the_range(emi: LoanEmi, turn: Callable[..., Turn]) -> None:
    car = turn(slots={"loan": "car", "rate": RANGE})
    with pytest.raises(SlotError) as told:
        choose(emi, "amount", car, "2000000")
    assert told.value.values["maximum"] == "₹15,00,000"
    with pytest.raises(SlotError) as told:
        choose(emi, "term", car, "P96M")
    assert told.value.values["years"] == 7
    with pytest.raises(SlotError) as told:
        choose(emi, "rate", car, "12")
    assert (told.value.values["least"], told.value.values["most"]) == ("9.25", "10.25")
    for said in ("0", "-5", "lots", "🙂", "1e9", "99999999999999"):
        with pytest.raises(SlotError):
            choose(emi, "amount", car, said)
    for said in ("0", "P0M", "forever", "9999999"):
        with pytest.raises(SlotError):
            choose(emi, "term", car, said)


def test_a_bare_number_may_be_years_or_months(emi: LoanEmi, turn: Callable[..., Turn]) -> None:
    assert choose(emi, "term", turn(slots={"loan": "car"}), "5") == ["P60M", "P5M"]
    assert choose(emi, "term", turn(slots={"loan": "car"}), "36") == ["P36M"]
    assert choose(emi, "term", turn(slots={"loan": "car"}), "P36M") == ["P36M"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([loan.code for loan in SAMPLE]),
    st.integers(20_000, 500_000),
    st.integers(0, 500_000),
    st.integers(1, 300),
)
def test_nobody_is_told_more_than_the_income_bears(
    eligibility: LoanEligibility, turn: Callable[..., Turn], code: str, income: int, other: int, months: int
) -> None:
    loan = find(SAMPLE, code)
    assert loan is not None
    months = min(months, loan.max_months)
    slots = {"loan": code, "income": str(income), "obligations": str(other), "term": f"P{months}M"}
    reply = eligibility.answer(turn(slots=slots))
    room = income * 100 // 2 - other * 100
    if not reply.data["eligible"]:
        assert room < 100 or income * 100 < loan.min_income_paise
        return
    for rate, most in reply.data["up_to"].items():
        assert most <= loan.max_paise
        assert instalment(most, Decimal(rate), months) <= room
        assert most == loan.max_paise or instalment(most + 100, Decimal(rate), months) > room


def test_an_income_in_the_first_words_is_not_asked_for(eligibility: LoanEligibility, turn: Callable[..., Turn]) -> None:
    asked = turn("I earn 50,000 a month and pay emi 8000, how much home loan can I get")
    assert choose(eligibility, "income", asked) == ["50000"]
    assert choose(eligibility, "obligations", asked) == ["8000"]
    assert choose(eligibility, "obligations", turn("home loan"), "koi nahi") == ["0"]
    assert choose(eligibility, "income", turn("home loan for 20 years")) == []
    hindi = turn("पचास हज़ार कमाई पर कितना लोन", language="hi")
    assert choose(eligibility, "income", hindi) == ["50000"]


def test_the_term_is_the_longest_unless_it_is_said(eligibility: LoanEligibility, turn: Callable[..., Turn]) -> None:
    asked = turn(slots={"loan": "car"})
    assert choose(eligibility, "term", asked) == ["P84M"]
    assert choose(eligibility, "term", asked, "P36M") == ["P36M"]


def test_a_question_goes_to_the_papers_and_a_sum_is_worked_out(
    services: Services, papers: Papers, turn: Callable[..., Turn]
) -> None:
    enquiry = LoanEnquiry(services, HandlerConfig("Loan_Enquiry"))
    assert enquiry.answer(turn("can I pay it back early")).text == papers.text
    entities = (Entity("amount", "500000", "5 lakh", 0, 6), Entity("duration", "P60M", "5 years", 10, 17))
    compared = enquiry.answer(turn("I need 5 lakh for 5 years", entities=entities)).text
    assert "Personal loan: ₹11,122.22 to ₹11,894.97" in compared
    assert "Two-wheeler" not in compared
    assert "Gold" not in compared
    one = enquiry.answer(turn("car loan of 5 lakh for 5 years", entities=entities))
    assert one.data["loan"] == "car"
    huge = (replace(entities[0], value="50000000"), entities[1])
    assert "₹75,00,000" in enquiry.answer(turn("5 crore for 5 years", entities=huge)).text
