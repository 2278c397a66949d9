"""The CSV files under a pack's records/: which columns each has, and how a cell becomes a value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from munshi.handlers.money import to_paise
from munshi.handlers.phones import to_e164

ORDER_STATUSES = ("placed", "packed", "shipped", "out_for_delivery", "delivered", "cancelled", "returned", "delayed")
HOLDING_STATUSES = ("active", "blocked", "closed")
"""What a customer or an account can be."""
CARD_KINDS = ("debit", "credit")
BRANCH_KINDS = ("branch", "atm")
BRANCH_SERVICES = ("atm", "cash_deposit", "locker", "passbook")
"""What can be found at a branch: a machine that pays cash, one that takes it, lockers, a passbook printer."""


class CellError(ValueError):
    """A cell that its column cannot hold; the message says why, `remedy` what to write instead."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class CsvColumn:
    """One column of a CSV file: its heading, the table's column it fills, and how its cells are read.

    `needed` columns must be there and filled in every row; in others an empty cell reads as `empty`.
    """

    name: str
    into: str
    read: Callable[[str], Any] = str
    needed: bool = False
    empty: Any = ""


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A kind of records file. No two rows have the same `key` column."""

    name: str
    key: str
    columns: tuple[CsvColumn, ...]


def code_key(code: str) -> str:
    """What makes two codes the same: letters and digits, whatever the case, spacing, hyphens and script of digits."""
    folded = unicodedata.normalize("NFKC", code).upper()
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in folded if c.isalnum())


def _read_paise(cell: str) -> int:
    try:
        return to_paise(cell)
    except ValueError:
        raise CellError(f"'{cell[:40]}' is not a price.", "Write rupees as in 1250 or 1250.50.") from None


def _read_count(cell: str) -> int:
    if re.fullmatch(r"[0-9]{1,9}", cell):
        return int(cell)
    raise CellError(f"'{cell[:40]}' is not a whole number.", "Write digits only, as in 12.")


def _read_percent(cell: str) -> str:
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", cell) and float(cell) <= 100:
        return cell
    raise CellError(f"'{cell[:40]}' is not a rate in percent.", "Write 18 for 18 %.")


def _read_day(cell: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell, re.ASCII):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise CellError(f"'{cell[:40]}' is not a date.", "Write year-month-day, as in 2026-11-24.")


def _read_moment(cell: str) -> datetime:
    """The end of a day: what came on it has come by then."""
    try:
        return datetime.combine(_read_day(cell), time.max, UTC)
    except CellError:
        raise CellError(f"'{cell[:40]}' is not a date.", "Write year-month-day, or leave it empty for today.") from None


def _read_status(cell: str) -> str:
    status = re.sub(r"[\s-]+", "_", cell.casefold())
    if status in ORDER_STATUSES:
        return status
    raise CellError(f"'{cell[:40]}' is no order status.", f"Use one of: {', '.join(ORDER_STATUSES)}.")


def _read_holding_status(cell: str) -> str:
    status = cell.casefold()
    if status in HOLDING_STATUSES:
        return status
    raise CellError(f"'{cell[:40]}' is no status.", f"Use one of: {', '.join(HOLDING_STATUSES)}.")


def _read_phone(cell: str) -> str:
    try:
        return to_e164(cell)
    except ValueError:
        raise CellError(f"'{cell[:40]}' is not a phone number.", "Write it as in +91 90000 00101.") from None


def _read_email(cell: str) -> str:
    if re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,250}", cell):
        return cell
    raise CellError(f"'{cell[:40]}' is not an e-mail address.", "Write it as in asha@example.com, or leave it empty.")


def _read_kind(cell: str) -> str:
    if len(cell) <= 40:
        return cell
    raise CellError(f"'{cell[:40]}' is too long for a kind of account.", "Write 40 characters at most.")


def _read_key(cell: str) -> str:
    """A code of another file's row, as that row is found by it."""
    return code_key(_read_code(cell))


def _read_code(cell: str) -> str:
    if len(cell) <= 60 and code_key(cell):
        return cell
    raise CellError(f"'{cell[:40]}' is not a code.", "Write letters and digits, 60 at most.")


def _one_of(what: str, known: tuple[str, ...]) -> Callable[[str], str]:
    """A reader of cells that must hold one of a few words."""

    def read(cell: str) -> str:
        word = re.sub(r"[\s-]+", "_", cell.casefold())
        if word in known:
            return word
        raise CellError(f"'{cell[:40]}' is no {what}.", f"Use one of: {', '.join(known)}.")

    return read


def _read_services(cell: str) -> list[str]:
    return [_one_of("service of a branch", BRANCH_SERVICES)(part) for part in _read_list(cell)]


def _read_pin_code(cell: str) -> str:
    code = cell.replace(" ", "")
    if re.fullmatch(r"[1-9][0-9]{5}", code):
        return code
    raise CellError(f"'{cell[:40]}' is not a PIN code.", "Write six digits, as in 400703.")


def _read_ifsc(cell: str) -> str:
    if re.fullmatch(r"[A-Z]{4}0[A-Z0-9]{6}", cell.upper()):
        return cell.upper()
    raise CellError(f"'{cell[:40]}' is not an IFSC.", "Write four letters, a zero and six more: AMVL0000001.")


def _read_hours(cell: str) -> str:
    """The opening time of a day, as "10:00-16:00"."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})", cell, re.ASCII)
    try:
        if found is not None:
            opens, closes = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
            if opens < closes:
                return f"{opens:%H:%M}-{closes:%H:%M}"
    except ValueError:
        pass
    raise CellError(f"'{cell[:40]}' are no hours.", "Write them as in 10:00-16:00.")


def _read_last_four(cell: str) -> str:
    if re.fullmatch(r"[0-9]{4}", cell):
        return cell
    raise CellError("These are not the last four digits of a card.", "Write four digits, and never the whole number.")


def _degrees(most: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,8})?", cell) and abs(float(cell)) <= most:
            return cell
        raise CellError(f"'{cell[:40]}' is no coordinate.", "Write degrees as in 19.0771, or leave it empty.")

    return read


def _read_list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|") if part.strip()]


def _read_area(cell: str) -> str:
    if len(cell) <= 60 and code_key(cell):
        return cell
    raise CellError(f"'{cell[:40]}' is not the name of an area.", "Write 60 characters at most.")


def read_pins(cell: str) -> list[list[int]]:
    """PIN codes and ranges of them: "400614|400701-400710" to [[400614, 400614], [400701, 400710]]."""
    return [_read_pin_range(part.strip()) for part in cell.split("|") if part.strip()]


def _read_pin_range(part: str) -> list[int]:
    found = re.fullmatch(r"([1-9][0-9]{5})(?:\s*-\s*([1-9][0-9]{5}))?", part)
    if found is None or int(found[2] or found[1]) < int(found[1]):
        raise CellError(f"'{part[:40]}' is no PIN code and no range of them.", "Write 400703, or 400701-400710.")
    return [int(found[1]), int(found[2] or found[1])]


PRODUCTS = RecordTable(
    "products",
    "sku",
    (
        CsvColumn("sku", "sku", _read_code, needed=True),
        CsvColumn("name", "name", needed=True),
        CsvColumn("category", "category"),
        CsvColumn("brand", "brand"),
        CsvColumn("price", "price_paise", _read_paise, needed=True),
        CsvColumn("stock", "stock", _read_count, needed=True),
        CsvColumn("unit", "unit"),
        CsvColumn("fits", "fits", _read_list, empty=()),
        CsvColumn("aliases", "aliases", _read_list, empty=()),
        CsvColumn("warranty_months", "warranty_months", _read_count, empty=None),
        CsvColumn("gst_rate", "gst_rate", _read_percent, empty=None),
    ),
)
ORDERS = RecordTable(
    "orders",
    "order_number",
    (
        CsvColumn("order_number", "order_number", _read_code, needed=True),
        CsvColumn("status", "status", _read_status, needed=True),
        CsvColumn("placed_on", "placed_on", _read_day, needed=True),
        CsvColumn("expected_on", "expected_on", _read_day, empty=None),
        CsvColumn("items", "items", _read_list, needed=True),
        CsvColumn("total", "total_paise", _read_paise, empty=None),
        CsvColumn("phone", "phone"),
        CsvColumn("courier", "courier"),
        CsvColumn("tracking", "tracking"),
        CsvColumn("city", "city"),
    ),
)
CUSTOMERS = RecordTable(
    "customers",
    "customer_id",
    (
        CsvColumn("customer_id", "customer_id", _read_code, needed=True),
        CsvColumn("name", "name", needed=True),
        CsvColumn("phone", "phone", _read_phone, needed=True),
        CsvColumn("email", "email", _read_email),
        CsvColumn("status", "status", _read_holding_status, empty="active"),
    ),
)
ACCOUNTS = RecordTable(
    "accounts",
    "account",
    (
        CsvColumn("account", "account", _read_code, needed=True),
        CsvColumn("customer_id", "customer_id", _read_key, needed=True),
        CsvColumn("kind", "kind", _read_kind, needed=True),
        CsvColumn("opening_balance", "opening_paise", _read_paise, needed=True),
        CsvColumn("status", "status", _read_holding_status, empty="active"),
    ),
)
BRANCHES = RecordTable(
    "branches",
    "code",
    (
        CsvColumn("code", "code", _read_code, needed=True),
        CsvColumn("name", "name", needed=True),
        CsvColumn("kind", "kind", _one_of("kind of branch", BRANCH_KINDS), empty="branch"),
        CsvColumn("address", "address", needed=True),
        CsvColumn("areas", "areas", _read_list, empty=()),
        CsvColumn("pin_code", "pin_code", _read_pin_code, needed=True),
        CsvColumn("ifsc", "ifsc", _read_ifsc),
        CsvColumn("micr", "micr"),
        CsvColumn("phone", "phone"),
        CsvColumn("hours", "hours", _read_hours),
        CsvColumn("services", "services", _read_services, empty=()),
        CsvColumn("aliases", "aliases", _read_list, empty=()),
        CsvColumn("latitude", "latitude", _degrees(90)),
        CsvColumn("longitude", "longitude", _degrees(180)),
    ),
)
CARDS = RecordTable(
    "cards",
    "card",
    (
        CsvColumn("card", "card", _read_code, needed=True),
        CsvColumn("customer_id", "customer_id", _read_key, needed=True),
        CsvColumn("kind", "kind", _one_of("kind of card", CARD_KINDS), empty="debit"),
        CsvColumn("last_four", "last_four", _read_last_four, needed=True),
        CsvColumn("status", "status", _read_holding_status, empty="active"),
    ),
)
PAYEES = RecordTable(
    "payees",
    "payee",
    (
        CsvColumn("payee", "payee", _read_code, needed=True),
        CsvColumn("customer_id", "customer_id", _read_key, needed=True),
        CsvColumn("name", "name", needed=True),
        CsvColumn("nicknames", "nicknames", _read_list, empty=()),
        CsvColumn("account", "number", _read_code, needed=True),
        CsvColumn("ifsc", "ifsc", _read_ifsc),
        CsvColumn("added_on", "added_at", _read_moment, empty=None),
    ),
)
DELIVERY = RecordTable(
    "delivery",
    "area",
    (
        CsvColumn("area", "area", _read_area, needed=True),
        CsvColumn("pins", "pins", read_pins, needed=True),
        CsvColumn("charge", "charge_paise", _read_paise, needed=True),
        CsvColumn("included_kg", "included_kg", _read_count, empty=None),
        CsvColumn("extra_per_kg", "extra_paise", _read_paise, empty=None),
        CsvColumn("free_from", "free_from_paise", _read_paise, empty=None),
        CsvColumn("days_min", "days_min", _read_count, needed=True),
        CsvColumn("days_max", "days_max", _read_count, needed=True),
        CsvColumn("cod_up_to", "cod_paise", _read_paise, empty=None),
        CsvColumn("not_sent", "not_sent", _read_list, empty=()),
    ),
)
LOANS = RecordTable(
    "loans",
    "code",
    (
        CsvColumn("code", "code", _read_code, needed=True),
        CsvColumn("name", "name", needed=True),
        CsvColumn("name_hi", "name_hi"),
        CsvColumn("aliases", "aliases", _read_list, empty=()),
        CsvColumn("rate_from", "rate_from", _read_percent, needed=True),
        CsvColumn("rate_to", "rate_to", _read_percent, needed=True),
        CsvColumn("max_amount", "max_paise", _read_paise, needed=True),
        CsvColumn("max_months", "max_months", _read_count, needed=True),
        CsvColumn("max_share", "max_share", _read_percent),
        CsvColumn("max_obligations", "max_obligations", _read_percent, needed=True),
        CsvColumn("min_income", "min_income_paise", _read_paise, empty=0),
        CsvColumn("fee_percent", "fee_percent", _read_percent, empty="0"),
        CsvColumn("fee_least", "fee_least_paise", _read_paise, empty=0),
        CsvColumn("fee_most", "fee_most_paise", _read_paise, empty=None),
    ),
)
RECORD_TABLES: Mapping[str, RecordTable] = {
    table.name: table for table in (PRODUCTS, ORDERS, CUSTOMERS, ACCOUNTS, BRANCHES, CARDS, LOANS, PAYEES, DELIVERY)
}
"""The files a pack may keep under records/, by name without .csv; a file comes after those that its rows speak of."""
