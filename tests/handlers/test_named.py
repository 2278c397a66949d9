"""Whom and what a message names, however it is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.handlers.named import Name, best, mentions

THINGS = {
    "landlord": [Name("Ravi Sample", loose=True), Name("landlord"), Name("makan malik"), Name("2345")],
    "electrician": [Name("Ravi Electrician", loose=True), Name("bijliwala")],
    "maa": [Name("Kamla Specimen", loose=True), Name("maa"), Name("mummy")],
    "savings": [Name("Savings"), Name("bachat"), Name("4521")],
    "current": [Name("Current"), Name("chalu"), Name("8812")],
}


def targets(text: str) -> set[str]:
    return set(best(mentions(text, THINGS), ("to", "")))


def sources(text: str) -> set[str]:
    return set(best(mentions(text, THINGS), ("from", "")))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("send 5k to my landlord from savings", "landlord"),
        ("lanlord ko 500 bhejo", "landlord"),
        ("makaan malik ko rent bhejna hai", "landlord"),
        ("mumy ke account me 5000 bhejo", "maa"),
        ("माँ को 500 भेजो", "maa"),
        ("bachat khate se kamla ko 500", "maa"),
        ("ravi electrician", "electrician"),
        ("move 10,000 from savings to current", "current"),
        ("savings se current me 10000 dalo", "current"),
        ("बचत से चालू में 500", "current"),
        ("••8812", "current"),
        ("to 2345 please", "landlord"),
    ],
)
def test_the_target_is_found(text: str, target: str) -> None:
    assert targets(text) == {target}


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("move 10,000 from savings to current", "savings"),
        ("savings se current me 10000 dalo", "savings"),
        ("from my chalu khata to maa", "current"),
        ("बचत खाते से माँ को", "savings"),
        ("savngs", "savings"),
    ],
)
def test_the_source_is_found(text: str, source: str) -> None:
    assert sources(text) == {source}


def test_two_of_a_name_stay_open() -> None:
    assert targets("रवि को पाँच हज़ार") == {"landlord", "electrician"}


@pytest.mark.parametrize(
    "text", ["", "send 2345", "2345 rupees", "🙂", "\u202e\u200b", "send money to Ramesh", "other"]
)
def test_who_is_not_named_is_not_found(text: str) -> None:
    assert mentions(text, THINGS) == {}


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert mentions(text, THINGS).keys() <= THINGS.keys()
