"""The ledger: whatever is asked of it, no paisa is made, lost, or moved twice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from munshi.bot.database import open_engine
from munshi.handlers.ledger import (
    Entry,
    InsufficientFundsError,
    LedgerError,
    Moved,
    Posting,
    accounts,
    faults,
    find_account,
    moved_since,
    post,
)

BANK = "bank"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def entry(key: str, source: str, target: str, paise: int, kind: str = "transfer") -> Entry:
    return Entry(key, kind, (Posting(source, -paise), Posting(target, paise)))


def open_books(engine: Engine, opening: Sequence[int] = (100_000, 50_000)) -> None:
    """Accounts A, B, … with what they open with, out of the bank's own."""
    rows = [("OWN", None, None), *((chr(65 + i), f"customer-{chr(65 + i)}", 0) for i in range(len(opening)))]
    with engine.begin() as db:
        for account_id, customer, floor in rows:
            db.execute(
                insert(accounts).values(
                    business=BANK,
                    account_id=account_id,
                    customer_id=customer,
                    kind="Savings",
                    number=account_id,
                    status="active",
                    balance_paise=0,
                    floor_paise=floor,
                )
            )
        for i, paise in enumerate(opening):
            if paise:
                post(db, BANK, entry(f"open-{i}", "OWN", chr(65 + i), paise, "opening"), at=NOW)


@pytest.fixture
def bank(engine: Engine) -> Engine:
    open_books(engine)
    return engine


def balances(engine: Engine) -> dict[str, int]:
    with engine.connect() as db:
        found = {name: find_account(db, BANK, name) for name in ("OWN", "A", "B")}
        assert faults(db, BANK) == []
    return {name: account.balance_paise for name, account in found.items() if account is not None}


def move(engine: Engine, made: Entry) -> str:
    with engine.begin() as db:
        return post(db, BANK, made, at=NOW)


def test_money_moves_and_the_books_hold(bank: Engine) -> None:
    reference = move(bank, entry("t1", "A", "B", 30_000))
    assert balances(bank) == {"OWN": -150_000, "A": 70_000, "B": 80_000}
    assert move(bank, entry("t1", "A", "B", 30_000)) == reference
    assert balances(bank)["A"] == 70_000


def test_a_key_is_one_entrys(bank: Engine) -> None:
    move(bank, entry("t1", "A", "B", 30_000))
    with pytest.raises(LedgerError, match="key"):
        move(bank, entry("t1", "A", "B", 30_001))


@pytest.mark.parametrize(
    "made",
    [
        Entry("x", "transfer", (Posting("A", -5), Posting("B", 4))),
        Entry("x", "transfer", (Posting("A", 0), Posting("B", 0))),
        Entry("x", "transfer", (Posting("A", 0),)),
        Entry("x", "transfer", ()),
        Entry("x", "transfer", (Posting("A", -5), Posting("A", 5))),
        entry("x", "A", "NOBODY", 5),
        entry("x", "NOBODY", "A", 5),
    ],
)
def test_what_is_no_entry_moves_nothing(bank: Engine, made: Entry) -> None:
    with pytest.raises(LedgerError):
        move(bank, made)
    assert balances(bank) == {"OWN": -150_000, "A": 100_000, "B": 50_000}


def test_an_account_never_falls_below_its_floor(bank: Engine) -> None:
    with pytest.raises(InsufficientFundsError) as caught:
        move(bank, entry("t1", "A", "B", 100_001))
    assert caught.value.account_id == "A"
    move(bank, entry("t1", "A", "B", 100_000))
    assert balances(bank)["A"] == 0


def test_a_closed_account_takes_and_gives_nothing(bank: Engine) -> None:
    with bank.begin() as db:
        db.execute(accounts.update().where(accounts.c.account_id == "B").values(status="closed"))
    for made in (entry("t1", "A", "B", 5), entry("t2", "B", "A", 5)):
        with pytest.raises(LedgerError, match="closed"):
            move(bank, made)


def test_what_left_since_is_counted(bank: Engine) -> None:
    move(bank, replace(entry("t1", "A", "B", 30_000), memo="rent"))
    move(bank, entry("t2", "A", "OWN", 5_000))
    move(bank, entry("t3", "B", "A", 1_000))
    move(bank, entry("c1", "A", "OWN", 700, "charge"))
    with bank.connect() as db:
        left = moved_since(db, BANK, "customer-A", "transfer", NOW - timedelta(hours=1))
        assert left == (Moved("rent", 30_000, NOW), Moved("", 5_000, NOW))
        assert moved_since(db, BANK, "customer-A", "transfer", NOW + timedelta(hours=1)) == ()


def test_many_at_once_cannot_spend_the_same_money(bank: Engine) -> None:
    def spend(number: int) -> bool:
        try:
            move(bank, entry(f"t{number}", "A" if number % 3 else "B", "B" if number % 3 else "A", 9_000))
        except InsufficientFundsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(spend, range(60)))
    left = balances(bank)
    assert 0 < done < 60
    assert left["A"] + left["B"] == 150_000
    assert min(left["A"], left["B"]) >= 0


def test_one_entry_at_once_from_many_is_one_entry(bank: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: move(bank, entry("t1", "A", "B", 1_000)), range(24)))) == 1
    assert balances(bank)["A"] == 99_000


@settings(max_examples=40)
@given(
    moves=st.lists(
        st.tuples(st.sampled_from(["k1", "k2", "k3", "k4", "k5"]), st.sampled_from("ABC"), st.sampled_from("ABC"),
                  st.integers(-5, 60)),
        max_size=25,
    )
)  # fmt: skip
def test_no_run_of_entries_breaks_the_books(
    moves: list[tuple[str, str, str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    engine = open_engine("", home=Path(tmp_path_factory.mktemp("books")))
    open_books(engine, (50, 20, 0))
    for key, source, target, paise in moves:
        try:
            move(engine, entry(key, source, target, paise))
        except LedgerError:
            continue
    with engine.connect() as db:
        assert faults(db, BANK) == []
        left = [account.balance_paise for name in "ABC" if (account := find_account(db, BANK, name))]
    assert sum(left) == 70
    assert min(left) >= 0
    engine.dispose()
