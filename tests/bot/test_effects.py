"""An effect happens once, however often and from wherever it is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Connection, Engine, text

from munshi.bot.effects import ConflictError, Request, once
from munshi.handlers.base import Button, Reply

REQUEST = Request("s1", "Fund_Transfer", "form-1", {"amount": "5000", "payee": "8812"})


def pay(db: Connection) -> Reply:
    """Something that shows how often it was done."""
    db.execute(text("INSERT INTO paid VALUES (1)"))
    count = db.execute(text("SELECT count(*) FROM paid")).scalar()
    return Reply(f"Paid, number {count}", buttons=(Button("Thanks"),), data={"reference": "R1"})


@pytest.fixture
def bank(engine: Engine) -> Engine:
    with engine.begin() as db:
        db.execute(text("CREATE TABLE paid (n INTEGER)"))
    return engine


def ask(bank: Engine, request: Request = REQUEST, business: str = "bank") -> Reply:
    with bank.begin() as db:
        return once(db, business, request, lambda: pay(db))


def paid(bank: Engine) -> int:
    with bank.connect() as db:
        return int(db.execute(text("SELECT count(*) FROM paid")).scalar_one())


def test_the_same_request_gets_the_first_result(bank: Engine) -> None:
    first = ask(bank)
    assert [ask(bank), ask(bank)] == [first, first]
    assert paid(bank) == 1


def test_another_form_chat_operation_or_business_is_another_request(bank: Engine) -> None:
    others = [replace(REQUEST, form="form-2"), replace(REQUEST, session_id="s2"), replace(REQUEST, operation="Other")]
    for request in (REQUEST, *others):
        ask(bank, request)
    ask(bank, REQUEST, "other bank")
    assert paid(bank) == 5


def test_the_same_key_with_other_values_is_refused(bank: Engine) -> None:
    first = ask(bank)
    with pytest.raises(ConflictError):
        ask(bank, replace(REQUEST, values={"amount": "50000", "payee": "8812"}))
    assert (ask(bank), paid(bank)) == (first, 1)


def test_what_failed_may_be_asked_for_again(bank: Engine) -> None:
    def fail() -> Reply:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), bank.begin() as db:
        once(db, "bank", REQUEST, fail)
    ask(bank)
    assert paid(bank) == 1


def test_of_many_at_once_one_is_done(bank: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: ask(bank), range(40)))
    assert (paid(bank), len(set(replies_text(replies)))) == (1, 1)


def replies_text(replies: list[Reply]) -> list[str]:
    return [reply.text for reply in replies]
