"""Sending money: to the customer's payees, and between their own accounts.

What is shown is looked up when it is asked for; what is done is looked up, and held against every limit, once more
inside the transaction that does it, while the customer's other transfers wait.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from munshi.handlers.balance import masked
from munshi.handlers.base import CALL_PERSON, Button, Challenge, Reply, Slot, SlotError, SlotSpec, Turn
from munshi.handlers.customers import hold_customer, identified
from munshi.handlers.ledger import (
    Account,
    Entry,
    InsufficientFundsError,
    LedgerError,
    Moved,
    Posting,
    moved_since,
    post,
)
from munshi.handlers.money import money, to_paise
from munshi.handlers.opening import closed_note
from munshi.handlers.options import read
from munshi.handlers.otp import wrong_tries
from munshi.handlers.payees import OUTGOING
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.slots import build
from munshi.handlers.transfer_limits import (
    DAY,
    HOUR,
    RefusedError,
    TransferLimits,
    Wanted,
    check_payee,
    check_sum,
    check_suspicion,
)
from munshi.handlers.transfer_parties import Parties, Place, parties_of

KIND = "transfer"
OWN_KIND = "own_transfer"
"""What the ledger calls money that stays the customer's: limits do not count it."""

PURPOSE = "transfer"
"""What one-time codes for transfers are sent for."""

_FROM = ("from …", "… se", "… से")
_TO = ("to …", "into …", "… ko", "… को", "… me", "… mein", "… में")


@dataclass(frozen=True, slots=True)
class Order:
    """A transfer with all that it is made of."""

    amount_paise: int
    source: Account
    target: Place


class FundTransfer:
    """An `Action` for a customer who is known: its intent has `identify: true` and `risk: high`."""

    options_model = TransferLimits

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._limits = read(config, TransferLimits)
        self._services = services
        self._currency = services.profile.currency
        phrases = services.phrases
        self._amount = build(SlotSpec("amount", "amount"), phrases).validate
        account = phrases.all("ask_transfer_account")
        payee, amount = phrases.all("ask_transfer_payee"), phrases.all("ask_transfer_amount")
        self.slots: tuple[Slot, ...] = (
            Slot("payee", "account", payee, choose=self._choose_payee, cues=_TO),
            Slot("account", "account", account, choose=self._choose_account, cues=_FROM),
            Slot("amount", "amount", amount, choose=self._choose_amount),
        )

    # -- what may stand in the slots -------------------------------------------------------------------------------

    def _choose_payee(self, turn: Turn, said: str) -> tuple[Button, ...]:
        parties = self._parties(turn)
        found = parties.targets(said, turn.text)
        if len(found) == 1 and not found[0].own:
            check_payee(self._limits, found[0].added_at, turn.now)
        return tuple(Button(place.label, place.id) for place in found)

    def _choose_account(self, turn: Turn, said: str) -> tuple[Button, ...]:
        found = self._parties(turn).sources(said, turn.text, besides=turn.slots.get("payee", ""))
        return tuple(Button(masked(account), account.account_id) for account in found)

    def _choose_amount(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if not said:
            return ()  # any sum: it is asked for in words
        rupees = self._amount(said)
        with self._services.records.reading() as db:
            self._check_sum(db, turn, to_paise(rupees))
        return (Button(money(to_paise(rupees), self._currency), rupees),)

    def _check_sum(self, db: Connection, turn: Turn, paise: int) -> None:
        """Hold a sum against what is known so far. Raises SlotError with the range that is allowed."""
        parties = self._parties(turn, db)
        target, source = parties.place(turn.slots.get("payee", "")), parties.account(turn.slots.get("account", ""))
        if source is not None and paise > source.balance_paise - (source.floor_paise or 0):
            raise SlotError("transfer_funds", account=masked(source))
        if target is None or not target.own:
            to, added_at = ("", turn.now - DAY) if target is None else (target.id, target.added_at)
            check_sum(self._limits, Wanted(paise, to, added_at, turn.now), self._sent(db, turn), self._currency)

    # -- the transfer ----------------------------------------------------------------------------------------------

    def summary(self, turn: Turn) -> Reply:
        """What goes from where to whom; where that has become impossible, why."""
        try:
            order = self._order(turn, self._parties(turn))
        except SlotError as gone:
            return Reply(self._services.phrases(gone.key, turn.language, **gone.values))
        text = self._services.phrases("transfer_summary", turn.language, **self._told(order))
        return Reply(text, data={"transfer": _data(order)})

    def challenge(self, turn: Turn) -> Challenge | None:
        """A code for a payee's money above the limit, good for exactly this transfer."""
        order = self._order(turn, self._parties(turn))
        if order.target.own or order.amount_paise <= self._limits.code_above * 100:
            return None
        binding = {
            "amount": str(order.amount_paise),
            "from": order.source.account_id,
            "payee": order.target.id,
            "account": f"{order.target.ifsc} {order.target.number}",
            "request": turn.request,
            "chat": turn.session_id,
        }
        return Challenge(PURPOSE, binding)

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Check everything again and move the money; the receipt, or why nothing was moved."""
        try:
            order, reference = self._transfer(turn, db)
        except SlotError as refused:
            return self._refused(turn, refused)
        text = self._services.phrases("transfer_done", turn.language, reference=reference, **self._told(order))
        return Reply(text, data={"transfer": {**_data(order), "reference": reference}})

    def _transfer(self, turn: Turn, db: Connection) -> tuple[Order, str]:
        business, customer_id = self._services.records.business, turn.customer_id
        if customer_id is None or identified(db, business, turn.session_id, turn.now) != customer_id:
            raise RefusedError("transfer_unknown_customer")
        if hold_customer(db, business, customer_id) is None:
            raise RefusedError("transfer_unknown_customer")
        order = self._order(turn, self._parties(turn, db))
        if not order.target.own:
            self._check_all(db, turn, customer_id, order)
        key = hashlib.sha256(f"{turn.session_id}\n{turn.request}".encode("utf-8", "replace")).hexdigest()
        sides = (
            Posting(order.source.account_id, -order.amount_paise),
            Posting(order.target.account_id or OUTGOING, order.amount_paise),
        )
        entry = Entry(key, OWN_KIND if order.target.own else KIND, sides, memo=order.target.id)
        try:
            with db.begin_nested():
                return order, post(db, business, entry, at=turn.now)
        except InsufficientFundsError:
            raise RefusedError("transfer_funds", account=masked(order.source)) from None
        except LedgerError:
            raise RefusedError("transfer_target_closed", payee=order.target.label) from None

    def _check_all(self, db: Connection, turn: Turn, customer_id: str, order: Order) -> None:
        """Every rule, where nothing that is counted can change any more. Raises RefusedError."""
        target = order.target
        past = self._sent(db, turn)
        wrong = wrong_tries(db, self._services.records.business, customer_id, PURPOSE, turn.now - HOUR)
        wanted = Wanted(order.amount_paise, target.id, target.added_at, turn.now)
        check_suspicion(self._limits, wanted, past, wrong)
        check_payee(self._limits, target.added_at, turn.now)
        check_sum(self._limits, wanted, past, self._currency)

    def _sent(self, db: Connection, turn: Turn) -> tuple[Moved, ...]:
        """What the customer sent to others in the last day."""
        return moved_since(db, self._services.records.business, turn.customer_id or "", KIND, turn.now - DAY)

    def _refused(self, turn: Turn, refused: SlotError) -> Reply:
        phrases = self._services.phrases
        text = phrases(refused.key, turn.language, **refused.values)
        nothing = phrases("transfer_not_made", turn.language)
        suspicious = isinstance(refused, RefusedError) and refused.suspicious
        reason = f"A transfer was stopped: {phrases(refused.key, 'en', **refused.values)}"
        person = Button(phrases("offer_person_button", turn.language), CALL_PERSON)
        hours = closed_note(phrases, turn.language, turn.business, turn.now) if suspicious else ""
        return Reply(
            f"{nothing} {text} {hours}".strip(),
            () if suspicious else (person,),
            handover=reason if suspicious else None,
            data={"refused": refused.key},
        )

    # -- what it is made of ----------------------------------------------------------------------------------------

    def _parties(self, turn: Turn, db: Connection | None = None) -> Parties:
        """The customer's own accounts and payees, as they stand now."""
        business, kinds = self._services.records.business, self._limits.kinds
        if db is not None:
            return parties_of(db, business, turn.customer_id, kinds)
        with self._services.records.reading() as reading:
            return parties_of(reading, business, turn.customer_id, kinds)

    def _order(self, turn: Turn, parties: Parties) -> Order:
        """The transfer that the slots stand for. Raises SlotError where an account or a payee is there no more."""
        source, target = parties.account(turn.slots["account"]), parties.place(turn.slots["payee"])
        if source is None:
            raise SlotError("transfer_no_account")
        if target is None or target.account_id == source.account_id:
            raise SlotError("transfer_payee_unknown")
        return Order(to_paise(turn.slots["amount"]), source, target)

    def _told(self, order: Order) -> Mapping[str, object]:
        return {
            "amount": money(order.amount_paise, self._currency),
            "account": masked(order.source),
            "payee": order.target.label,
        }


def _data(order: Order) -> dict[str, object]:
    return {"amount_paise": order.amount_paise, "from": masked(order.source), "to": order.target.label}
