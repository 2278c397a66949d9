"""Which customer is meant by a number that the owner types, and by what names the tables know them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from secrets import token_hex

from sqlalchemy import Connection, select

from munshi.bot.channel_users import channel_users
from munshi.bot.tables import inbox, sessions, transcript
from munshi.handlers.base import HandlerError
from munshi.handlers.columns import code_key
from munshi.handlers.customers import chat_customers, customers
from munshi.handlers.ledger import accounts
from munshi.handlers.personal import Subject, is_one_of
from munshi.handlers.phones import to_e164
from munshi.handlers.tables import orders, tickets

_CHAT = "a chat"
# What the phone library would read out of anything: a session id with a number in it is no phone.
_PHONE = re.compile(r"[+\d\s().-]{5,40}")


class SubjectError(HandlerError):
    """It cannot be told who is meant; the message lists who could be."""


class UnknownSubjectError(SubjectError):
    """Nothing is kept under this number."""


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody whom a number may mean. `label` is how the owner names exactly them, `what` says who that is."""

    label: str
    what: str
    subject: Subject


def find_subject(db: Connection, business: str, text: str) -> Found:
    """The one customer, or the one chat, that a customer number, phone, session id or channel's user id means.

    A customer is meant with all chats that were ever theirs; a session id means that chat alone. Raises SubjectError
    where it could be several, or where one of the chats was another customer's too; UnknownSubjectError for nobody.
    """
    given = text.replace("\0", "").strip()
    found = list(_apart(_candidates(db, business, given)))
    if not found:
        raise UnknownSubjectError(f"Nothing is kept of '{given[:60]}'.")
    if len(found) > 1:
        raise SubjectError(f"'{given[:60]}' may mean {_listed(found)}. Name one of them.")
    chosen = found[0]
    shared = {} if chosen.what == _CHAT else _shared(db, business, chosen.subject)
    if shared:
        chats = "; ".join(f"{chat} (also {', '.join(others)})" for chat, others in sorted(shared.items()))
        raise SubjectError(
            f"These chats were not only of {chosen.label}: {chats}. See to each by its session id first: that chat"
            " goes as a whole."
        )
    return replace(chosen, subject=replace(chosen.subject, alias=f"erased-{token_hex(8)}"))


def _candidates(db: Connection, business: str, given: str) -> Iterator[Found]:
    if not given:
        return
    key, phone = code_key(given), _phone(given)
    if key and _is_customer(db, business, key):
        yield _customer(db, business, key)
    if phone:
        holders = db.execute(
            select(customers.c.customer_id).where(customers.c.business == business, customers.c.phone == phone)
        ).scalars()
        ids = sorted(holders)
        yield from (_customer(db, business, customer_id) for customer_id in ids)
        if not ids and (found := _stranger(db, business, phone)):
            yield found
    said = Subject(chats=_users_chats(db, business, frozenset({given})))
    if said.chats:
        yield _user(db, business, given, said)
    if _is_chat(db, business, given):
        yield Found(given, _CHAT, Subject(chats=frozenset({given})))


def _apart(candidates: Iterator[Found]) -> Iterator[Found]:
    """Each only once: one whose chats are all another's as well is that other."""
    kept: list[Found] = []
    for one in candidates:
        if not any(one.subject | other.subject == Subject() | other.subject for other in kept):
            kept.append(one)
            yield one


def _customer(db: Connection, business: str, customer_id: str) -> Found:
    """A customer with their chats, and with what their phone names, where it is theirs alone."""
    mine = (customers.c.business == business, customers.c.customer_id == customer_id)
    phone = db.execute(select(customers.c.phone).where(*mine)).scalar()
    others = select(customers.c.customer_id).where(
        customers.c.business == business, customers.c.phone == phone, customers.c.customer_id != customer_id
    )
    phones = frozenset({phone} if phone and db.execute(others).first() is None else ())
    ever = select(chat_customers.c.session_id).where(
        chat_customers.c.business == business, chat_customers.c.customer_id == customer_id
    )
    chats = frozenset(db.execute(ever).scalars()) | _users_chats(db, business, phones)
    return Found(customer_id, "a customer", Subject(chats, frozenset({customer_id}), phones))


def _stranger(db: Connection, business: str, phone: str) -> Found | None:
    """Somebody known by a phone alone: from a channel that names people by it, or from the orders."""
    phones = frozenset({phone})
    chats = _users_chats(db, business, phones)
    ordered = db.execute(select(orders.c.phone).where(orders.c.business == business, orders.c.phone != "")).scalars()
    if not chats and not any(is_one_of(written, phones) for written in ordered):
        return None
    return Found(phone, "a phone", Subject(chats=chats, phones=phones))


def _user(db: Connection, business: str, given: str, said: Subject) -> Found:
    """Whoever a channel knows by an id; the customer, where all their chats were one customer's."""
    ever = select(chat_customers.c.customer_id).where(
        chat_customers.c.business == business, chat_customers.c.session_id.in_(said.chats)
    )
    known = set(db.execute(ever).scalars())
    if len(known) != 1:
        return Found(given, "a user of a channel", said)
    found = _customer(db, business, known.pop())
    return replace(found, subject=found.subject | said)


def _users_chats(db: Connection, business: str, users: frozenset[str]) -> frozenset[str]:
    """The chats of people whom a channel knows by these ids; a phone is written with or without its plus."""
    spelled = {spelling for user in users for spelling in (user, user.removeprefix("+"), f"+{user.removeprefix('+')}")}
    wrote = select(inbox.c.session_id).where(inbox.c.business == business, inbox.c.user_id.in_(spelled))
    known = select(channel_users.c.session_id).where(
        channel_users.c.business == business,
        channel_users.c.user_id.in_(spelled) | channel_users.c.phone.in_(spelled),
    )
    return frozenset(db.execute(wrote.union(known)).scalars())


def _shared(db: Connection, business: str, subject: Subject) -> dict[str, list[str]]:
    """The subject's chats that were another customer's too, with whose."""
    query = select(chat_customers.c.session_id, chat_customers.c.customer_id).where(
        chat_customers.c.business == business,
        chat_customers.c.session_id.in_(subject.chats),
        chat_customers.c.customer_id.not_in(subject.customers),
    )
    shared: dict[str, list[str]] = {}
    for chat, other in db.execute(query):
        shared.setdefault(chat, []).append(other)
    return shared


def _is_customer(db: Connection, business: str, key: str) -> bool:
    tables = (customers, chat_customers, accounts)
    return any(
        db.execute(select(table.c.customer_id).where(table.c.business == business, table.c.customer_id == key)).first()
        for table in tables
    )


def _is_chat(db: Connection, business: str, session_id: str) -> bool:
    tables = (sessions, inbox, transcript, tickets, chat_customers)
    return any(
        db.execute(
            select(table.c.session_id).where(table.c.business == business, table.c.session_id == session_id)
        ).first()
        for table in tables
    )


def _listed(found: list[Found]) -> str:
    told = [f"{one.label} ({one.what})" for one in found]
    return f"{', '.join(told[:-1])} or {told[-1]}"


def _phone(given: str) -> str:
    try:
        return to_e164(given) if _PHONE.fullmatch(given) else ""
    except ValueError:
        return ""
