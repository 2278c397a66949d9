"""The demonstration packs for a long stream of messages: a bank with roomy limits and customers let in, a full shop."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from munshi.bot.business import find_business
from munshi.handlers.customers import bind

RUPEES = 999_999_999
COUNT = 1_000_000
LIMITS = {
    "per_transfer": RUPEES, "daily": RUPEES, "new_payee": RUPEES, "night": RUPEES, "code_above": RUPEES,
    "cooling_minutes": 0, "per_hour": COUNT, "wrong_codes": COUNT, "repeat_minutes": 0,
}  # fmt: skip
KEY = "dummy-bank"


def roomy_bank(folder: Path) -> Path:
    """A copy of the demonstration bank under `folder` in which every account holds much and may send much."""
    pack = folder / KEY
    shutil.copytree(find_business(KEY), pack)
    intents = pack / "intents.yaml"
    text = intents.read_text(encoding="utf-8")
    for name, limit in LIMITS.items():
        text, changed = re.subn(rf"^( +{name}:) \d+", rf"\1 {limit}", text, flags=re.MULTILINE)
        assert changed == 1, f"intents.yaml names {name} {changed} times"
    intents.write_text(text, encoding="utf-8")
    accounts = pack / "records" / "accounts.csv"
    head, *rows = accounts.read_text(encoding="utf-8").splitlines()
    rich = [",".join((*row.split(",")[:3], str(RUPEES), row.split(",")[4])) for row in rows]
    accounts.write_text("\n".join((head, *rich)) + "\n", encoding="utf-8")
    return pack


def stocked_shop(folder: Path) -> Path:
    """A copy of the demonstration shop under `folder` that has one product without end: its clutches."""
    pack = folder / "auto-parts"
    shutil.copytree(find_business("auto-parts"), pack)
    products = pack / "records" / "products.csv"
    with products.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    next(row for row in rows if row["sku"] == "CLU-101")["stock"] = str(COUNT)
    with products.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return pack


def let_in(engine: Engine, chats: Iterable[tuple[str, str]]) -> None:
    """Bind chats to customers, as a code would, for a day."""
    until = datetime.now(UTC) + timedelta(days=1)
    with engine.begin() as db:
        for session_id, customer_id in chats:
            bind(db, KEY, session_id, customer_id, until)
