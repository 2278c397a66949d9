"""What each table holds of a customer, said where the table is made, so that all of it can be handed over or erased.

A table says it in its `info`: `of_customers(Rows(...))`, or `NOT_PERSONAL`. A table that says neither fails the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, false, or_, select, tuple_, update

from munshi.handlers.phones import to_e164

if TYPE_CHECKING:
    from munshi.handlers.sealing import Sealer

ERASED = "[erased]"
"""What is read where a customer's words were."""

_INFO = "personal"

Row = Mapping[str, Any]
SealerOf = Callable[[str], "Sealer"]
"""What opens the content of a chat, by session id."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is meant: by their chats' session ids, customer ids as `code_key` spells them, and phones in E.164.

    `alias` stands for them where a row stays without them.
    """

    chats: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    alias: str = ""

    def __or__(self, other: Subject) -> Subject:
        """Both together, under the first's alias."""
        return Subject(
            self.chats | other.chats, self.customers | other.customers, self.phones | other.phones, self.alias
        )


class Holding(Protocol):
    """What one table holds of customers."""

    @property
    def title(self) -> str:
        """What the rows are, in a word or two, as an export names them."""

    def kept(self, db: Connection, table: Table, business: str, subject: Subject, sealer_of: SealerOf) -> Iterator[Row]:
        """The rows about a customer as plain values, readable, without secrets."""

    def erase(self, db: Connection, table: Table, business: str, subject: Subject) -> int:
        """Take the customer out, inside the caller's transaction; returns how many rows that touched."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table whose rows name their customer: by the `chat`, `customer` or `phone` column, any of which will do.

    `sealed` columns are opened in an export, `sealed_json` ones too; `secret` ones are left out of it. Erased rows are
    deleted, or, where `blank` is given, stay with these values (`ALIAS` is put in as the subject's).
    """

    title: str
    chat: str = ""
    customer: str = ""
    phone: str = ""
    sealed: tuple[str, ...] = ()
    sealed_json: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    blank: Mapping[str, Any] = field(default_factory=dict)

    def kept(self, db: Connection, table: Table, business: str, subject: Subject, sealer_of: SealerOf) -> Iterator[Row]:
        """The rows about a customer, in the order of their keys."""
        condition = self._about(db, table, business, subject)
        rows = db.execute(select(table).where(condition).order_by(*table.primary_key)).mappings().all()
        for row in rows:
            told = {name: value for name, value in row.items() if name not in ("business", *self.secret)}
            for name in self.sealed:
                told[name] = None if row[name] is None else sealer_of(row[self.chat]).open(row[name])
            for name in self.sealed_json:
                told[name] = sealer_of(row[self.chat]).open_json(row[name])
            yield told

    def erase(self, db: Connection, table: Table, business: str, subject: Subject) -> int:
        """Delete or blank them."""
        values = {name: subject.alias if value is ALIAS else value for name, value in self.blank.items()}
        change = update(table).values(values) if values else delete(table)
        return db.execute(change.where(self._about(db, table, business, subject))).rowcount

    def _about(self, db: Connection, table: Table, business: str, subject: Subject) -> ColumnElement[bool]:
        named: list[ColumnElement[bool]] = [
            table.c[name].in_(values)
            for name, values in ((self.chat, subject.chats), (self.customer, subject.customers))
            if name
        ]
        if self.phone and subject.phones:
            named += self._by_phone(db, table, business, subject.phones)
        return and_(table.c.business == business, or_(false(), *named))

    def _by_phone(
        self, db: Connection, table: Table, business: str, phones: frozenset[str]
    ) -> list[ColumnElement[bool]]:
        """Phones are compared as numbers, however they are written."""
        columns = (*table.primary_key, table.c[self.phone])
        rows = db.execute(select(*columns).where(table.c.business == business, table.c[self.phone] != "")).all()
        keys = [tuple(key) for *key, written in rows if is_one_of(written, phones)]
        return [tuple_(*table.primary_key).in_(keys)]


class _Alias:
    """Stands for the subject's alias in `Rows.blank`."""


ALIAS = _Alias()
NOT_PERSONAL: dict[Any, Any] = {_INFO: None}


def of_customers(holding: Holding) -> dict[Any, Any]:
    """What a table that holds something of customers says in its `info`."""
    return {_INFO: holding}


def with_another(table: str) -> dict[Any, Any]:
    """What a table says in its `info` whose rows hang on another's, and are told and erased with them."""
    return {_INFO: None, "with": table}


def declared(table: Table) -> bool:
    """Whether a table says what it holds of customers."""
    return _INFO in table.info


def holding_of(table: Table) -> Holding | None:
    """What a table holds of customers; None for nothing."""
    found: Holding | None = table.info.get(_INFO)
    return found


def is_one_of(written: str, phones: frozenset[str]) -> bool:
    """Whether a phone, however it is written, is one of these in E.164."""
    try:
        return to_e164(written) in phones
    except ValueError:
        return False
