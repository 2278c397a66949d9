"""Branches by PIN code and place: the demonstration bank's table, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from munshi.bot.business import load_business
from munshi.bot.wording import Phrasebook
from munshi.handlers.base import Entity, Turn
from munshi.handlers.branch_location import BranchLocation
from munshi.handlers.columns import BRANCHES
from munshi.handlers.csv_file import read_records
from munshi.handlers.places import at_pin, named_in, names_unknown, near_pin
from munshi.handlers.records import Records, RecordsError, import_records
from munshi.handlers.registry import HandlerConfig, Services, create
from munshi.handlers.rows import Branch
from tests.handlers.conftest import Papers

BANK = load_business("dummy-bank")
SAMPLE = tuple(
    Branch(**{name: value for name, value in row.items() if name != "key"})
    for row in read_records(BRANCHES, BANK.records["branches"].read_bytes(), "branches.csv").rows
)
OURS = [branch for branch in SAMPLE if branch.kind == "branch"]


@pytest.fixture
def records(engine: Engine) -> Records:
    import_records(engine, "bank", {"branches": BANK.records["branches"]})
    return Records(engine, "bank")


@pytest.fixture
def where(records: Records, papers: Papers) -> BranchLocation:
    services = Services(records, papers, Phrasebook(), BANK.profile)
    made = create("branch_location", services, HandlerConfig("Branch_Location"))
    assert isinstance(made, BranchLocation)
    return made


@pytest.fixture
def ask(where: BranchLocation, turn: Callable[..., Turn]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        pins = tuple(Entity("pin_code", part, part, 0, 6) for part in text.split() if part.isdecimal())
        reply = where.answer(replace(turn(text, entities=pins), business=BANK.profile))
        return [branch["name"] for branch in reply.data["branches"]]

    return names


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("branch at 400703", ["Vashi"]),
        ("branch near 412110", ["Paud"]),
        ("400001", ["Dadar"]),
        ("560001", []),
        ("vashi", ["Vashi"]),
        ("vasi branch", ["Vashi"]),
        ("वाशी", ["Vashi"]),
        ("navi mumbi me branch", ["Vashi"]),
        ("navimumbai", ["Vashi"]),
        ("नवी मुंबई में शाखा", ["Vashi"]),
        ("Mumbai", ["Dadar"]),
        ("मुंबई की शाखा", ["Dadar"]),
        ("ratnagri branch ka ifsc", ["Ratnagiri"]),
        ("रत्नागिरी", ["Ratnagiri"]),
        ("which branches are in Raigad", ["Alibag", "Roha", "Murud"]),
        ("pune me", ["Deccan Gymkhana", "Paud"]),
        ("deccan gymkahna", ["Deccan Gymkhana"]),
        ("Dadar or Thane", ["Dadar", "Thane"]),
        ("ATM in Nerul", ["Nerul"]),
        ("cash deposit machine in Thane", ["Thane"]),
        ("ATM at Vashi station", ["Vashi railway station"]),
        ("Nagpur", []),
        ("thank you, which one is near", []),
        ("", []),
    ],
)
def test_a_branch_is_found(ask: Callable[[str], list[str]], said: str, found: list[str]) -> None:
    assert ask(said) == found


def test_one_branch_is_told_with_all_that_the_table_has(where: BranchLocation, turn: Callable[..., Turn]) -> None:
    told = where.answer(replace(turn("Satara"), business=BANK.profile)).text
    assert all(each in told for each in ("3 Powai Naka", "415001", "AMVL0000006", "02162 230 106", "10 am", "4 pm"))


def test_what_is_near_by_its_number_is_told_as_that_and_no_distance(
    where: BranchLocation, turn: Callable[..., Turn]
) -> None:
    pin = Entity("pin_code", "411038", "411038", 0, 6)
    told = where.answer(turn("branch", entities=(replace(pin, value="411030"),)))
    assert {branch["by"] for branch in told.data["branches"]} == {"near_pin"}
    assert "km" not in told.text


def test_a_place_that_is_not_ours_gets_the_list_and_a_person(where: BranchLocation, turn: Callable[..., Turn]) -> None:
    unknown, general = where.answer(turn("branch in Nagpur")), where.answer(turn("where is your branch"))
    for reply in (unknown, general):
        assert all(branch.name in reply.text for branch in OURS)
        assert any(button.value == "person:" for button in reply.buttons)
    assert unknown.text != general.text


def test_without_a_table_the_papers_are_asked(engine: Engine, papers: Papers, turn: Callable[..., Turn]) -> None:
    services = Services(Records(engine, "shop"), papers, Phrasebook(), BANK.profile)
    assert BranchLocation(services, HandlerConfig("Where")).answer(turn("where are you")).text == papers.text


@given(st.from_regex(r"[1-9][0-9]{5}", fullmatch=True))
def test_near_is_what_shares_most_digits_and_never_less_than_three(pin: str) -> None:
    near, digits = near_pin(SAMPLE, pin)
    assert (not near) == (digits == 0)
    assert all(branch.pin_code[:digits] == pin[:digits] for branch in near)
    assert all(branch.pin_code[: digits + 1] != pin[: digits + 1] for branch in SAMPLE if digits)
    if exact := at_pin(SAMPLE, pin):
        assert near == exact


@given(st.text(max_size=300))
def test_whatever_is_written_some_answer_comes(text: str) -> None:
    assert len(named_in(SAMPLE, text)) <= len(SAMPLE)
    assert names_unknown(text) in (True, False)


def test_the_table_says_what_the_papers_say() -> None:
    text = (BANK.folder / "knowledge" / "branches.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "AMVL" in line]
    assert [[b.name, b.address, b.pin_code, b.ifsc, b.micr, b.phone] for b in OURS] == [
        [name.removesuffix(" (head office)"), *rest] for name, *rest in rows
    ]
    machines = next(line for line in text.splitlines() if line.startswith("Cash can be put in by machine"))
    assert all((branch.name in machines) == ("cash_deposit" in branch.services) for branch in OURS)
    charges = (BANK.folder / "knowledge" / "schedule-of-charges.md").read_text(encoding="utf-8")
    lockers = next(line for line in charges.splitlines() if line.startswith("There are lockers"))
    assert all((branch.name in lockers) == ("locker" in branch.services) for branch in OURS)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("pin_code", "4007"),
        ("ifsc", "AMVL1000001"),
        ("hours", "16:00-10:00"),
        ("hours", "ten to four"),
        ("kind", "shop"),
        ("services", "atm|bar"),
        ("latitude", "91"),
        ("longitude", "east"),
    ],
)
def test_what_a_branch_cannot_have_is_told_by_line(engine: Engine, tmp_path: Path, column: str, cell: str) -> None:
    row = {"code": "B1", "name": "Vashi", "address": "Sector 17", "pin_code": "400703", column: cell}
    file = tmp_path / "branches.csv"
    file.write_text("\n".join((",".join(row), ",".join(f'"{value}"' for value in row.values()))), encoding="utf-8")
    with pytest.raises(RecordsError, match=rf"branches.csv:2: {column}: "):
        import_records(engine, "bank", {"branches": file})
