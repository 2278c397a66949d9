"""The ledger: money moved between accounts in double entry, in whole paise, each movement once.

An entry is a row of the journal with postings that sum to zero. An account's balance is the sum of its postings, kept
beside them so that one statement can both check it and move it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import choice
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from munshi.handlers.base import HandlerError
from munshi.handlers.ledger_personal import Books
from munshi.handlers.personal import of_customers, with_another
from munshi.handlers.tables import UtcDateTime, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("account_id", String(120), primary_key=True),  # as `code_key` spells it
    Column("customer_id", String(120), index=True),  # None for the bank's own
    Column("kind", String(40), nullable=False),
    Column("number", String(120), nullable=False),  # as it is written
    Column("status", String(20), nullable=False),
    Column("balance_paise", BigInteger, nullable=False),
    Column("floor_paise", BigInteger),  # the balance never falls below it; None for the bank's own
    info=of_customers(Books()),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("business", String(120), nullable=False),
    Column("key", String(64), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("reference", String(20), nullable=False, unique=True),
    Column("memo", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False, index=True),
    UniqueConstraint("business", "key", name="journal_once"),
    info=with_another("accounts"),
)

postings = Table(
    "postings",
    metadata,
    Column("journal_id", Integer, ForeignKey("journal.id"), primary_key=True),
    Column("account_id", String(120), primary_key=True),
    Column("business", String(120), nullable=False),
    Column("amount_paise", BigInteger, nullable=False),
    Index("postings_by_account", "business", "account_id"),
    info=with_another("accounts"),
)

# Letters and digits that are not mistaken for each other on the phone.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_REFERENCE = 10


class LedgerError(HandlerError):
    """An entry that cannot be made; nothing was moved."""


class InsufficientFundsError(LedgerError):
    """An account holds too little for its part of the entry."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"account {account_id} holds too little")
        self.account_id = account_id


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands. `floor_paise` is None for the bank's own, which may fall below nothing."""

    account_id: str
    customer_id: str | None
    kind: str
    number: str
    status: str
    balance_paise: int
    floor_paise: int | None


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry: paise into an account, negative where they leave it."""

    account_id: str
    amount_paise: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be moved. `key` makes it happen once; `memo` says what for."""

    key: str
    kind: str
    postings: tuple[Posting, ...]
    memo: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """What once left an account: paise, what for and when."""

    memo: str
    amount_paise: int
    at: datetime


def post(db: Connection, business: str, entry: Entry, *, at: datetime) -> str:
    """Make an entry inside the caller's transaction; returns its reference, the first one's where it was made before.

    Raises LedgerError where the postings do not sum to zero, move nothing, or name an account that is not there or not
    active; InsufficientFundsError where a balance would fall below its floor. The caller's transaction must then be
    rolled back.
    """
    _check(entry)
    begun = db.execute(_begin(db, business, entry, at)).one_or_none()
    if begun is None:
        return _made(db, business, entry)
    # Always in the same order, so that no two entries wait for each other.
    for posting in sorted(entry.postings, key=lambda posting: posting.account_id):
        _move(db, business, posting)
        db.execute(
            insert(postings).values(
                journal_id=begun.id,
                business=business,
                account_id=posting.account_id,
                amount_paise=posting.amount_paise,
            )
        )
    return str(begun.reference)


def open_own(db: Connection, business: str, account_id: str) -> None:
    """Make an account of the bank's own, which may fall below nothing, where it is not there yet."""
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    values = {"kind": "own", "number": account_id, "status": "active", "balance_paise": 0}
    made = dialect.insert(accounts).values(business=business, account_id=account_id, **values)
    db.execute(made.on_conflict_do_nothing())


def find_account(db: Connection, business: str, account_id: str) -> Account | None:
    """An account by its id."""
    query = select(accounts).where(accounts.c.business == business, accounts.c.account_id == account_id)
    row = db.execute(query).mappings().one_or_none()
    return None if row is None else _account(row)


def accounts_of(db: Connection, business: str, customer_id: str) -> tuple[Account, ...]:
    """A customer's accounts, by id."""
    query = select(accounts).where(accounts.c.business == business, accounts.c.customer_id == customer_id)
    return tuple(_account(row) for row in db.execute(query.order_by(accounts.c.account_id)).mappings())


def moved_since(db: Connection, business: str, customer_id: str, kind: str, since: datetime) -> tuple[Moved, ...]:
    """What left a customer's accounts by entries of a kind since then, oldest first."""
    query = (
        select(journal.c.memo, postings.c.amount_paise, journal.c.at)
        .select_from(accounts)
        .join(postings, (postings.c.account_id == accounts.c.account_id) & (postings.c.business == business))
        .join(journal, journal.c.id == postings.c.journal_id)
        .where(
            accounts.c.business == business,
            accounts.c.customer_id == customer_id,
            postings.c.amount_paise < 0,
            journal.c.kind == kind,
            journal.c.at >= since,
        )
        .order_by(journal.c.at, journal.c.id)
    )
    return tuple(Moved(row.memo, -row.amount_paise, row.at) for row in db.execute(query))


def faults(db: Connection, business: str) -> list[str]:
    """Where the books do not hold, a line each: an entry that sums to no zero, a balance that is not its postings."""
    sums = select(postings.c.journal_id, func.sum(postings.c.amount_paise).label("total"))
    uneven = sums.where(postings.c.business == business).group_by(postings.c.journal_id).subquery()
    found = [
        f"entry {row.journal_id} sums to {row.total} paise"
        for row in db.execute(select(uneven).where(uneven.c.total != 0))
    ]
    posted = func.coalesce(func.sum(postings.c.amount_paise), 0).label("posted")
    query = (
        select(accounts.c.account_id, accounts.c.balance_paise, posted)
        .select_from(accounts)
        .join(
            postings,
            (postings.c.account_id == accounts.c.account_id) & (postings.c.business == accounts.c.business),
            isouter=True,
        )
        .where(accounts.c.business == business)
        .group_by(accounts.c.account_id, accounts.c.balance_paise)
        .having(posted != accounts.c.balance_paise)
    )
    found += [
        f"account {row.account_id} holds {row.balance_paise} paise, its postings {row.posted}"
        for row in db.execute(query)
    ]
    return found


def _check(entry: Entry) -> None:
    amounts: Sequence[int] = [posting.amount_paise for posting in entry.postings]
    if sum(amounts) != 0:
        raise LedgerError(f"{entry.kind}: the postings sum to {sum(amounts)} paise, not to zero")
    if len(amounts) < 2 or 0 in amounts:
        raise LedgerError(f"{entry.kind}: an entry moves something between two accounts at least")
    if len({posting.account_id for posting in entry.postings}) != len(amounts):
        raise LedgerError(f"{entry.kind}: an account stands in the entry twice")


def _begin(db: Connection, business: str, entry: Entry, at: datetime) -> Any:
    """Write the entry's row, which comes back where its key is new; another's transaction with it is waited for."""
    values = {
        "business": business,
        "key": entry.key,
        "kind": entry.kind,
        "memo": entry.memo,
        "reference": "".join(choice(_LETTERS) for _ in range(_REFERENCE)),
        "at": at,
    }
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    made = dialect.insert(journal).values(values).on_conflict_do_nothing(index_elements=["business", "key"])
    return made.returning(journal.c.id, journal.c.reference)


def _made(db: Connection, business: str, entry: Entry) -> str:
    """The reference of the entry under this key. Raises LedgerError where it is another."""
    query = select(journal.c.id, journal.c.reference).where(journal.c.business == business, journal.c.key == entry.key)
    row = db.execute(query).one()
    rows = db.execute(
        select(postings.c.account_id, postings.c.amount_paise).where(postings.c.journal_id == row.id)
    ).all()
    if {tuple(one) for one in rows} != {(posting.account_id, posting.amount_paise) for posting in entry.postings}:
        raise LedgerError(f"{entry.kind}: another entry was made under this key")
    return str(row.reference)


def _move(db: Connection, business: str, posting: Posting) -> None:
    """Move one balance, in the statement that checks it."""
    after = accounts.c.balance_paise + posting.amount_paise
    mine = (accounts.c.business == business, accounts.c.account_id == posting.account_id)
    enough = accounts.c.floor_paise.is_(None) | (after >= accounts.c.floor_paise)
    guards = (accounts.c.status == "active",) if posting.amount_paise > 0 else (accounts.c.status == "active", enough)
    if db.execute(update(accounts).where(*mine, *guards).values(balance_paise=after)).rowcount == 1:
        return
    account = find_account(db, business, posting.account_id)
    if account is None or account.status != "active":
        raise LedgerError(f"account {posting.account_id} is {'not there' if account is None else account.status}")
    raise InsufficientFundsError(posting.account_id)


def _account(row: RowMapping) -> Account:
    return Account(**{name: value for name, value in row.items() if name != "business"})
