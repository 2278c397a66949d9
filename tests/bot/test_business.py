from __future__ import annotations

import os
import pickle
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi.bot.business import BusinessError, check_business, demo_names, find_business, load_business
from munshi.bot.pack.conversations import load_conversations
from munshi.bot.pack.faults import Report
from munshi.bot.pack.yaml_file import parse_yaml
from munshi.bot.scaffold import create_pack

BUSINESS = """\
name: Tea & Toast
description: A café.
languages: [hi, en]
currency: INR
timezone: Asia/Kolkata
hours:
  monday: 09:00-12:30, 15:00 – 21:00
  sunday: Closed
holidays:
  2027-08-15: Independence Day
  2027-01-26: Republic Day
contact:
  phone: 02227660000
  address: 12
formats: {order_number: 'T-\\d{3}'}
thresholds: {clarify: 0.4}
"""
INTENTS = """\
intents:
  - name: book_table
    description: The customer wants a table.
    handler: collect
    risk: high
    options: {minutes: 90, quiet: true, tags: [a, 2]}
    slots:
      - {name: guests, kind: quantity, prompt: How many?, min: 1, max: 12}
      - {name: room, kind: choice, choices: [Garden, Hall], optional: true, pattern: '[A-Z].*'}
    examples: [a table for two, no, 500, 10:30, yes]
"""


@pytest.fixture
def cafe(tmp_path: Path) -> Path:
    folder = tmp_path / "cafe"
    (folder / "knowledge" / "sub").mkdir(parents=True)
    (folder / "business.yaml").write_text(BUSINESS, encoding="utf-8")
    (folder / "intents.yaml").write_text(INTENTS, encoding="utf-8")
    (folder / "knowledge" / "sub" / "menu.md").write_text("# Menu\n\nTea ₹20.\n", encoding="utf-8")
    return folder


def test_what_the_files_say_is_what_the_business_has(cafe: Path) -> None:
    business = load_business(cafe)
    profile = business.profile
    assert (business.key, profile.name, profile.languages) == ("cafe", "Tea & Toast", ("hi", "en"))
    assert [(h.weekday, h.opens, h.closes) for h in profile.hours] == [
        (0, time(9), time(12, 30)),
        (0, time(15), time(21)),
    ]
    assert profile.holidays == (("2027-01-26", "Republic Day"), ("2027-08-15", "Independence Day"))
    assert (profile.phone, profile.address, profile.email) == ("02227660000", "12", "")
    assert str(profile.timezone) == "Asia/Kolkata"
    assert business.formats == {"order_number": r"T-\d{3}"}
    assert business.thresholds == {"clarify": 0.4}
    assert business.llm == "none"
    assert [paper.name for paper in business.papers] == ["menu.md"]
    assert business.conversations is None
    assert business.records == {}


def test_examples_stay_the_text_they_look_like(cafe: Path) -> None:
    intent = load_business(cafe).intents[0]
    assert intent.examples == ("a table for two", "no", "500", "10:30", "yes")
    assert (intent.name, intent.risk, intent.slots) == ("book_table", "high", ("guests", "room"))


def test_options_keep_their_types_and_slots_their_bounds(cafe: Path) -> None:
    business = load_business(cafe)
    assert business.options["book_table"] == {"minutes": 90, "quiet": True, "tags": ["a", 2]}
    guests, room = business.slot_specs["book_table"]
    assert (guests.kind, guests.prompt, guests.minimum, guests.maximum) == (
        "quantity",
        {"en": "How many?"},
        Decimal(1),
        Decimal(12),
    )
    assert (room.choices, room.optional, room.pattern) == (("Garden", "Hall"), True, "[A-Z].*")


def test_a_business_can_be_sent_to_another_process(cafe: Path) -> None:
    business = load_business(cafe)
    assert pickle.loads(pickle.dumps(business)) == business


def test_glossary_and_own_sentences_are_read(cafe: Path) -> None:
    (cafe / "glossary.csv").write_text("term,meaning,language\n चाय ,tea,hi\n", encoding="utf-8")
    (cafe / "phrases").mkdir()
    (cafe / "phrases" / "hi.yaml").write_text("offer_person_button: दुकानदार\n", encoding="utf-8")
    business = load_business(cafe)
    assert [(entry.term, entry.meaning, entry.language) for entry in business.glossary] == [("चाय", "tea", "hi")]
    assert business.phrases == {"hi": {"offer_person_button": "दुकानदार"}}


def test_an_error_carries_every_fault_and_names_each_on_its_own_line(cafe: Path) -> None:
    (cafe / "business.yaml").write_text(BUSINESS.replace("INR", "X").replace("Closed", "shut"), encoding="utf-8")
    (cafe / "intents.yaml").write_text(INTENTS.replace("collect", "colect"), encoding="utf-8")
    with pytest.raises(BusinessError) as caught:
        load_business(cafe)
    assert [(fault.file, fault.line) for fault in caught.value.faults] == [
        ("business.yaml", 4),
        ("business.yaml", 8),
        ("intents.yaml", 4),
    ]
    assert str(caught.value).count("\n") == 3


def test_warnings_and_its_own_tests_do_not_keep_a_business_from_running(cafe: Path) -> None:
    (cafe / "conversations.yaml").write_text("- nonsense\n", encoding="utf-8")
    assert any(fault.severity == "error" for fault in check_business(cafe))
    assert load_business(cafe).conversations == cafe / "conversations.yaml"


def test_a_demo_is_found_by_its_name_and_a_folder_by_its_path(cafe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_business("dummy-bank").name == "dummy-bank"
    monkeypatch.chdir(cafe.parent)
    assert find_business("cafe") == cafe.resolve()
    assert find_business(".") == cafe.parent.resolve()
    (cafe.parent / "dummy-bank").mkdir()
    assert (find_business("dummy-bank") / "business.yaml").exists()
    (cafe.parent / "dummy-bank" / "business.yaml").touch()
    assert find_business("dummy-bank") == (cafe.parent / "dummy-bank").resolve()


@pytest.mark.parametrize(
    "name",
    ["", " ", "no-such-shop", "_template", "../dummy-bank", "auto-parts/../dummy-bank", "a\0b", "x" * 5_000, "🙂"],
)
def test_an_unknown_name_lists_the_ones_there_are(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BusinessError) as caught:
        find_business(name)
    assert all(demo in str(caught.value) for demo in demo_names())
    assert len(str(caught.value)) < 500


def test_conversations_are_read_or_refused_with_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "conversations.yaml"
    path.write_text("- {name: a, turns: [{say: hi, expect: {contains: x, any_of: [y, z], handover: false}}]}\n")
    (conversation,) = load_conversations(path)
    expect = conversation.turns[0].expect
    assert (expect.contains, expect.any_of, expect.handover, expect.abstained) == (("x",), ("y", "z"), False, None)
    path.write_text("- {name: a, turns: []}\n- {name: b, turns: [{say: '', expect: {rout: run}}]}\n")
    with pytest.raises(BusinessError) as caught:
        load_conversations(path)
    assert [fault.line for fault in caught.value.faults] == [1, 2, 2]


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_yaml_reader(text: str) -> None:
    report = Report("any.yaml")
    document = parse_yaml(text, report)
    assert document is not None or report.faults
    assert all(fault.line is None or fault.line >= 1 for fault in report.faults)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.text("aä क🙂-:#'\"", max_size=9)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(st.text("abcö", min_size=1, max_size=4), inner, max_size=4),
        ),
        max_leaves=12,
    )
)
def test_yaml_that_anyone_writes_is_read_as_it_was_meant(value: object) -> None:
    import yaml

    report = Report("any.yaml")
    document = parse_yaml(yaml.safe_dump(value, allow_unicode=True), report)
    assert report.faults == []
    assert document is not None
    assert document.value == value


@given(
    st.sampled_from(["business.yaml", "intents.yaml", "conversations.yaml", "glossary.csv", "knowledge/faq.csv",
                     "knowledge/returns.md", "records/products.csv", "records/orders.csv"]),
    st.binary(max_size=400),
    st.integers(0, 2_000),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_anywhere_in_a_pack_break_the_check(tmp_path: Path, file: str, junk: bytes, at: int) -> None:
    shop = tmp_path / "shop"
    if not shop.exists():
        create_pack(shop)
    path = shop / file
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + junk + whole[at:])
    try:
        assert all(str(fault).isprintable() for fault in check_business(shop))
    finally:
        path.write_bytes(whole)


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="everything is readable to root")
def test_a_file_that_may_not_be_read_is_told(cafe: Path) -> None:
    (cafe / "intents.yaml").chmod(0)
    assert any(fault.file == "intents.yaml" and "read" in fault.message for fault in check_business(cafe))


def test_a_folder_in_place_of_a_file_is_told(cafe: Path) -> None:
    (cafe / "intents.yaml").unlink()
    (cafe / "intents.yaml").mkdir()
    with pytest.raises(BusinessError, match=r"intents\.yaml"):
        load_business(cafe)
