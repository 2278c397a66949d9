"""Somebody whom the shop knows by a phone alone: from its orders, or from a channel that names people by it."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import Engine, delete, select

from munshi.bot.business import load_business
from munshi.bot.database import StoreError
from munshi.bot.erasure import Privacy, is_unfinished
from munshi.bot.message import Message
from munshi.bot.store import Store
from munshi.bot.subjects import SubjectError, UnknownSubjectError
from munshi.handlers.customers import chat_customers, customers
from munshi.handlers.records import import_records
from munshi.handlers.tables import orders, record_files

PHONE, ORDER = "+91 90000 00137", "NAS20401"


@pytest.fixture
def privacy(engine: Engine) -> Privacy:
    business = load_business("auto-parts")
    import_records(engine, "shop", business.records)
    return Privacy(engine, "shop")


def numbers(engine: Engine) -> set[str]:
    with engine.connect() as db:
        return set(db.execute(select(orders.c.key)).scalars())


@pytest.mark.parametrize("phone", [PHONE, "919000000137", "09000000137"])
def test_the_orders_of_a_phone_go_and_do_not_come_back(
    privacy: Privacy, engine: Engine, phone: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = numbers(engine)
    assert len(privacy.kept(phone).sections["orders"]) == privacy.erase(phone).rows["orders"]
    left = numbers(engine)
    assert ORDER in before - left
    assert len(left) > 0
    with engine.begin() as db:
        db.execute(delete(record_files))  # as where the file has changed
    with caplog.at_level(logging.WARNING):
        import_records(engine, "shop", load_business("auto-parts").records)
    assert "orders.csv" in caplog.text
    assert "9000000137" not in caplog.text
    assert numbers(engine) == left


def test_a_chat_and_the_orders_of_one_phone_are_one_person(privacy: Privacy, engine: Engine) -> None:
    Store(engine, "shop").accept(Message("hello", "whatsapp-1", "919000000137", "whatsapp"))
    assert privacy.kept(PHONE) == privacy.kept("919000000137")
    assert {"messages", "orders"} <= privacy.erase("919000000137").rows.keys()
    with pytest.raises(UnknownSubjectError):
        privacy.kept("whatsapp-1")


def test_a_phone_of_two_customers_is_told_and_nothing_is_done(privacy: Privacy, engine: Engine) -> None:
    before = numbers(engine)
    row = {"business": "shop", "name": "Asha", "phone": "+919000000137", "email": "", "status": "active", "extra": {}}
    with engine.begin() as db:
        db.execute(customers.insert(), [{**row, "customer_id": name} for name in ("A1", "B2")])
    with pytest.raises(SubjectError, match=r"A1 .* or B2"):
        privacy.erase(PHONE)
    privacy.erase("A1")
    assert numbers(engine) == before  # the orders may be the other's
    with engine.connect() as db:
        assert list(db.execute(select(customers.c.customer_id)).scalars()) == ["B2"]


def test_a_chat_of_a_phone_that_another_customer_used_too_is_seen_to_first(privacy: Privacy, engine: Engine) -> None:
    Store(engine, "shop").accept(Message("hello", "whatsapp-1", "919000000137", "whatsapp"))
    with engine.begin() as db:
        db.execute(chat_customers.insert().values(business="shop", session_id="whatsapp-1", customer_id="C3"))
    with pytest.raises(SubjectError, match="whatsapp-1"):
        privacy.erase(PHONE)
    assert privacy.erase("whatsapp-1").what == "a chat"
    assert privacy.erase(PHONE).rows["orders"]


def test_what_the_workers_share_is_emptied_once_it_answers(privacy: Privacy, engine: Engine) -> None:
    with pytest.raises(StoreError):
        Privacy(engine, "shop", lambda: False).erase(PHONE)
    assert ORDER not in numbers(engine)
    assert is_unfinished(engine)
    assert privacy.finish()
    assert not is_unfinished(engine)
