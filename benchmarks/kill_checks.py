"""What must hold of a shop and a bank that were killed again and again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection, select

from benchmarks.kill_streams import BANK, SHOP, Effect, Said, chats_of
from munshi.bot.app import App
from munshi.handlers.ledger import accounts, faults, journal, postings
from munshi.handlers.placed_orders import placed_orders
from munshi.handlers.tables import products
from munshi.handlers.tickets import list_tickets

Thing = TypeVar("Thing")

ORDER = re.compile(r"\bNAS-9\d{4}\b")
REFERENCE = re.compile(r"\b[2-9A-HJKMNP-Z]{10}\b")
ALL = 10**6


def found(apps: Mapping[str, App], sent: Sequence[Said], answers: Mapping[str, str]) -> Iterator[str]:
    """What does not hold, a line each: `sent` are the messages that were taken up, `answers` what came of them."""
    yield from (f"message {said.id} was never answered" for said in sent if said.id not in answers)
    for business, app in apps.items():
        theirs = [said for said in sent if said.business == business]
        yield from (f"message {message.id} still waits" for message in app.store.unanswered())
        yield from _transcripts(app, theirs)
        yield from _audit(app, theirs)
    with apps[SHOP].store.reading() as db:
        yield from _tickets(db, sent)
        yield from _orders(db, sent, answers)
    with apps[BANK].store.reading() as db:
        yield from (f"ledger: {fault}" for fault in faults(db, BANK))
        yield from _transfers(db, sent, answers)
        yield from _balances(db)


def _transcripts(app: App, sent: Sequence[Said]) -> Iterator[str]:
    for chat in chats_of(app.business.key):
        wanted = Counter(said.text for said in sent if said.chat == chat)
        said = Counter(line.text for line in app.store.transcript(chat, limit=ALL) if line.role == "customer")
        if said != wanted:
            yield f"{chat}: its transcript holds {(said - wanted) or 'nothing'} too much, lacks {wanted - said}"


def _audit(app: App, sent: Sequence[Said]) -> Iterator[str]:
    report = app.notary.verify()
    if not report.sound:
        yield f"the audit of {app.business.key}: {report.verified.finding}"
    if report.verified.records != len(sent):
        yield f"the audit of {app.business.key} has {report.verified.records} records of {len(sent)} messages"


def _tickets(db: Connection, sent: Sequence[Said]) -> Iterator[str]:
    left = Counter(
        Effect("ticket", ticket.form["phone"][3:])
        for ticket in list_tickets(db, SHOP, limit=ALL)
        if "phone" in ticket.form and "order_number" not in ticket.form
    )
    yield from _apart("tickets", left, _wanted(sent, "ticket"))


def _orders(db: Connection, sent: Sequence[Said], answers: Mapping[str, str]) -> Iterator[str]:
    placed = db.execute(select(placed_orders).where(placed_orders.c.business == SHOP)).mappings().all()
    kept = Counter((row["order_number"], line["sku"], line["count"]) for row in placed for line in row["lines"])
    told = Counter(
        (number, said.effect.who, said.effect.much)
        for said in sent
        if said.effect is not None and said.effect.kind == "order"
        for number in ORDER.findall(answers.get(said.id, ""))
    )
    yield from _apart("orders", kept, told)
    for row in db.execute(select(products).where(products.c.business == SHOP)):
        held = sum(count * times for (_, sku, count), times in kept.items() if sku == row.sku)
        if row.held != held or row.stock < held:
            yield f"{row.sku}: {row.stock} in stock, {row.held} held, {held} ordered"


def _transfers(db: Connection, sent: Sequence[Said], answers: Mapping[str, str]) -> Iterator[str]:
    query = (
        select(journal.c.reference, postings.c.account_id, postings.c.amount_paise)
        .join(postings, postings.c.journal_id == journal.c.id)
        .where(journal.c.business == BANK, journal.c.kind == "transfer", postings.c.amount_paise < 0)
    )
    moved = db.execute(query).all()
    made = Counter(Effect("transfer", row.account_id, -row.amount_paise) for row in moved)
    yield from _apart("transfers", made, _wanted(sent, "transfer"))
    told = Counter(REFERENCE.findall(" ".join(answers.get(said.id, "") for said in sent if said.business == BANK)))
    yield from _apart("references", told, Counter(row.reference for row in moved))


def _balances(db: Connection) -> Iterator[str]:
    below = select(accounts.c.account_id).where(accounts.c.balance_paise < accounts.c.floor_paise)
    yield from (f"account {each} is below its floor" for each in db.execute(below).scalars())


def _wanted(sent: Sequence[Said], kind: str) -> Counter[Effect]:
    return Counter(said.effect for said in sent if said.effect is not None and said.effect.kind == kind)


def _apart(what: str, there: Counter[Thing], wanted: Counter[Thing]) -> Iterator[str]:
    if there != wanted:
        more, less = dict(there - wanted), dict(wanted - there)
        yield f"{what} too many: {more or 'none'}, missing: {less or 'none'}"
