"""Customers, and who of them a chat is bound to: by a one-time code, or by a login token that is used once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    RowMapping,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from munshi.handlers.personal import Rows, of_customers
from munshi.handlers.tables import UtcDateTime, metadata

customers = Table(
    "customers",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("customer_id", String(120), primary_key=True),  # as `code_key` spells it
    Column("name", Text, nullable=False),
    Column("phone", String(40), nullable=False, index=True),  # E.164
    Column("email", String(320), nullable=False),
    Column("status", String(20), nullable=False),
    Column("extra", JSON, nullable=False),
    info=of_customers(Rows("customers", customer="customer_id")),
)

logins = Table(
    "logins",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("session_id", String(200), primary_key=True),
    Column("customer_id", String(120), nullable=False, index=True),
    Column("until", UtcDateTime(), nullable=False),
    info=of_customers(Rows("logins", chat="session_id", customer="customer_id")),
)

chat_customers = Table(  # everyone that a chat was ever bound to: a login is forgotten, whose words there are is not
    "chat_customers",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("session_id", String(200), primary_key=True),
    Column("customer_id", String(120), primary_key=True),
    info=of_customers(Rows("chats of customers", chat="session_id", customer="customer_id")),
)

login_tokens = Table(
    "login_tokens",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("token_hash", String(64), primary_key=True),
    Column("customer_id", String(120), nullable=False, index=True),
    Column("expires_at", UtcDateTime(), nullable=False),
    Column("used_at", UtcDateTime()),
    info=of_customers(Rows("login tokens", customer="customer_id", secret=("token_hash",))),
)

ACTIVE = "active"
CLOSED = "closed"

LOGIN_TOKEN = re.compile(r"\bmunshi-login-[0-9a-f]{32}\b")
"""What a login token looks like: it is found, and masked, wherever it stands in a message."""

# Asked at every message, and written once.
_IDENTIFIED = (
    select(logins.c.customer_id)
    .join(customers, (customers.c.business == logins.c.business) & (customers.c.customer_id == logins.c.customer_id))
    .where(
        logins.c.business == bindparam("whose"),
        logins.c.session_id == bindparam("chat"),
        logins.c.until > bindparam("now"),
        customers.c.status == ACTIVE,
    )
)


@dataclass(frozen=True, slots=True)
class Customer:
    """Someone the business knows. `phone` is in E.164; `email` may be empty; only an active one is let in."""

    customer_id: str
    name: str
    phone: str
    email: str
    status: str
    extra: Mapping[str, str]


def customer(db: Connection, business: str, customer_id: str) -> Customer | None:
    """An active customer by id."""
    row = db.execute(_active(business).where(customers.c.customer_id == customer_id)).mappings().one_or_none()
    return None if row is None else _customer(row)


def hold_customer(db: Connection, business: str, customer_id: str) -> Customer | None:
    """An active customer, whom other transactions that hold them wait for: what is counted of theirs stays so."""
    query = _active(business).where(customers.c.customer_id == customer_id).with_for_update(key_share=True)
    row = db.execute(query).mappings().one_or_none()
    return None if row is None else _customer(row)


def find_by_phone(db: Connection, business: str, phone: str) -> Customer | None:
    """The active customer whose phone this is, in E.164; None where it is nobody's or several people's."""
    rows = db.execute(_active(business).where(customers.c.phone == phone).limit(2)).mappings().all()
    return _customer(rows[0]) if len(rows) == 1 else None


def identified(db: Connection, business: str, session_id: str, now: datetime) -> str | None:
    """The customer that a chat is bound to at `now`; None where it is to nobody, or to one who is no longer active."""
    asked = {"whose": business, "chat": session_id, "now": now}
    found: str | None = db.execute(_IDENTIFIED, asked).scalar_one_or_none()
    return found


def bind(db: Connection, business: str, session_id: str, customer_id: str, until: datetime) -> None:
    """Bind a chat to a customer, instead of any other, until a time."""
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    made = dialect.insert(logins).values(business=business, session_id=session_id, customer_id=customer_id, until=until)
    bound = {"customer_id": customer_id, "until": until}
    db.execute(made.on_conflict_do_update(index_elements=["business", "session_id"], set_=bound))
    ever = dialect.insert(chat_customers).values(business=business, session_id=session_id, customer_id=customer_id)
    db.execute(ever.on_conflict_do_nothing())


def unbind(db: Connection, business: str, session_id: str) -> None:
    """Bind a chat to nobody."""
    db.execute(delete(logins).where(*_of_chat(business, session_id)))


def new_login_token(db: Connection, business: str, customer_id: str, *, expires_at: datetime) -> str:
    """A token that binds the chat it is sent in, once; only its hash is kept."""
    token = f"munshi-login-{token_hex(16)}"
    db.execute(
        insert(login_tokens).values(
            business=business, token_hash=_hash(token), customer_id=customer_id, expires_at=expires_at
        )
    )
    return token


def use_login_token(db: Connection, business: str, token: str, now: datetime) -> str | None:
    """The active customer whose token this is, which is used up by it; None where it does not hold (any more)."""
    used = db.execute(
        update(login_tokens)
        .where(
            login_tokens.c.business == business,
            login_tokens.c.token_hash == _hash(token),
            login_tokens.c.used_at.is_(None),
            login_tokens.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(login_tokens.c.customer_id)
    ).scalar_one_or_none()
    if used is None or customer(db, business, used) is None:
        return None
    return str(used)


def is_token_of(db: Connection, business: str, token: str, customer_id: str) -> bool:
    """Whether a login token was made for this customer, used or not."""
    mine = (login_tokens.c.business == business, login_tokens.c.token_hash == _hash(token))
    return bool(db.execute(select(login_tokens.c.customer_id).where(*mine)).scalar() == customer_id)


def take_up_customers(db: Connection, business: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Bring the customers to what their file says; who is not in it any more is closed, and let in no longer."""
    known = set(db.execute(select(customers.c.customer_id).where(customers.c.business == business)).scalars())
    mine = customers.c.business == business
    for row in rows:
        customer_id, values = row["key"], {name: row[name] for name in ("name", "phone", "email", "status", "extra")}
        if customer_id in known:
            db.execute(update(customers).where(mine, customers.c.customer_id == customer_id).values(values))
        else:
            db.execute(insert(customers).values(business=business, customer_id=customer_id, **values))
    for gone in sorted(known - {row["key"] for row in rows}):
        db.execute(update(customers).where(mine, customers.c.customer_id == gone).values(status=CLOSED))


def _active(business: str) -> Any:
    return select(customers).where(customers.c.business == business, customers.c.status == ACTIVE)


def _of_chat(business: str, session_id: str) -> tuple[Any, ...]:
    return (logins.c.business == business, logins.c.session_id == session_id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _customer(row: RowMapping) -> Customer:
    return Customer(**{name: value for name, value in row.items() if name != "business"})
