"""What the ledger holds of a customer. Its entries stay, under a name that tells nothing, and go on summing to zero."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex

from sqlalchemy import Connection, Table, select, update

from munshi.handlers.personal import Row, SealerOf, Subject

_CLOSED = "closed"


class Books:
    """The accounts of a customer, with the entries that moved them."""

    title = "accounts"

    def kept(self, db: Connection, table: Table, business: str, subject: Subject, sealer_of: SealerOf) -> Iterator[Row]:
        """Each account with its entries, oldest first."""
        del sealer_of
        journal, postings = table.metadata.tables["journal"], table.metadata.tables["postings"]
        for account in self._accounts(db, table, business, subject):
            query = (
                select(journal.c.reference, journal.c.kind, journal.c.memo, journal.c.at, postings.c.amount_paise)
                .join(postings, postings.c.journal_id == journal.c.id)
                .where(postings.c.business == business, postings.c.account_id == account["account_id"])
                .order_by(journal.c.id)
            )
            told = {name: value for name, value in account.items() if name != "business"}
            yield {**told, "entries": [dict(row) for row in db.execute(query).mappings()]}

    def erase(self, db: Connection, table: Table, business: str, subject: Subject) -> int:
        """Close the accounts and give them and their postings new names; no amount changes."""
        journal, postings = table.metadata.tables["journal"], table.metadata.tables["postings"]
        found = self._accounts(db, table, business, subject)
        for account in found:
            old, new = account["account_id"], f"{subject.alias}:{token_hex(4)}"
            entries = select(postings.c.journal_id).where(postings.c.business == business, postings.c.account_id == old)
            db.execute(update(journal).where(journal.c.id.in_(entries)).values(memo=""))
            # The key of an opening entry is made of the account's number, which could be guessed from it.
            for opening in db.execute(
                select(journal.c.id).where(journal.c.id.in_(entries), journal.c.kind == "opening")
            ).scalars():
                db.execute(update(journal).where(journal.c.id == opening).values(key=token_hex(32)))
            mine = (postings.c.business == business, postings.c.account_id == old)
            db.execute(update(postings).where(*mine).values(account_id=new))
            renamed = {"account_id": new, "customer_id": subject.alias, "number": "", "status": _CLOSED}
            db.execute(update(table).where(table.c.business == business, table.c.account_id == old).values(renamed))
        return len(found)

    def _accounts(self, db: Connection, table: Table, business: str, subject: Subject) -> list[Row]:
        query = select(table).where(table.c.business == business, table.c.customer_id.in_(subject.customers))
        return [dict(row) for row in db.execute(query.order_by(table.c.account_id)).mappings()]
