"""Who writes in a chat: found by number, shown by a one-time code or a login token, bound for a while.

Each step is a transaction of its own, committed at once: a try counts whatever becomes of the turn it was made in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from munshi.handlers.columns import code_key
from munshi.handlers.customers import (
    Customer,
    bind,
    customer,
    find_by_phone,
    identified,
    is_token_of,
    unbind,
    use_login_token,
)
from munshi.handlers.otp import Checked, Codes, Recipient, Sent, TooMany

PURPOSE = "identify"


@dataclass(frozen=True, slots=True)
class Number:
    """What a customer says they are known by: a phone in E.164, or a customer number in any spelling."""

    text: str
    is_phone: bool

    @property
    def key(self) -> str:
        """The same for every spelling of one number."""
        return self.text if self.is_phone else code_key(self.text)


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code is on its way, to `customer_id`; for a stranger a stand-in that looks alike. `shown` as in `otp.Sent`."""

    customer_id: str
    shown: str = ""


class Identification:
    """Identifies the customers of one business. `name` is what the business is called before them."""

    def __init__(
        self,
        engine: Engine,
        business: str,
        codes: Codes,
        *,
        clock: Callable[[], datetime],
        login: timedelta,
        name: str,
    ) -> None:
        self._engine = engine
        self._business = business
        self._codes = codes
        self._clock = clock
        self._login = login
        self._name = name

    def send(self, session_id: str, number: Number) -> CodeSent | TooMany:
        """Send a code to whoever this number belongs to; where that is nobody, all but the sending is done."""
        with self._engine.begin() as db:
            found = self._find(db, number)
            customer_id = self._codes.stand_in(number.key) if found is None else found.customer_id
            sent = self._new_code(db, session_id, customer_id, found)
        return delivered(customer_id, sent)

    def send_again(self, session_id: str, customer_id: str) -> CodeSent | TooMany:
        """Another code for the one that the last was for."""
        with self._engine.begin() as db:
            sent = self._new_code(db, session_id, customer_id, customer(db, self._business, customer_id))
        return delivered(customer_id, sent)

    def check(self, session_id: str, customer_id: str, code: str) -> Checked:
        """Whether it is the code that was sent; where it is, the chat is bound to the customer in the same moment."""
        with self._engine.begin() as db:
            checked = self._codes.check(db, customer_id, PURPOSE, {"chat": session_id}, code)
            if checked != "ok":
                return checked
            if customer(db, self._business, customer_id) is None:
                return "wrong"
            self._bind(db, session_id, customer_id)
        return checked

    def by_token(self, session_id: str, token: str) -> str | None:
        """Bind the chat to the customer whose login token this is; None where it does not hold.

        One that bound this very chat, whose turn was then lost, holds for it again.
        """
        now = self._clock()
        with self._engine.begin() as db:
            customer_id = use_login_token(db, self._business, token, now)
            if customer_id is not None:
                self._bind(db, session_id, customer_id)
                return customer_id
            bound = identified(db, self._business, session_id, now)
            return bound if bound and is_token_of(db, self._business, token, bound) else None

    def log_out(self, session_id: str) -> None:
        """Bind the chat to nobody."""
        with self._engine.begin() as db:
            unbind(db, self._business, session_id)

    def _find(self, db: Connection, number: Number) -> Customer | None:
        if number.is_phone:
            return find_by_phone(db, self._business, number.text)
        return customer(db, self._business, number.key)

    def _new_code(self, db: Connection, session_id: str, customer_id: str, found: Customer | None) -> Sent | TooMany:
        to = None if found is None else Recipient(found.phone, found.email, self._name)
        return self._codes.send(db, customer_id, PURPOSE, {"chat": session_id}, to)

    def _bind(self, db: Connection, session_id: str, customer_id: str) -> None:
        bind(db, self._business, session_id, customer_id, self._clock() + self._login)


def delivered(customer_id: str, sent: Sent | TooMany) -> CodeSent | TooMany:
    """Hand the code over, now that it is kept: never one that a failed transaction has forgotten."""
    if isinstance(sent, TooMany):
        return sent
    sent.deliver()
    return CodeSent(customer_id, sent.shown)
