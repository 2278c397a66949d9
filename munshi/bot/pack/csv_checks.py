"""What `munshi check` finds in a pack's CSV files: the FAQ and the records."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile

from rapidfuzz import fuzz, process

from munshi.bot.pack.faults import Report, quote
from munshi.bot.pack.files import read_bytes
from munshi.bot.pack.reading import Pack
from munshi.bot.pack.tables import FAQ, Rows, key, read_table
from munshi.bot.pack.values import BadValueError, check_phone
from munshi.handlers.columns import RECORD_TABLES, CellError, code_key, read_pins
from munshi.handlers.csv_file import read_records

_MISSPELT = 80
"""rapidfuzz ratio (0 to 100) from which a column of the owner's own is taken for a misspelt one of Munshi's."""


def check_faq(pack: Pack, report: Report) -> None:
    """Every entry whole, and every way of asking under one answer only."""
    path = pack.folder / "knowledge" / "faq.csv"
    if not path.exists():
        return
    rows = read_table(path, FAQ, report)
    first = {key(row.get("question", "")): line for line, row in reversed(rows)}
    for line, row in rows:
        for other in filter(None, map(str.strip, row.get("alternates", "").split("|"))):
            if first.setdefault(key(other), line) != line:
                report.warning(line, f"{quote(other)} also asks the question on line {first[key(other)]}.", "Keep one.")


def check_records(pack: Pack, report: Report) -> None:
    """The tables as they will be imported, and whether a customer can ask for what is in them."""
    for name, path in pack.records.items():
        own = report.of(f"records/{name}.csv")
        content = read_bytes(path, own)
        if content is None:
            continue
        for fault in read_records(RECORD_TABLES[name], content, path.name).faults:
            own.error(fault.line, f"{fault.column}: {fault.message}".removeprefix(": "), fault.remedy)
        # What is wrong with the rows as such has just been told.
        rows = read_table(path, (), Report())
        _check_columns(rows, [column.name for column in RECORD_TABLES[name].columns], own)
        if name == "orders":
            _check_orders(rows, pack, own)
        elif name == "delivery":
            _check_delivery(rows, own)
        elif name == "customers":
            _check_customers(rows, own)
        elif name == "accounts":
            _check_accounts(rows, pack, own)
        elif name == "cards":
            _check_customer_ids(rows, pack, own)
        elif name == "payees":
            _check_payees(rows, pack, own)


def _check_columns(rows: Rows, known: Sequence[str], report: Report) -> None:
    for name in rows[0][1] if rows else ():
        meant = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=_MISSPELT)
        if name not in known and meant:
            report.warning(1, f"Munshi does not use the column {quote(name)}.", f"Did you mean '{meant[0]}'?")


def _check_delivery(rows: Rows, report: Report) -> None:
    """PIN codes of two areas: a range within a wider one is meant so, any other that is shared may be a slip."""
    ranges = sorted((first, last, line) for line, row in rows for first, last in _pins(row.get("pins", "")))
    told: set[tuple[int, int]] = set()
    for number, (first, last, line) in enumerate(ranges):
        for start, end, other in takewhile(lambda each: each[0] <= last, ranges[number + 1 :]):  # noqa: B023
            within = (end <= last or start == first) and (start, end) != (first, last)
            lines = (min(line, other), max(line, other))
            if line == other or within or lines in told:
                continue
            told.add(lines)
            shared = f"{start}" if start == min(last, end) else f"{start}-{min(last, end)}"
            message = f"pins: {shared} stands on line {lines[0]} too."
            report.warning(lines[1], message, "Leave it with one area; a range within a wider one goes before it.")


def _pins(cell: str) -> Sequence[Sequence[int]]:
    try:
        return read_pins(cell)
    except CellError:
        return ()  # which was told already


def _check_customers(rows: Rows, report: Report) -> None:
    first: dict[str, int] = {}
    for line, row in rows:
        phone = code_key(row.get("phone", ""))[-10:]
        if phone and first.setdefault(phone, line) != line:
            message = f"The phone {quote(row['phone'])} stands on line {first[phone]} too."
            report.warning(line, message, "Neither is known by it in a chat, only by the customer number.")


def _check_accounts(rows: Rows, pack: Pack, report: Report) -> None:
    pattern = pack.business.formats.account if pack.business else None
    _check_customer_ids(rows, pack, report)
    for line, row in rows:
        number = row.get("account", "")
        if pattern and number and not re.fullmatch(pattern, number, re.IGNORECASE):
            report.warning(line, f"The number {quote(number)} is not of this business's form.", f"It has {pattern}.")


def _check_payees(rows: Rows, pack: Pack, report: Report) -> None:
    _check_customer_ids(rows, pack, report)
    own = _codes(pack, "accounts", "account")
    for line, row in rows:
        number = row.get("account", "")
        if number and not row.get("ifsc") and code_key(number) not in own:
            message = f"The account {quote(number)} is not in accounts.csv."
            report.error(line, message, "Give the other bank's branch under ifsc, or correct the number.")


def _check_customer_ids(rows: Rows, pack: Pack, report: Report) -> None:
    known = _codes(pack, "customers", "customer_id")
    for line, row in rows:
        holder = row.get("customer_id", "")
        if holder and code_key(holder) not in known:
            report.error(line, f"customer_id: {quote(holder)} is not in customers.csv.", "Add the customer there.")


def _codes(pack: Pack, name: str, column: str) -> set[str]:
    """The codes in a column of another records file."""
    path = pack.records.get(name)
    return {code_key(row.get(column, "")) for _, row in read_table(path, (), Report())} if path else set()


def _check_orders(rows: Rows, pack: Pack, report: Report) -> None:
    pattern = pack.business.formats.order_number if pack.business else None
    for line, row in rows:
        _try(check_phone, row.get("phone", ""), line, report)
        number = row.get("order_number", "")
        if number and pattern and not re.fullmatch(pattern, number, re.IGNORECASE):
            report.error(
                line,
                f"The order number {quote(number)} does not look as `formats: order_number` in business.yaml says.",
                f"Correct it, or the pattern {quote(pattern)}: a customer could not ask for this order.",
            )


def _try(check: Callable[[str], str], value: str, line: int, report: Report) -> None:
    try:
        if value:
            check(value)
    except BadValueError as error:
        report.error(line, str(error), error.remedy)
