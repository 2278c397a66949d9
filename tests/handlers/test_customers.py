"""Customers and accounts out of their files, and the chats that are bound to a customer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from munshi.handlers.accounts_file import OWN
from munshi.handlers.customers import (
    LOGIN_TOKEN,
    bind,
    customer,
    find_by_phone,
    identified,
    login_tokens,
    new_login_token,
    unbind,
    use_login_token,
)
from munshi.handlers.ledger import Entry, Posting, faults, find_account, journal, post
from munshi.handlers.records import Records, RecordsError, import_records

BANK = "bank"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
CUSTOMERS = """customer_id,name,phone,email,status,branch
C-1,Asha,+91 90000 00101,asha@example.com,,Vashi
C-2,Ravi,9000000102,,active,
C-3,आशा,+91 90000 00103,,blocked,
"""
ACCOUNTS = """account,customer_id,kind,opening_balance,status
AMV-1,c1,Savings,100.50,
AMV-2,C-1,Current,0,
AMV-3,C-2,Savings,70,blocked
"""


def take_up(engine: Engine, folder: Path, customers: str = CUSTOMERS, accounts: str = ACCOUNTS) -> None:
    files = {name: folder / f"{name}.csv" for name in ("customers", "accounts")}
    for path, text in zip(files.values(), (customers, accounts), strict=True):
        path.write_text(text, encoding="utf-8")
    import_records(engine, BANK, {name: path for name, path in files.items() if path.read_text(encoding="utf-8")})


@pytest.fixture
def bank(engine: Engine, tmp_path: Path) -> Engine:
    take_up(engine, tmp_path)
    return engine


def balance(engine: Engine, account_id: str) -> tuple[int, str]:
    with engine.connect() as db:
        assert faults(db, BANK) == []
        account = find_account(db, BANK, account_id)
    assert account is not None
    return account.balance_paise, account.status


def test_an_opening_balance_is_an_entry_against_the_banks_own_account(bank: Engine) -> None:
    assert balance(bank, "AMV1") == (10_050, "active")
    assert balance(bank, "AMV2") == (0, "active")
    assert balance(bank, "AMV3") == (7_000, "blocked")
    assert balance(bank, OWN)[0] == -17_050
    with bank.connect() as db:
        assert db.execute(select(func.count()).select_from(journal)).scalar_one() == 2


def test_no_later_import_touches_a_balance(bank: Engine, tmp_path: Path) -> None:
    with bank.begin() as db:
        post(db, BANK, Entry("t", "transfer", (Posting("AMV1", -50), Posting("AMV2", 50))), at=NOW)
    take_up(bank, tmp_path)
    take_up(
        bank, tmp_path, CUSTOMERS.replace("Asha", "Aasha"), ACCOUNTS.replace("100.50", "999").replace("Current", "Loan")
    )
    assert (balance(bank, "AMV1")[0], balance(bank, "AMV2")[0], balance(bank, OWN)[0]) == (10_000, 50, -17_050)
    with bank.connect() as db:
        renamed, account = customer(db, BANK, "C1"), find_account(db, BANK, "AMV2")
    assert renamed is not None
    assert renamed.name == "Aasha"
    assert account is not None
    assert account.kind == "Loan"


@pytest.mark.parametrize("left", ["account,customer_id,kind,opening_balance\nAMV-2,C-1,Current,0\n", ""])
def test_an_account_that_is_gone_from_the_file_is_closed_and_opens_again_with_what_it_held(
    bank: Engine, tmp_path: Path, left: str
) -> None:
    take_up(bank, tmp_path, accounts=left)
    assert balance(bank, "AMV1") == (10_050, "closed")
    assert [account.number for account in Records(bank, BANK).accounts("C1")] == (["AMV-2"] if left else [])
    assert balance(bank, OWN) == (-17_050, "active")
    take_up(bank, tmp_path)
    assert balance(bank, "AMV1") == (10_050, "active")


def test_a_customer_who_is_gone_from_the_file_is_let_in_no_longer(bank: Engine, tmp_path: Path) -> None:
    with bank.begin() as db:
        bind(db, BANK, "chat", "C2", NOW + timedelta(minutes=15))
        token = new_login_token(db, BANK, "C2", expires_at=NOW + timedelta(hours=1))
    take_up(bank, tmp_path, "\n".join(CUSTOMERS.splitlines()[:2]))
    with bank.begin() as db:
        assert identified(db, BANK, "chat", NOW) is None
        assert find_by_phone(db, BANK, "+919000000102") is None
        assert use_login_token(db, BANK, token, NOW) is None


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("C-4,Zed,12345,,,", "phone"),
        ("C-4,Zed,,,,", "phone"),
        ("C-4,Zed,+91 90000 00104,no address,,", "email"),
        ("C-4,Zed,+91 90000 00104,,asleep,", "status"),
        ("C 1,Zed,+91 90000 00104,,,", "customer_id"),
        ("🙂,Zed,+91 90000 00104,,,", "customer_id"),
    ],
)
def test_a_wrong_row_is_told_and_nothing_is_changed(bank: Engine, tmp_path: Path, row: str, column: str) -> None:
    with pytest.raises(RecordsError) as told:
        take_up(bank, tmp_path, CUSTOMERS.replace("Asha", "Other") + row + "\n")
    assert [(fault.line, fault.column) for fault in told.value.faults] == [(5, column)]
    with bank.connect() as db:
        kept = customer(db, BANK, "C1")
    assert kept is not None
    assert (kept.name, kept.extra) == ("Asha", {"branch": "Vashi"})


def test_a_customer_is_found_by_phone_where_it_is_theirs_alone(bank: Engine, tmp_path: Path) -> None:
    with bank.connect() as db:
        found = find_by_phone(db, BANK, "+919000000102")
        assert found is not None
        assert found.customer_id == "C2"
        assert find_by_phone(db, BANK, "+919000000103") is None  # blocked
        assert find_by_phone(db, "another bank", "+919000000102") is None
    take_up(bank, tmp_path, CUSTOMERS.replace("00103", "00102").replace("blocked", "active"))
    with bank.connect() as db:
        assert find_by_phone(db, BANK, "+919000000102") is None


def test_a_chat_is_bound_until_its_time_is_over(bank: Engine) -> None:
    with bank.begin() as db:
        assert identified(db, BANK, "chat", NOW) is None
        bind(db, BANK, "chat", "C1", NOW + timedelta(minutes=15))
        bind(db, BANK, "chat", "C2", NOW + timedelta(minutes=15))
        assert identified(db, BANK, "chat", NOW) == "C2"
        assert identified(db, BANK, "other chat", NOW) is None
        assert identified(db, BANK, "chat", NOW + timedelta(minutes=15)) is None
        unbind(db, BANK, "chat")
        assert identified(db, BANK, "chat", NOW) is None


def test_a_token_is_used_once_whoever_sends_it_first(bank: Engine) -> None:
    with bank.begin() as db:
        token = new_login_token(db, BANK, "C1", expires_at=NOW + timedelta(hours=1))
        assert LOGIN_TOKEN.fullmatch(token)
        assert token not in str(db.execute(select(login_tokens)).all())
        assert use_login_token(db, BANK, token, NOW + timedelta(hours=1)) is None
        assert use_login_token(db, "another bank", token, NOW) is None

    def use(_: int) -> str | None:
        with bank.begin() as db:
            return use_login_token(db, BANK, token, NOW)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(use, range(16)))
    assert sorted(filter(None, answers)) == ["C1"]
