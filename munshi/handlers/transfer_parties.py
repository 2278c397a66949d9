"""Between whom a customer's money can move: their own accounts, and the places it may go to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from munshi.handlers.balance import masked
from munshi.handlers.base import SlotError
from munshi.handlers.columns import code_key
from munshi.handlers.ledger import Account, accounts_of
from munshi.handlers.named import Mention, Name, best, mentions
from munshi.handlers.payees import Payee, payees_of

_SHOWN = 4
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where money can go: a payee, or another account of the customer's (`own`).

    `account_id` is the account in this bank's books, None where the money leaves it; `label` is what the customer
    reads; `added_at` is when a payee came.
    """

    id: str
    label: str
    account_id: str | None
    number: str
    ifsc: str = ""
    added_at: datetime = _LONG_AGO
    own: bool = False


@dataclass(frozen=True, slots=True)
class Parties:
    """A customer's accounts and payees. `kinds` are those of accounts that money is sent from, with other words."""

    accounts: tuple[Account, ...]
    payees: tuple[Payee, ...]
    kinds: Mapping[str, tuple[str, ...]]

    def account(self, account_id: str) -> Account | None:
        """An account that money can be sent from, by its id."""
        return next((each for each in self._sending if each.account_id == account_id), None)

    def place(self, id: str) -> Place | None:
        """A place by its id."""
        return next((each for each in self._places if each.id == id), None)

    def targets(self, said: str, text: str) -> list[Place]:
        """What `said` may mean as the place money goes to; without it what `text` names, else all there are.

        The only one there is must be named: whoever names somebody else does not mean it. Raises SlotError.
        """
        places = {place.id: place for place in self._places}
        if not places:
            raise SlotError("transfer_no_payee")
        if code_key(said) in places:
            return [places[code_key(said)]]
        found = mentions(said or text, self._target_names())
        named = best(found, ("to",)) or best(found if said else self._only_payees(found), ("",))
        if said and not named:
            raise SlotError("transfer_payee_unknown")
        if named or len(places) == 1:
            return [places[id] for id in named]
        return list(places.values())

    def sources(self, said: str, text: str, *, besides: str) -> list[Account]:
        """What `said` may mean as the account money comes from, `besides` left out; as `targets`. Raises SlotError."""
        held = {each.account_id: each for each in self._sending if each.account_id != besides}
        if not held:
            raise SlotError("transfer_no_account")
        if code_key(said) in held:
            return [held[code_key(said)]]
        found = mentions(said or text, {id: self._account_names(each) for id, each in held.items()})
        named = best(found, ("from", ""))
        if said and not named:
            raise SlotError("transfer_account_unknown")
        targets = best(found, ("to",))
        return [held[id] for id in named or held if id not in targets or named] or list(held.values())

    def _only_payees(self, found: Mapping[str, list[Mention]]) -> Mapping[str, list[Mention]]:
        """Without the own accounts: in passing one is rather where the money comes from."""
        ids = {payee.payee_id for payee in self.payees}
        return {id: places for id, places in found.items() if id in ids}

    @property
    def _sending(self) -> list[Account]:
        return [each for each in self.accounts if each.status == "active" and each.kind in self.kinds]

    @property
    def _places(self) -> list[Place]:
        own = [each for each in self.accounts if each.status == "active"]
        mine = [Place(each.account_id, masked(each), each.account_id, each.number, own=True) for each in own]
        return [*map(_payee_place, self.payees), *(mine if len(own) > 1 else ())]

    def _target_names(self) -> Mapping[str, tuple[Name, ...]]:
        accounts = {each.account_id: self._account_names(each) for each in self.accounts}
        names = {place.id: accounts[place.id] for place in self._places if place.own}
        return {**names, **{each.payee_id: _payee_names(each) for each in self.payees}}

    def _account_names(self, account: Account) -> tuple[Name, ...]:
        words = (account.kind, *self.kinds.get(account.kind, ()))
        return (*map(Name, words), Name(account.number), Name(account.number[-_SHOWN:]))


def parties_of(db: Connection, business: str, customer_id: str | None, kinds: Mapping[str, tuple[str, ...]]) -> Parties:
    """Those of exactly this customer; of nobody none."""
    if customer_id is None:
        return Parties((), (), kinds)
    return Parties(accounts_of(db, business, customer_id), payees_of(db, business, customer_id), kinds)


def _payee_place(payee: Payee) -> Place:
    nickname = f" ({payee.nicknames[0]})" if payee.nicknames else ""
    label = f"{payee.name}{nickname} ••{payee.number[-_SHOWN:]}"
    inside = None if payee.ifsc else code_key(payee.number)
    return Place(payee.payee_id, label, inside, payee.number, payee.ifsc, payee.added_at)


def _payee_names(payee: Payee) -> tuple[Name, ...]:
    digits = (Name(payee.number), Name(payee.number[-_SHOWN:]))
    return (Name(payee.name, loose=True), *map(Name, payee.nicknames), *digits)
