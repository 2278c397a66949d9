"""The packs that come with Munshi are held to the standard that an owner's is checked by."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from munshi.bot.business import check_business, demo_names, find_business, load_business
from munshi.bot.pack.conversations import load_conversations

BANK_INTENTS = {"Check_Balance", "Fund_Transfer", "Open_Account", "Loan_Enquiry", "Card_Block", "Branch_Location"}


@pytest.mark.parametrize("name", demo_names())
def test_a_demo_pack_has_no_fault(name: str) -> None:
    assert check_business(find_business(name)) == []


@pytest.mark.parametrize("name", demo_names())
def test_a_demo_pack_is_taught_and_tested_enough(name: str) -> None:
    business = load_business(name)
    assert all(10 <= len(intent.examples) <= 25 for intent in business.intents)
    assert business.conversations is not None
    conversations = load_conversations(business.conversations)
    tags = [set(conversation.tags) for conversation in conversations]
    assert len(conversations) >= 40
    assert sum(bool(tag & {"typo", "hinglish", "hindi"}) for tag in tags) * 3 >= len(tags)
    assert sum("unanswerable" in tag for tag in tags) >= 10
    assert sum("multi_turn" in tag for tag in tags) >= 3


def test_the_bank_knows_what_it_must_and_marks_what_is_dangerous() -> None:
    intents = {intent.name: intent for intent in load_business("dummy-bank").intents}
    assert intents.keys() >= BANK_INTENTS
    high = {name for name, intent in intents.items() if intent.risk == "high"}
    assert high == {"Fund_Transfer", "Card_Block", "Card_Replacement"}
    assert intents["Card_Block"].handler == "card_block"


def test_the_bank_says_that_it_is_a_demonstration() -> None:
    papers = {path.name: path.read_text(encoding="utf-8") for path in load_business("dummy-bank").papers}
    assert "does not exist" in papers["about-the-bank.md"]


def test_a_lost_card_gets_the_number_that_the_papers_give() -> None:
    bank = load_business("dummy-bank")
    cards = next(path for path in bank.papers if path.name == "cards.md").read_text(encoding="utf-8")
    number = re.findall(r"card emergency line (1800 \d{3} \d{4})", cards)[0]
    notes = bank.options["Card_Block"]["note"]
    assert all(number in notes[language] for language in bank.profile.languages)


def test_the_banks_faq_says_nothing_that_its_papers_do_not() -> None:
    """Every sum and every rate in an answer stands in a policy too: two sources that disagree would be cited."""
    folder = find_business("dummy-bank") / "knowledge"
    policies = " ".join(path.read_text(encoding="utf-8") for path in folder.glob("*.md"))
    with (folder / "faq.csv").open(encoding="utf-8", newline="") as file:
        answers = [row["answer"] for row in csv.DictReader(file)]
    figures = {
        figure for answer in answers for figure in re.findall(r"₹\d[\d,]*\d(?: lakh)?|\d+\.\d+%|1800 \d+ \d+", answer)
    }
    assert len(figures) > 50
    assert {figure for figure in figures if figure not in policies} == set()
    assert len(answers) >= 40


def test_the_banks_branches_have_codes_that_could_be_real() -> None:
    text = (find_business("dummy-bank") / "knowledge" / "branches.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "AMVL" in line]
    assert len(rows) == 12
    assert len({row[3] for row in rows}) == len({row[5] for row in rows}) == 12
    for row in rows:
        assert re.fullmatch(r"[1-9]\d{5}", row[2])
        assert re.fullmatch(r"[A-Z]{4}0[A-Z0-9]{6}", row[3])


def test_a_pack_is_found_wherever_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "dummy-bank" in demo_names()
    assert load_business("dummy-bank").key == "dummy-bank"
