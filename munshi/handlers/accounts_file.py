"""The accounts of records/accounts.csv, brought into the ledger without ever touching a balance that is there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from munshi.handlers.customers import CLOSED
from munshi.handlers.ledger import Entry, Posting, accounts, open_own, post

OWN = "own:opening"
"""The bank's own account, which opening balances come out of. No code of a file is spelt so."""


def take_up_accounts(db: Connection, business: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Bring the accounts to what their file says, inside the caller's transaction.

    The opening balance of an account counts once, when it is first seen: as an entry "opening" against the bank's own
    account. Later imports change whose it is, its kind and its status; one that is gone from the file is closed.
    """
    mine = accounts.c.business == business
    known = set(db.execute(select(accounts.c.account_id).where(mine, accounts.c.customer_id.is_not(None))).scalars())
    for row in rows:
        account_id = row["key"]
        values = {"number": row["account"], **{name: row[name] for name in ("customer_id", "kind", "status")}}
        if account_id in known:
            db.execute(update(accounts).where(mine, accounts.c.account_id == account_id).values(values))
        else:
            _open(db, business, account_id, values, row["opening_paise"])
    for gone in sorted(known - {row["key"] for row in rows}):
        db.execute(update(accounts).where(mine, accounts.c.account_id == gone).values(status=CLOSED))


def _open(db: Connection, business: str, account_id: str, values: Mapping[str, Any], opening_paise: int) -> None:
    open_own(db, business, OWN)
    # The opening entry is made while it is active, whatever it is to be afterwards: the ledger moves nothing else.
    new = {**values, "status": "active"}
    db.execute(insert(accounts).values(business=business, account_id=account_id, balance_paise=0, floor_paise=0, **new))
    if opening_paise:
        key = hashlib.sha256(f"opening:{account_id}".encode()).hexdigest()
        sides = (Posting(OWN, -opening_paise), Posting(account_id, opening_paise))
        post(db, business, Entry(key, "opening", sides), at=datetime.now(UTC))
    mine = (accounts.c.business == business, accounts.c.account_id == account_id)
    db.execute(update(accounts).where(*mine).values(status=values["status"]))
