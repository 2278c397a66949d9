"""From when and until when a paper holds, by its own words and only where they can mean nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.chunking import passages
from munshi.knowledge.load_markdown import load_markdown
from munshi.knowledge.validity import UNBOUNDED, Validity, declared, stated

APRIL, MARCH = date(2026, 4, 1), date(2027, 3, 31)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("These prices are valid until 31 March 2027.", Validity(None, MARCH)),
        ("Price list effective from 1st April, 2026", Validity(APRIL, None)),
        ("(w.e.f. 01.04.2026)", Validity(APRIL, None)),
        ("Effective date: April 1, 2026", Validity(APRIL, None)),
        ("Rates valid from 2026-04-01 to 2027-03-31", Validity(APRIL, MARCH)),
        ("This policy comes into force on 1 Apr 2026.", Validity(APRIL, None)),
        ("यह मूल्य सूची 1 अप्रैल 2026 से 31 मार्च 2027 तक मान्य है।", Validity(APRIL, MARCH)),
        ("दरें ०१/०४/२०२६ से लागू", Validity(APRIL, None)),
        ("Your card is valid until 31 March 2027 if you renew it.", UNBOUNDED),
        ("The Diwali offer is valid until 31 March 2027.", UNBOUNDED),
        ("Prices are not valid until 1 April 2026.", UNBOUNDED),
        ("Prices are valid until 31 March.", UNBOUNDED),
        ("Prices are valid until 31/02/2027.", UNBOUNDED),
        ("The shop opens from 1 April 2026.", UNBOUNDED),
    ],
)
def test_a_sentence_says_how_long_its_paper_holds(text: str, found: Validity) -> None:
    assert declared(text) == found


@pytest.mark.parametrize(
    "text", ["no longer valid from 1 April 2026", "Rates were valid until 31 March 2027", "31 March 2027"]
)
def test_what_is_denied_past_or_bare_is_none(text: str) -> None:
    assert stated(text) == UNBOUNDED


@given(st.text(max_size=80), st.dates(date(1000, 1, 1)))
def test_any_text_and_any_day_can_be_read(text: str, day: date) -> None:
    found = stated(text)
    assert {type(bound) for bound in found} <= {type(None), date}
    if not any(letter.isdigit() for letter in text):
        assert found == UNBOUNDED
    assert stated(f"{'x' * 3}: valid until {day.day} {day:%B} {day.year:04}").end == day


def cut(text: str) -> dict[str, Validity]:
    found = passages(load_markdown(text.encode(), "a.md"))
    return {p.text.split("\n")[0]: Validity(p.valid_from, p.valid_until) for p in found}


def test_a_paper_speaks_of_all_of_it_and_a_section_of_itself() -> None:
    found = cut(
        "# Rates\n\nThese rates are effective from 1 April 2026.\n\n## Diwali (valid until 31 March 2027)\n\n"
        "Ten percent.\n\n"
        "### Tyres\n\nFive.\n\n## Holi\n\nThis offer is valid until 31 March 2027.\n\n## Other\n\nNone.\n"
    )

    assert found["These rates are effective from 1 April 2026."] == Validity(APRIL, None)
    assert found["Ten percent."] == found["Five."] == Validity(APRIL, MARCH)
    assert found["This offer is valid until 31 March 2027."] == Validity(APRIL, MARCH)
    assert found["None."] == Validity(APRIL, None)


def test_the_front_matter_wins_and_a_row_speaks_of_itself() -> None:
    found = cut(
        "---\nvalid_from: 2020-01-01\n---\nPrices effective from 1 April 2026.\n\n"
        "| Item | Valid until |\n|---|---|\n| Pen | 31 March 2027 |\n| Ink | |\n"
    )

    assert found["Prices effective from 1 April 2026."] == Validity(date(2020, 1, 1), None)
    assert found["Item: Pen; Valid until: 31 March 2027"] == Validity(date(2020, 1, 1), MARCH)
    assert found["Item: Ink"] == Validity(date(2020, 1, 1), None)


def test_far_down_a_paper_speaks_of_other_things() -> None:
    text = (
        "# Rates\n\n" + "\n\n".join(f"Paragraph {n}." for n in range(6)) + "\n\nPrices are valid until 31 March 2027."
    )

    assert set(cut(text).values()) == {UNBOUNDED}
