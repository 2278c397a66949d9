from __future__ import annotations

import pytest

from munshi.knowledge import lexicon

TABLES = {
    "hinglish": ("words", "gloss"),
    "numbers": ("words", "value"),
    "units": ("words", "kind"),
    "dates": ("words", "kind"),
    "loans": ("devanagari", "english"),
    "sms": ("short", "language"),
    "codes": ("words", "kind"),
    "verbs": ("stem", "base"),
    "endings": ("ending", "template"),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_whole(name: str) -> None:
    for row in lexicon.rows(name):
        assert None not in row
        assert None not in row.values()
        assert row[TABLES[name][0]]


@pytest.mark.parametrize("name", ["hinglish", "numbers", "loans"])
def test_no_spelling_has_two_meanings(name: str) -> None:
    seen = [word for row in lexicon.rows(name) for word in lexicon.spellings(row[TABLES[name][0]])]
    assert sorted(seen) == sorted(set(seen))


def test_abbreviations_are_for_english_or_for_all() -> None:
    assert {row["language"] for row in lexicon.rows("sms")} == {"en", "any"}
