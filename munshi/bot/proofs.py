"""One-time codes between a customer's yes and what they said yes to: for that request, with those values, and no other.

A code is sent, and a wrong one counted, in a transaction of its own. The right one is used up in the transaction of the
effect: a crash in between costs neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, Engine

from munshi.bot.audit_chain import canonical
from munshi.bot.identification import CodeSent, delivered
from munshi.bot.state import Proving
from munshi.handlers.customers import customer
from munshi.handlers.otp import Checked, Codes, Recipient, TooMany


@dataclass(frozen=True, slots=True)
class Proofs:
    """The codes of one business's requests. `name` is what the business is called before its customers."""

    engine: Engine
    business: str
    codes: Codes
    name: str

    def send(self, session_id: str, proving: Proving) -> CodeSent | TooMany:
        """Send a code for a request, also once more."""
        with self.engine.begin() as db:
            found = customer(db, self.business, proving.customer_id)
            to = None if found is None else Recipient(found.phone, found.email, self.name)
            sent = self.codes.send(db, proving.customer_id, proving.purpose, _binding(session_id, proving), to)
        return delivered(proving.customer_id, sent)

    def verify(self, session_id: str, proving: Proving, code: str) -> Checked:
        """Whether it is the code that was sent; where it is, it is still to be used up."""
        with self.engine.begin() as db:
            return self.codes.verify(db, proving.customer_id, proving.purpose, _binding(session_id, proving), code)

    def using(self, session_id: str, proving: Proving) -> Callable[[Connection], bool]:
        """What uses the code up within a transaction, and tells whether it could still be used."""
        return partial(
            self.codes.use,
            customer_id=proving.customer_id,
            purpose=proving.purpose,
            binding=_binding(session_id, proving),
        )


def _binding(session_id: str, proving: Proving) -> dict[str, str]:
    """What the code is good for: this request of this chat, as it was confirmed."""
    form = proving.form
    return {
        "chat": session_id,
        "request": form.id,
        "intent": form.intent,
        "values": canonical(form.values),
        "asked": canonical(proving.binding),
    }
