"""The shop's own records: CSV files into the database, and what handlers may look up there."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from munshi.handlers.accounts_file import take_up_accounts
from munshi.handlers.base import HandlerError
from munshi.handlers.cards import take_up_cards
from munshi.handlers.catalogue import Catalogue, Found
from munshi.handlers.columns import RECORD_TABLES, code_key
from munshi.handlers.csv_file import RecordFault, read_records
from munshi.handlers.customers import take_up_customers
from munshi.handlers.erased import without_erased
from munshi.handlers.ledger import Account, accounts_of
from munshi.handlers.payees import take_up_payees
from munshi.handlers.placed_orders import PlacedOrder, find_placed, free_what_is_booked, placed_in_chat
from munshi.handlers.rows import Branch, DeliveryArea, Loan, Order, Product
from munshi.handlers.stock import take_up_products
from munshi.handlers.tables import branches, delivery_areas, loans, orders, products, record_files

logger = logging.getLogger(__name__)

MAX_BYTES = 50_000_000
"""A larger file is refused: no shop's list is that long, and reading it would stall the start."""

TakeUp = Callable[[Connection, str, Sequence[Mapping[str, Any]]], None]
"""Brings a business's rows to those of a file."""
_PIN_DIGITS = 6
# Part of the digest: a change in how cells are read imports the same file anew.
_READING = b"2"


class RecordsError(HandlerError):
    """Records that cannot be imported; nothing was changed. `faults` holds each, the message has one a line."""

    def __init__(self, faults: Sequence[RecordFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, faults)))


def import_records(engine: Engine, business: str, files: Mapping[str, Path]) -> tuple[str, ...]:
    """Bring the tables of `business` to what its files say; returns the names of those that changed.

    `files` are all the records files of the pack, by table: a table whose file is gone is emptied, and its
    customers, accounts and payees are closed. A file that has not changed is not read again. All files are
    read before anything is written, and all is written in one transaction. Raises RecordsError with every fault.
    """
    contents = _read_all(files)
    try:
        with engine.begin() as db:
            return _bring_up_to_date(db, business, contents)
    except IntegrityError:
        # Another process imported the same files for the first time just now: this time its rows are seen.
        with engine.begin() as db:
            return _bring_up_to_date(db, business, contents)


def _read_all(files: Mapping[str, Path]) -> Mapping[str, bytes]:
    known = ", ".join(RECORD_TABLES)
    faults = [
        RecordFault(path.name, None, "", f"There is no table '{name}'.", f"Use one of: {known}.")
        for name, path in files.items()
        if name not in RECORD_TABLES
    ]
    contents: dict[str, bytes] = {}
    for name, path in files.items():
        try:
            size = path.stat().st_size
            if size > MAX_BYTES:
                message = f"The file has {size / 1e6:.0f} MB, where {MAX_BYTES / 1e6:.0f} MB is the most."
                faults.append(RecordFault(path.name, None, "", message, "Split it."))
            else:
                contents[name] = path.read_bytes()
        except OSError as error:
            message = f"The file cannot be read ({error.strerror})."
            faults.append(RecordFault(path.name, None, "", message, "Check that it is there and who may open it."))
    if faults:
        raise RecordsError(faults)
    return contents


def _bring_up_to_date(db: Connection, business: str, contents: Mapping[str, bytes]) -> tuple[str, ...]:
    changed = {
        name: _digest(contents.get(name)) for name in RECORD_TABLES if _is_new(db, business, name, contents.get(name))
    }
    read = {name: read_records(RECORD_TABLES[name], contents.get(name, b""), f"{name}.csv") for name in changed}
    faults = [fault for name in changed if name in contents for fault in read[name].faults]
    if faults:
        raise RecordsError(faults)
    for name, digest in changed.items():
        rows = without_erased(db, business, name, read[name].rows)
        if left_out := len(read[name].rows) - len(rows):
            logger.warning(
                "%s.csv: %d rows of erased customers were left out. Take them out of the file.", name, left_out
            )
        _TAKE_UP[name](db, business, rows)
        mine = (record_files.c.business == business, record_files.c.name == name)
        db.execute(update(record_files).where(*mine).values(digest=digest, rows=len(read[name].rows)))
    if "products" in changed:
        free_what_is_booked(db, business)
    return tuple(changed)


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(_READING + content).hexdigest()


def _is_new(db: Connection, business: str, name: str, content: bytes | None) -> bool:
    mine = (record_files.c.business == business, record_files.c.name == name)
    # Writing first takes the lock, so that two processes that start together do not both replace the rows.
    if db.execute(update(record_files).where(*mine).values(name=name)).rowcount == 0:
        db.execute(insert(record_files).values(business=business, name=name, digest="", rows=0))
    return bool(db.execute(select(record_files.c.digest).where(*mine)).scalar_one() != _digest(content))


def _replacing(table: Table) -> TakeUp:
    """For rows that nothing else hangs on: the old go, the new come."""

    def take_up(db: Connection, business: str, rows: Sequence[Mapping[str, Any]]) -> None:
        db.execute(delete(table).where(table.c.business == business))
        if rows:
            db.execute(insert(table), [{**row, "business": business} for row in rows])

    return take_up


_TAKE_UP: Mapping[str, TakeUp] = {
    "products": take_up_products,
    "orders": _replacing(orders),
    "customers": take_up_customers,
    "accounts": take_up_accounts,
    "branches": _replacing(branches),
    "cards": take_up_cards,
    "loans": _replacing(loans),
    "payees": take_up_payees,
    "delivery": _replacing(delivery_areas),
}


class Records:
    """What handlers may look up: one business's rows, read anew every time.

    `prepare` gives a text its canonical form, `is_word` knows English (see `Catalogue`). The words products are found
    by are indexed once an import; their prices and stock never are.
    """

    def __init__(
        self,
        engine: Engine,
        business: str,
        *,
        prepare: Callable[[str], str] = str,
        is_word: Callable[[str], bool] = lambda _word: False,
    ) -> None:
        self.business = business
        self._engine = engine.execution_options(reading=True)
        self._prepare = prepare
        self._is_word = is_word
        self._indexed: tuple[str, Catalogue] | None = None
        self._within: Connection | None = None

    def within(self, db: Connection) -> Records:
        """The same records as a transaction sees them: for an action, which must not wait for a second connection."""
        seen = copy(self)
        seen._within = db
        return seen

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads and waits for nobody who writes; within a transaction, its own."""
        if self._within is not None:
            yield self._within
            return
        with self._engine.connect() as db:
            yield db

    def product(self, sku: str) -> Product | None:
        """The product of exactly this SKU, however its letters and hyphens are typed."""
        row = self._one(products, code_key(sku))
        return None if row is None else _product(row)

    def products(self, skus: Sequence[str] | None = None) -> tuple[Product, ...]:
        """The products of these SKUs in their order, or all by SKU. Unknown SKUs are left out."""
        query = select(products).where(products.c.business == self.business).order_by(products.c.sku)
        keys = None if skus is None else [code_key(sku) for sku in skus]
        if keys is not None:
            query = query.where(products.c.key.in_(keys))
        with self.reading() as db:
            found = {row["key"]: _product(row) for row in db.execute(query).mappings()}
        return tuple(found.values() if keys is None else (found[key] for key in dict.fromkeys(keys) if key in found))

    def search_products(self, text: str, *, named: Mapping[str, str] | None = None) -> Found:
        """Which products a message is about (see `Catalogue.find`)."""
        return self._catalogue().find(text, named=named or {})

    def order(self, number: str) -> Order | None:
        """The order of exactly this number, however its letters and hyphens are typed.

        Where the shop's file has it, the file says how it is; else it is as it was placed in a chat.
        """
        row = self._one(orders, code_key(number))
        if row is not None:
            return _order(row)
        placed = self.placed_order(number)
        return None if placed is None else placed.as_order

    def placed_order(self, number: str) -> PlacedOrder | None:
        """The order of exactly this number that was placed in a chat."""
        with self.reading() as db:
            return find_placed(db, self.business, number)

    def orders_of_chat(self, session_id: str, customer_id: str | None) -> tuple[Order, ...]:
        """The orders that were placed in a chat, or by the customer it is bound to, latest first, as they are now."""
        with self.reading() as db:
            placed = placed_in_chat(db, self.business, session_id, customer_id)
        return tuple(self.order(order.order_number) or order.as_order for order in placed)

    def delivery_area(self, pin_code: str) -> DeliveryArea | None:
        """The area that a PIN code lies in, by its narrowest range; None where the shop lists none for it."""
        pin = int(pin_code) if pin_code.isdecimal() and len(pin_code) == _PIN_DIGITS else 0
        ranges = [
            (last - first, area) for area in self.delivery_areas() for first, last in area.pins if first <= pin <= last
        ]
        return min(ranges, key=lambda found: found[0])[1] if ranges else None

    def delivery_areas(self) -> tuple[DeliveryArea, ...]:
        """Every area that the shop delivers to, by name."""
        query = select(delivery_areas).where(delivery_areas.c.business == self.business)
        with self.reading() as db:
            return tuple(map(_area, db.execute(query.order_by(delivery_areas.c.key)).mappings()))

    def accounts(self, customer_id: str) -> tuple[Account, ...]:
        """The accounts of exactly this customer that are not closed, by number."""
        with self.reading() as db:
            found = accounts_of(db, self.business, customer_id)
        return tuple(account for account in found if account.status != "closed")

    def branches(self) -> tuple[Branch, ...]:
        """All branches and cash machines, by code."""
        query = select(branches).where(branches.c.business == self.business).order_by(branches.c.code)
        with self.reading() as db:
            return tuple(map(_branch, db.execute(query).mappings()))

    def loans(self) -> tuple[Loan, ...]:
        """All loans that are offered, by code."""
        query = select(loans).where(loans.c.business == self.business).order_by(loans.c.code)
        with self.reading() as db:
            return tuple(map(_loan, db.execute(query).mappings()))

    def _one(self, table: Table, key: str) -> RowMapping | None:
        query = select(table).where(table.c.business == self.business, table.c.key == key)
        with self.reading() as db:
            return db.execute(query).mappings().one_or_none()

    def _catalogue(self) -> Catalogue:
        mine = (record_files.c.business == self.business, record_files.c.name == "products")
        with self.reading() as db:
            digest = db.execute(select(record_files.c.digest).where(*mine)).scalar() or ""
        indexed = self._indexed
        if indexed is None or indexed[0] != digest:
            indexed = self._indexed = (digest, Catalogue(self.products(), prepare=self._prepare, is_word=self._is_word))
        return indexed[1]


def _product(row: RowMapping) -> Product:
    values = {name: value for name, value in row.items() if name not in ("business", "key", "held")}
    free = max(0, row["stock"] - row["held"])  # a new stock file may have fewer than are held
    return Product(**{**values, "stock": free, "fits": tuple(values["fits"]), "aliases": tuple(values["aliases"])})


def _area(row: RowMapping) -> DeliveryArea:
    values = {name: value for name, value in row.items() if name not in ("business", "key", "extra")}
    return DeliveryArea(**{**values, "pins": tuple(map(tuple, values["pins"])), "not_sent": tuple(values["not_sent"])})


def _order(row: RowMapping) -> Order:
    values = {name: value for name, value in row.items() if name not in ("business", "key")}
    return Order(**{**values, "items": tuple(values["items"])})


def _branch(row: RowMapping) -> Branch:
    values = {name: value for name, value in row.items() if name not in ("business", "key")}
    return Branch(**{**values, **{name: tuple(values[name]) for name in ("areas", "services", "aliases")}})


def _loan(row: RowMapping) -> Loan:
    values = {name: value for name, value in row.items() if name not in ("business", "key")}
    return Loan(**{**values, "aliases": tuple(values["aliases"])})
