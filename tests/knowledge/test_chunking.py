"""Documents to passages: cut along their structure, with ids that last, and no word lost."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.knowledge.base import Passage
from munshi.knowledge.chunking import ChunkSettings, passages
from munshi.knowledge.load_csv import load_csv
from munshi.knowledge.load_markdown import load_markdown
from munshi.knowledge.load_text import load_text

SMALL = ChunkSettings(max_words=12)

RETURNS = """# Returns

Bring the bill.

## Parts

Within seven days.

### Electrical

No returns once fitted.

## Refunds

Paid in five days.
"""


def cut(markdown: str, settings: ChunkSettings | None = None) -> list[Passage]:
    """The passages of a Markdown text named a.md."""
    return passages(load_markdown(markdown.encode(), "a.md"), settings)


def tokens(found: list[Passage]) -> set[str]:
    """Every word that the passages hold anywhere."""
    return {word for p in found for word in " ".join((p.title, *p.heading, p.text)).split()}


def numbered(count: int, start: int = 0) -> str:
    """A sentence of words that stand nowhere else."""
    return " ".join(f"w{n}" for n in range(start, start + count)) + "."


def test_each_section_is_a_passage_under_its_headings() -> None:
    assert [(p.heading, p.text) for p in cut(RETURNS)] == [
        ((), "Bring the bill."),
        (("Parts",), "Within seven days."),
        (("Parts", "Electrical"), "No returns once fitted."),
        (("Refunds",), "Paid in five days."),
    ]
    assert {p.title for p in cut(RETURNS)} == {"Returns"}


def test_ids_read_like_their_place() -> None:
    assert [p.id for p in cut(RETURNS)] == [
        "a.md#bring-the-bill",
        "a.md#parts/0",
        "a.md#parts/electrical/0",
        "a.md#refunds/0",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Bring the bill.", "Bring the bill, the part and its box. " * 40),
        ("Within seven days.", "Within ten days.\n\n" + "Word. " * 500),
        ("## Parts", "## New\n\nSomething new.\n\n## Parts"),
        ("Within seven days.", ""),
    ],
)
def test_a_change_in_another_section_keeps_the_ids(old: str, new: str) -> None:
    before = {p.id: p.text for p in cut(RETURNS)}
    after = {p.id: p.text for p in cut(RETURNS.replace(old, new))}

    for place in ("a.md#parts/electrical/0", "a.md#refunds/0"):
        assert after[place] == before[place]


def test_faq_entries_keep_their_ids_when_others_come_and_go() -> None:
    def ids(*entries: str) -> list[str]:
        return [p.id for p in passages(load_csv("\n".join(("question,answer", *entries)).encode(), "faq.csv"))]

    assert ids("New?,Yes.", "Open on Sunday?,No.") == ["faq.csv#new", "faq.csv#open-on-sunday"]
    assert ids("Open on Sunday?,Changed.") == ["faq.csv#open-on-sunday"]


def test_equal_places_are_told_apart() -> None:
    ids = [p.id for p in cut("# T\n\n## Note\n\nOne.\n\n## Note\n\nTwo.\n\n## 🙂\n\nThree.\n\n## 🙃\n\nFour.")]

    assert len(set(ids)) == 4
    assert ids[:2] == ["a.md#note/0", "a.md#note/0~2"]


def test_short_paragraphs_of_a_section_stay_together() -> None:
    assert [p.text for p in cut("One.\n\nTwo.\n\n- three\n- four\n")] == ["One.\nTwo.\n- three\n- four"]


def test_a_long_section_is_cut_between_paragraphs() -> None:
    paragraphs = [numbered(8, start) for start in (0, 10, 20)]

    assert [p.text for p in cut("\n\n".join(paragraphs), SMALL)] == paragraphs


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentences = [numbered(5, start) for start in (0, 10, 20, 30)]

    assert [p.text for p in cut(" ".join(sentences), SMALL)] == [
        " ".join(sentences[:2]),
        " ".join(sentences[2:]),
    ]


def test_hindi_is_cut_at_the_danda() -> None:
    sentence = "दुकान सुबह दस बजे खुलती है।"

    assert [p.text for p in cut(" ".join([sentence] * 4), SMALL)] == [f"{sentence} {sentence}"] * 2


def test_a_huge_sentence_is_cut_between_words() -> None:
    found = cut(numbered(10_000))

    assert all(len(p.text.split()) <= 160 for p in found)
    assert " ".join(p.text for p in found) == numbered(10_000)


def test_one_huge_word_is_one_passage() -> None:
    assert [p.text for p in cut("x" * 100_000)] == ["x" * 100_000]


def test_each_part_of_a_long_list_repeats_its_lead_in() -> None:
    items = [f"- {name} and its own box" for name in ("one", "two", "three", "four")]
    found = [p.text for p in cut("Please bring:\n\n" + "\n".join(items), SMALL)]

    assert len(found) > 1
    assert all(text.startswith("Please bring:\n- ") for text in found)
    assert [line for text in found for line in text.split("\n")[1:]] == items


def test_a_list_is_not_parted_from_its_lead_in() -> None:
    found = [p.text for p in cut(f"{numbered(8)}\n\nPlease bring:\n\n- the part\n- the box\n", SMALL)]

    assert found == [numbered(8), "Please bring:\n- the part\n- the box"]


def test_each_row_of_a_table_is_a_passage_and_never_cut() -> None:
    long = numbered(40)
    found = cut(f"# Delivery\n\n## Charges\n\n| Zone | Note |\n|---|---|\n| Pune | {long} |\n| Goa | 5 days |\n", SMALL)

    assert [(p.id, p.text) for p in found] == [
        ("a.md#charges/pune", f"Zone: Pune; Note: {long}"),
        ("a.md#charges/goa", "Zone: Goa; Note: 5 days"),
    ]
    assert all(p.heading == ("Charges",) for p in found)


def test_an_faq_entry_is_one_passage_with_its_other_wordings() -> None:
    answer = " ".join(numbered(10, start) for start in range(0, 300, 10))
    data = f"question,answer,alternates,category\nOpen?,{answer},kab khulta hai|कब खुलता है,hours\nShut?,At nine.,,\n"
    first, second = passages(load_csv(data.encode(), "faq.csv"), SMALL)

    assert (first.title, first.text, first.kind) == ("Open?", answer, "faq")
    assert first.metadata == {"alternates": "kab khulta hai\nकब खुलता है", "category": "hours"}
    assert second.metadata == {}


def test_what_the_front_matter_says_holds_for_every_passage() -> None:
    front = "---\ntitle: Rules\nkind: policy\nlanguage: hi\nvalid_from: 2027-01-01\nvalid_until: 2027-12-31\n---\n"
    found = cut(front + RETURNS)

    assert len(found) == 4
    assert {(p.title, p.kind, p.language, p.valid_from, p.valid_until, p.priority) for p in found} == {
        ("Rules", "policy", "hi", date(2027, 1, 1), date(2027, 12, 31), found[0].priority)
    }
    assert found[-1].heading == ("Returns", "Refunds")


def test_a_cut_paragraph_may_repeat_its_last_sentences() -> None:
    sentences = [numbered(5, start) for start in (0, 10, 20, 30)]

    assert [p.text for p in cut(" ".join(sentences), ChunkSettings(12, overlap_words=6))] == [
        " ".join(sentences[at : at + 2]) for at in range(3)
    ]


def test_each_numbered_clause_is_a_passage() -> None:
    text = (
        "# Terms\n\n## Returns\n\nIn short.\n\n4.1 The buyer may return parts.\n\nThe box too.\n\n"
        "4.2 The seller pays for:\n\n"
        "- transport\n- packing\n\n## Law\n\nSection 420. Cheating is punished.\n\nSection 421A Fraud too.\n\n"
        "## Volts\n\n12.6 V is full.\n\n11.9 V is empty.\n"
    )

    assert [(p.id, p.text) for p in cut(text)] == [
        ("a.md#returns/0", "In short."),
        ("a.md#returns/4.1", "4.1 The buyer may return parts.\nThe box too."),
        ("a.md#returns/4.2", "4.2 The seller pays for:\n- transport\n- packing"),
        ("a.md#law/section-420", "Section 420. Cheating is punished."),
        ("a.md#law/section-421a", "Section 421A Fraud too."),
        ("a.md#volts/0", "12.6 V is full.\n11.9 V is empty."),
    ]


def test_clauses_of_a_plain_text_that_stand_line_by_line() -> None:
    text = "4.1 The buyer may return what he\nhas bought from us.\n4.2 The seller pays for the transport of\nit.\n"
    found = passages(load_text(text.encode(), "terms.txt"))

    assert [p.id for p in found] == ["terms.txt#4.1", "terms.txt#4.2"]
    assert found[0].text == "4.1 The buyer may return what he has bought from us."


def test_the_language_is_told_by_the_script_of_each_passage() -> None:
    found = cut(
        "# Rules\n\n## A\n\nReturn it.\n\n## B\n\nसात दिन में, with bill.\n\n## C\n\nsaat din mein wapas\n\n## D\n\n123\n"
    )

    assert [p.language for p in found] == ["en", "hi", "en", "en"]
    assert {p.language for p in cut("---\nlanguage: mr\n---\nदुकान उघडी आहे.\n\nOpen.")} == {"mr"}


def test_date_kind_and_priority_of_each_passage() -> None:
    policy, faq, text = (
        passages(document)[0]
        for document in (
            load_markdown(b"---\ndate: 2026-04-01\n---\n# Refund rules\n\nIn five days.", "a.md"),
            load_csv(b"question,answer\nOpen?,Yes.", "faq.csv"),
            load_markdown(b"---\npriority: 99\n---\n# About us\n\nWe sell parts.", "b.md"),
        )
    )

    assert (policy.kind, policy.priority, policy.metadata["date"]) == ("policy", 30, "2026-04-01")
    assert (faq.kind, faq.priority, text.kind, text.priority) == ("faq", 20, "text", 99)
    assert "date" not in text.metadata


# What holds for any document

WORDS = st.text(st.sampled_from("abcxyz0189वापसी।.!?-'🙂\u200bשל"), min_size=1, max_size=8)
LINES = st.lists(WORDS, min_size=1, max_size=30).map(" ".join)
PARTS = st.one_of(
    LINES,
    LINES.map(lambda line: f"## {line}\n\nBody."),
    st.lists(LINES, min_size=1, max_size=5).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(LINES, min_size=1, max_size=4).map(
        lambda rows: "| A | B |\n|---|---|\n" + "\n".join(f"| {r} | 1 |" for r in rows)
    ),
)
TEXTS = st.lists(PARTS, max_size=6).map("\n\n".join)


@settings(max_examples=150)
@given(TEXTS, st.integers(1, 40), st.integers(0, 40))
def test_passages_hold_every_word_within_the_size(text: str, max_words: int, overlap: int) -> None:
    document = load_markdown(text.encode(), "a.md")
    found = passages(document, ChunkSettings(max_words, overlap))

    assert {word for block in document.blocks if block.kind != "heading" for word in block.text.split()} <= tokens(
        found
    )
    assert all(len(p.text.split()) <= max_words for p in found if "row" not in p.metadata)
    assert all(p.text.strip() for p in found)
    assert len({p.id for p in found}) == len(found)
    assert found == passages(document, ChunkSettings(max_words, overlap))


@given(TEXTS)
def test_markdown_loses_no_word(text: str) -> None:
    read = " ".join(block.text for block in load_markdown(text.encode(), "a.md").blocks)

    assert all(word in read for word in re.findall(r"[a-cx-zवापसी]+", text))


@settings(max_examples=150)
@given(st.lists(LINES, min_size=1, max_size=12), st.sampled_from(["\n", "\n\n"]))
def test_plain_text_loses_nothing(lines: list[str], gap: str) -> None:
    text = gap.join(lines) + "\n\nThe last line ends here.\n"
    document = load_text(text.encode(), "a.txt")
    found = passages(document, ChunkSettings(10))

    # A hyphen at a line's end is mended, so words are compared without it.
    whole = "".join(block.text for block in document.blocks)
    assert "".join(whole.split()).replace("-", "") == "".join(text.split()).replace("-", "")
    assert {word for block in document.blocks if block.kind != "heading" for word in block.text.split()} <= tokens(
        found
    )


@given(TEXTS)
def test_prose_keeps_its_order(text: str) -> None:
    found = [p for p in cut(f"{numbered(30)}\n\n{text}", SMALL) if p.text.startswith("w")]
    firsts = [int(p.text.split()[0].strip(".")[1:]) for p in found]

    assert len(firsts) == 3
    assert all(a < b for a, b in pairwise(firsts))
