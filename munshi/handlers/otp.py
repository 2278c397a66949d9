"""One-time codes: six digits that show that whoever writes here also has the customer's phone or mailbox.

A code is good for five minutes, five tries and one use, and only for what it was sent for: its customer, its purpose
and its binding. All of it is counted in SQL. Where anything is in doubt the answer is no.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import randbelow, token_hex
from typing import Any, Literal, Protocol

from sqlalchemy import Column, Connection, Integer, Row, String, Table, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from munshi.handlers.otp_personal import STRANGER, WINDOW, CodesSent, fingerprint
from munshi.handlers.personal import Rows, of_customers
from munshi.handlers.tables import UtcDateTime, metadata

DIGITS = 6
LIFETIME = timedelta(minutes=5)
TRIES = 5
SENDS = 3
"""So many codes are sent to one customer for one purpose within the `WINDOW`."""

codes = Table(
    "codes",
    metadata,
    Column("code_id", String(32), primary_key=True),
    Column("business", String(120), nullable=False),
    Column("customer_id", String(120), nullable=False, index=True),
    Column("purpose", String(40), nullable=False),
    Column("fingerprint", String(64), nullable=False),  # of what the code is good for
    Column("digest", String(64), nullable=False),
    Column("number", Integer, nullable=False),  # counts the codes of this customer and purpose
    Column("tries", Integer, nullable=False),
    Column("sent_at", UtcDateTime(), nullable=False),
    Column("expires_at", UtcDateTime(), nullable=False),
    Column("used_at", UtcDateTime()),
    info=of_customers(CodesSent()),
)

code_counts = Table(
    "code_counts",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("customer_id", String(120), primary_key=True),
    Column("purpose", String(40), primary_key=True),
    Column("sent", Integer, nullable=False),  # whoever counts here holds the row: two sends never count at once
    info=of_customers(Rows("codes counted", customer="customer_id")),
)

Checked = Literal["ok", "wrong", "expired", "used_up"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a code goes: a phone in E.164, an e-mail address where there is one. `name` is the business that writes."""

    phone: str
    email: str
    name: str


class CodePort(Protocol):
    """Carries a code to a customer by a way that is not the chat."""

    @property
    def shown(self) -> bool:
        """Whether the chat may show the code itself: in a demonstration, and nowhere else."""

    def send(self, to: Recipient, code: str) -> None:
        """Send it, or begin to: whether it arrives the customer sees. Raises nothing."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A code that is kept. `deliver` hands it to the port, and is to be called once the transaction is committed.

    `shown` is the code itself where the chat may show it, else empty.
    """

    expires_at: datetime
    deliver: Callable[[], None]
    shown: str = ""


@dataclass(frozen=True, slots=True)
class TooMany:
    """No code was made: the limit is reached until `until`."""

    until: datetime


class Codes:
    """The codes of one business. `secret` never leaves this computer; `clock` gives an aware time."""

    def __init__(self, business: str, secret: bytes, port: CodePort, clock: Callable[[], datetime]) -> None:
        self._business = business
        self._secret = secret
        self._port = port
        self._clock = clock

    def send(
        self, db: Connection, customer_id: str, purpose: str, binding: Mapping[str, str], to: Recipient | None
    ) -> Sent | TooMany:
        """A new code, kept inside the caller's transaction; it takes the place of an older one for the same binding.

        Without anyone to send it `to` everything is done alike, but nobody gets it: a stranger sees no difference.
        """
        now = self._clock()
        number = self._count(db, customer_id, purpose)
        latest = self._sent_within(db, customer_id, purpose, now - WINDOW)
        if len(latest) >= SENDS:
            return TooMany(latest[SENDS - 1] + WINDOW)
        db.execute(delete(codes).where(*self._mine(customer_id, purpose), codes.c.sent_at <= now - WINDOW))
        code_id, code = token_hex(16), f"{randbelow(10**DIGITS):0{DIGITS}d}"
        db.execute(
            insert(codes).values(
                code_id=code_id,
                business=self._business,
                customer_id=customer_id,
                purpose=purpose,
                fingerprint=fingerprint(binding),
                digest=self._digest(code_id, code),
                number=number,
                tries=0,
                sent_at=now,
                expires_at=now + LIFETIME,
            )
        )
        port = self._port
        deliver = (lambda: None) if to is None else (lambda: port.send(to, code))
        return Sent(now + LIFETIME, deliver, code if port.shown else "")

    def check(self, db: Connection, customer_id: str, purpose: str, binding: Mapping[str, str], code: str) -> Checked:
        """Whether `code` is the latest that was sent for exactly this; where it is, it is used up.

        A wrong one counts as a try, so the caller's transaction must be committed whatever the answer.
        """
        checked = self.verify(db, customer_id, purpose, binding, code)
        if checked == "ok" and not self.use(db, customer_id, purpose, binding):
            return "used_up"
        return checked

    def verify(self, db: Connection, customer_id: str, purpose: str, binding: Mapping[str, str], code: str) -> Checked:
        """As `check`, but a code that is right stays good until its `use`, in the transaction of what it is used for.

        So a crash between the two costs neither the code nor what it was sent for.
        """
        latest = self._latest(db, customer_id, purpose, fingerprint(binding))
        if latest is None:
            return "wrong"
        now = self._clock()
        counted = update(codes).where(*_open(latest, now), codes.c.tries < TRIES).values(tries=codes.c.tries + 1)
        tried = db.execute(counted.returning(codes.c.tries)).one_or_none()
        if tried is None:
            spent = latest.used_at is not None or latest.tries >= TRIES
            return "expired" if latest.expires_at <= now and not spent else "used_up"
        if not hmac.compare_digest(self._digest(latest.code_id, code), latest.digest):
            return "wrong" if tried.tries < TRIES else "used_up"
        db.execute(update(codes).where(codes.c.code_id == latest.code_id).values(tries=codes.c.tries - 1))
        return "ok"

    def use(self, db: Connection, customer_id: str, purpose: str, binding: Mapping[str, str]) -> bool:
        """Use up the latest code that was sent for this; False where it is used, or has run out."""
        latest = self._latest(db, customer_id, purpose, fingerprint(binding))
        if latest is None:
            return False
        now = self._clock()
        used = update(codes).where(*_open(latest, now)).values(used_at=now, tries=codes.c.tries + 1)
        return db.execute(used).rowcount == 1

    def stand_in(self, text: str) -> str:
        """An id for someone who is no customer, under which codes are counted just as for one who is."""
        return (
            STRANGER + hmac.new(self._secret, b"nobody\0" + text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        )

    def _count(self, db: Connection, customer_id: str, purpose: str) -> int:
        dialect = postgresql if db.dialect.name == "postgresql" else sqlite
        mine = {"business": self._business, "customer_id": customer_id, "purpose": purpose}
        made = dialect.insert(code_counts).values(**mine, sent=1)
        counted = made.on_conflict_do_update(index_elements=list(mine), set_={"sent": code_counts.c.sent + 1})
        return int(db.execute(counted.returning(code_counts.c.sent)).scalar_one())

    def _sent_within(self, db: Connection, customer_id: str, purpose: str, since: datetime) -> list[datetime]:
        """When codes were sent since then, latest first."""
        query = select(codes.c.sent_at).where(*self._mine(customer_id, purpose), codes.c.sent_at > since)
        return list(db.execute(query.order_by(codes.c.sent_at.desc())).scalars())

    def _latest(self, db: Connection, customer_id: str, purpose: str, fingerprint: str) -> Row[Any] | None:
        mine = (*self._mine(customer_id, purpose), codes.c.fingerprint == fingerprint)
        newest = select(func.max(codes.c.number)).where(*mine).scalar_subquery()
        return db.execute(select(codes).where(*mine, codes.c.number == newest)).one_or_none()

    def _mine(self, customer_id: str, purpose: str) -> tuple[Any, ...]:
        return (codes.c.business == self._business, codes.c.customer_id == customer_id, codes.c.purpose == purpose)

    def _digest(self, code_id: str, code: str) -> str:
        return hmac.new(self._secret, f"{code_id}:{code}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def wrong_tries(db: Connection, business: str, customer_id: str, purpose: str, since: datetime) -> int:
    """How many wrong codes were given for a purpose, of those sent since then."""
    mine = (codes.c.business == business, codes.c.customer_id == customer_id, codes.c.purpose == purpose)
    query = select(func.coalesce(func.sum(codes.c.tries), 0) - func.count(codes.c.used_at))
    return int(db.execute(query.where(*mine, codes.c.sent_at > since)).scalar_one())


def _open(code: Row[Any], now: datetime) -> tuple[Any, ...]:
    """That a code is neither used nor out of time."""
    return (codes.c.code_id == code.code_id, codes.c.used_at.is_(None), codes.c.expires_at > now)
