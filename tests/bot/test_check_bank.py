"""Faults in what only a bank's pack has: payees, and the limits of transfers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from munshi.bot.business import check_business, find_business


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_business("dummy-bank"), tmp_path / "bank"))


def edit(path: Path, old: str, new: str) -> int:
    """Put something else in; the line it then stands on."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + new[: len(new) - len(new.lstrip("\n"))].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("PY1004,AMC10001", "PY1004,AMC77777", "customers.csv"),
        ("AMV00012345,,", "AMV00099999,,", "accounts.csv"),
        ("HDFC0000123", "HDFC1000123", "IFSC"),
        ("2026-08-11", "11/08/2026", "date"),
        ("2026-08-11", "2026-02-30", "date"),
        ("30456789012345", "", "account"),
        ("PY1004,", "PY1003,", "PY1003"),
        ("Demo Suresh Stationery", "", "name"),
    ],
)
def test_a_fault_in_the_payees(bank: Path, old: str, new: str, words: str) -> None:
    line = edit(bank / "records" / "payees.csv", old, new)
    (fault,) = check_business(bank)
    assert (fault.severity, fault.file, fault.line) == ("error", "records/payees.csv", line)
    assert words in str(fault)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("per_transfer: 0", "per_transfer"),
        ("per_transfer: lots", "number"),
        ('per_transfer: "100000"', "number"),
        ("per_transfers: 5", "'per_transfer'"),
        ("least: 500\n      per_transfer: 400", "least"),
        ("kinds: {}", "kinds"),
        ("per_hour:", "per_hour"),
    ],
)
def test_a_fault_in_the_limits(bank: Path, new: str, words: str) -> None:
    old = "      per_transfer: 100000\n"
    line = edit(bank / "intents.yaml", old, f"      {new}\n")
    faults = check_business(bank)
    assert faults
    assert {(fault.severity, fault.file) for fault in faults} == {("error", "intents.yaml")}
    assert any(words in str(fault) for fault in faults)
    assert any(fault.line is not None and line - 1 <= fault.line <= line + 2 for fault in faults)


def test_money_is_sent_by_customers_who_are_known_alone(bank: Path) -> None:
    text = (bank / "intents.yaml").read_text(encoding="utf-8")
    start = text.index("name: Fund_Transfer")
    changed = text[:start] + text[start:].replace("    identify: true\n", "", 1)
    (bank / "intents.yaml").write_text(changed, encoding="utf-8")
    assert any("identify" in fault.remedy for fault in check_business(bank))
