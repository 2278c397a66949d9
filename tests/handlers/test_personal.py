"""Every table says what it holds of customers, so that an erasure misses none."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest
from sqlalchemy import Table

import munshi.bot
import munshi.handlers
from munshi.handlers.columns import RECORD_TABLES
from munshi.handlers.erased import NAMES_CUSTOMERS
from munshi.handlers.personal import Rows, declared, holding_of
from munshi.handlers.tables import metadata

OF_THE_SHOP = ("products", "branches", "loans", "record_files")
"""What the shop tells of itself: names, addresses and phones there are its own."""

NAMES = ("session", "customer", "user_id", "phone", "email", "address", "name", "message", "payee", "memo")


def every_table() -> dict[str, Table]:
    """The tables of all modules there are, whoever imports them."""
    for package in (munshi.handlers, munshi.bot):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return dict(metadata.tables)


@pytest.mark.parametrize("name", sorted(every_table()))
def test_every_table_says_what_it_holds_of_customers(name: str) -> None:
    table = metadata.tables[name]
    assert declared(table), f"give {name} `info=of_customers(Rows(...))`, `with_another(...)` or `NOT_PERSONAL`"
    holding = holding_of(table)
    if holding is None and "with" not in table.info and name not in OF_THE_SHOP:
        assert not [column.name for column in table.c if any(part in column.name for part in NAMES)]
    if isinstance(holding, Rows):
        named = {holding.chat, holding.customer, holding.phone} - {""}
        assert named
        assert {*named, *holding.sealed, *holding.sealed_json, *holding.secret, *holding.blank} <= {*table.c.keys()}
        if holding.blank:
            assert {*named, *holding.sealed, *holding.sealed_json} <= {*holding.blank}
        assert holding.chat or not (holding.sealed or holding.sealed_json)


@pytest.mark.parametrize("name", sorted({*RECORD_TABLES} - {*OF_THE_SHOP}))
def test_every_records_file_that_names_customers_is_looked_through_for_the_erased(name: str) -> None:
    naming = {column.into for column in RECORD_TABLES[name].columns} & {"customer_id", "phone"}
    assert naming - {"customer_id"} | ({"key"} if name == "customers" else naming) <= {*NAMES_CUSTOMERS.get(name, ())}


def test_an_erasure_knows_every_table() -> None:
    told = "import munshi.bot.all_tables as all; print(*sorted(all.metadata.tables))"
    known = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True).stdout.split()
    assert known == sorted(every_table())
