"""Visits that are booked for an account: within hours, never one too many, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from munshi.bot.business import load_business
from munshi.bot.wording import Phrasebook
from munshi.handlers.base import HandlerError, SlotError, Turn
from munshi.handlers.branch_hours import at_branch
from munshi.handlers.columns import BRANCHES
from munshi.handlers.csv_file import read_records
from munshi.handlers.open_account import OpenAccount
from munshi.handlers.opening import spans
from munshi.handlers.records import Records, import_records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Branch
from munshi.handlers.tickets import list_tickets
from munshi.handlers.visits import NOTICE, Times, book, free, offered
from tests.handlers.conftest import Papers

BANK = load_business("dummy-bank")
OPTIONS = BANK.options["Open_Account"]
ZONE = BANK.profile.timezone
SATURDAY = datetime(2026, 11, 21, 17, 0, tzinfo=ZONE)
MONDAY_10 = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
VASHI, CHIPLUN = "AMVL0000001", "AMVL0000008"
BRANCH = next(
    Branch(**{name: value for name, value in row.items() if name != "key"})
    for row in read_records(BRANCHES, BANK.records["branches"].read_bytes(), "branches.csv").rows
)


@pytest.fixture
def opening(engine: Engine, papers: Papers) -> OpenAccount:
    import_records(engine, "bank", {"branches": BANK.records["branches"]})
    services = Services(Records(engine, "bank"), papers, Phrasebook(), BANK.profile)
    return OpenAccount(services, HandlerConfig("Open_Account", options={**OPTIONS, "capacity": 2}))


@pytest.fixture
def asked(turn: Callable[..., Turn]) -> Callable[..., Turn]:
    def make(text: str = "open an account", **slots: str) -> Turn:
        return turn(text, business=BANK.profile, now=SATURDAY, slots=slots, intent="Open_Account")

    return make


def choose(opening: OpenAccount, name: str, turn: Turn, said: str = "") -> list[str]:
    slot = next(slot for slot in opening.slots if slot.name == name)
    assert slot.choose is not None
    return [button.value for button in slot.choose(turn, said)]


def filled(asked: Callable[..., Turn], at: datetime = MONDAY_10, name: str = "Sunita") -> Turn:
    return asked(account="Savings", name=name, phone="+919820012345", branch=VASHI, visit=at.isoformat())


@given(st.integers(0, 60 * 24 * 60), st.integers(10, 240))
def test_every_time_is_within_hours_and_on_no_holiday(minutes: int, length: int) -> None:
    now = SATURDAY + timedelta(minutes=minutes)
    for start in offered(BANK.profile, BRANCH, Times(length, 1, 14), now):
        assert start >= now + NOTICE
        assert start.date() <= now.date() + timedelta(days=14)
        assert any(
            opens <= start.time() and start + timedelta(minutes=length) <= datetime.combine(start.date(), closes, ZONE)
            for opens, closes in spans(at_branch(BANK.profile, BRANCH), start.date())
        )


def test_a_visit_is_booked_with_a_ticket_and_what_to_bring(
    engine: Engine, opening: OpenAccount, asked: Callable[..., Turn]
) -> None:
    turn = filled(asked)
    assert all(each in opening.summary(turn).text for each in ("Mon 23 Nov, 10 am", "Vashi", "Sunita", "PAN"))
    with engine.begin() as db:
        done = opening.execute(turn, db)
        (ticket,) = list_tickets(db, "bank", kind="form")
    assert done.data["ticket"] == ticket.reference
    assert ticket.reference in done.text
    assert dict(ticket.form) == dict(turn.slots)
    assert "Vashi" in ticket.summary


def test_a_booking_waits_for_no_second_connection(
    engine: Engine, opening: OpenAccount, asked: Callable[..., Turn]
) -> None:
    with engine.begin() as db:
        opened: list[object] = []
        event.listen(engine, "checkout", lambda *given: opened.append(given))
        assert opening.execute(filled(asked), db).data["booked"]
    assert opened == []


def test_a_time_that_is_full_is_not_offered_and_not_booked(
    engine: Engine, opening: OpenAccount, asked: Callable[..., Turn]
) -> None:
    assert MONDAY_10.isoformat() in choose(opening, "visit", asked(branch=VASHI))
    with engine.begin() as db:
        booked = [opening.execute(filled(asked, name=name), db).data["booked"] for name in ("Asha", "Ravi", "Meena")]
        assert len(list_tickets(db, "bank", kind="form")) == 2
    assert booked == [True, True, False]
    assert MONDAY_10.isoformat() not in choose(opening, "visit", asked(branch=VASHI))
    assert MONDAY_10.isoformat() in choose(opening, "visit", asked(branch=CHIPLUN))
    with pytest.raises(SlotError, match="account_visit_closed"):
        choose(opening, "visit", asked(branch=VASHI), MONDAY_10.isoformat())


def test_many_who_come_at_once_never_overbook(engine: Engine, opening: OpenAccount) -> None:
    def one(_: int) -> bool:
        with engine.begin() as db:
            return book(db, "bank", VASHI, MONDAY_10, 3)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(24))) == 3
    with engine.connect() as db:
        left = free(db, "bank", BANK.profile, BRANCH, Times(60, 3, 7), SATURDAY)
    assert MONDAY_10 not in left


@pytest.mark.parametrize("said", ["2026-11-22", "2026-11-28", "2027-01-26", "2020-01-01", "2026-11-23T09:00+05:30"])
def test_a_day_that_is_closed_or_too_far_is_refused_with_the_next(
    opening: OpenAccount, asked: Callable[..., Turn], said: str
) -> None:
    with pytest.raises(SlotError, match="account_visit_closed") as told:
        choose(opening, "visit", asked(branch=VASHI), said)
    assert told.value.values["next"] == "Mon 23 Nov, 10 am"


def test_a_day_gives_its_times(opening: OpenAccount, asked: Callable[..., Turn]) -> None:
    times = choose(opening, "visit", asked(branch=VASHI), "2026-11-27")
    assert [datetime.fromisoformat(each).hour for each in times] == [10, 11, 12, 13, 14, 15]
    assert choose(opening, "visit", asked(branch=VASHI), times[2]) == [times[2]]
    for said in ("whenever", "🙂" * 100):
        with pytest.raises(SlotError, match="slot_invalid_date"):
            choose(opening, "visit", asked(branch=VASHI), said)


@pytest.mark.parametrize(
    ("text", "said", "kinds"),
    [
        ("open a current account for my shop", "", ["Current"]),
        ("बचत खाता खोलना है", "", ["Savings"]),
        ("bacche ke naam se account kholna hai", "", ["Child"]),
        ("open an account", "joint wala", ["Joint"]),
        ("open an account", "zero balance", ["Basic Savings"]),
        ("open an account", "", [kind["value"] for kind in OPTIONS["accounts"]]),
    ],
)
def test_the_kind_of_account_goes_by_many_names(
    opening: OpenAccount, asked: Callable[..., Turn], text: str, said: str, kinds: list[str]
) -> None:
    assert choose(opening, "account", asked(text), said) == kinds


@pytest.mark.parametrize(
    ("said", "codes"), [("400703", [VASHI]), ("chiplun", [CHIPLUN]), ("वाशी", [VASHI]), ("415604", [CHIPLUN])]
)
def test_the_branch_is_found_by_pin_code_or_place(
    opening: OpenAccount, asked: Callable[..., Turn], said: str, codes: list[str]
) -> None:
    assert choose(opening, "branch", asked(), said) == codes
    assert choose(opening, "branch", asked(f"open an account at {said}")) == codes


def test_a_place_without_a_branch_gets_the_list(opening: OpenAccount, asked: Callable[..., Turn]) -> None:
    assert choose(opening, "branch", asked()) == []
    with pytest.raises(SlotError) as told:
        choose(opening, "branch", asked(), "Nagpur")
    assert "Chiplun" in str(told.value.values["names"])


def test_the_papers_are_told_in_every_language(opening: OpenAccount, asked: Callable[..., Turn]) -> None:
    told = {language: opening.summary(_in(filled(asked), language)).text for language in ("en", "hi", "hinglish")}
    assert len(set(told.values())) == 3
    assert all("PAN" in text for text in told.values())


def _in(turn: Turn, language: str) -> Turn:
    return replace(turn, language=language)  # type: ignore[arg-type]


def test_options_that_cannot_be_are_told(opening: OpenAccount, papers: Papers, engine: Engine) -> None:
    services = Services(Records(engine, "bank"), papers, Phrasebook(), BANK.profile)
    with pytest.raises(HandlerError, match="capacity"):
        OpenAccount(services, HandlerConfig("Open_Account", options={**OPTIONS, "capacity": 0}))
