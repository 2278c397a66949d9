"""The balances of the customer whom the chat is bound to, from the ledger and of nobody else."""

from __future__ import annotations

from munshi.handlers.base import CALL_PERSON, Button, Reply, Slot, Turn
from munshi.handlers.ledger import Account
from munshi.handlers.money import money
from munshi.handlers.registry import HandlerConfig, Services

_SHOWN = 4


class CheckBalance:
    """Says nothing to a customer who is not known: its intent has `identify: true`."""

    slots: tuple[Slot, ...] = ()

    def __init__(self, services: Services, _config: HandlerConfig) -> None:
        self._services = services

    def answer(self, turn: Turn) -> Reply:
        """The balance of each account, its number masked."""
        if turn.customer_id is None:
            return Reply("", answered=False)
        phrases, held = self._services.phrases, self._services.records.accounts(turn.customer_id)
        if not held:
            person = Button(phrases("offer_person_button", turn.language), CALL_PERSON)
            return Reply(phrases("balance_no_account", turn.language), (person,), data={"accounts": []})
        lines = [phrases("balance_headline", turn.language), *(self._line(account, turn) for account in held)]
        return Reply("\n".join(lines), data={"accounts": [_told(account) for account in held]})

    def _line(self, account: Account, turn: Turn) -> str:
        key = "balance_line" if account.status == "active" else "balance_line_blocked"
        amount = money(account.balance_paise, turn.business.currency)
        return self._services.phrases(key, turn.language, account=masked(account), amount=amount)


def masked(account: Account) -> str:
    """What an account is called before its holder: Savings ••4521."""
    return f"{account.kind} ••{account.number[-_SHOWN:]}"


def _told(account: Account) -> dict[str, object]:
    return {"account": masked(account), "balance_paise": account.balance_paise, "status": account.status}
