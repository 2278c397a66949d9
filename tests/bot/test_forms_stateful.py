"""Random customers at a form: whatever they say, press, repeat or wait, what is done is what they confirmed last."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import select

from munshi.bot.app import App, open_app
from munshi.bot.consent import consent
from munshi.bot.message import Message
from munshi.bot.pressed import YES
from munshi.bot.settings import load_settings
from munshi.handlers.base import Button, Reply
from munshi.handlers.customers import bind
from munshi.handlers.ledger import journal, postings
from munshi.handlers.tickets import list_tickets
from munshi.handlers.transfer import KIND, OWN_KIND
from tests.bot.pay_bank import make_pay_bank

LIMIT = 10_000  # rupees above which a code is asked for
READ_BACK = re.compile(r"PAY (\d+) TO .+ FROM \d{4}")
CODE = re.compile(r"\b\d{6}\b")
RUPEES, LAST_FOUR = re.compile(r"₹([\d,]+)"), re.compile(r"••(\d{4})")

OPENINGS = ("send 5k to my landlord from savings", "send money", "paise bhejne hai", "पैसे भेजने हैं", "transfer 20000")
VALUES = (
    "500",
    "₹12,000",
    "99 lakh",
    "landlord",
    "sunita",
    "sharma",
    "brother",
    "savings",
    "current wala",
    "2",
    "-5",
    "🙂",
)
CHANGES = ("no, 3,000", "nahi 700 karo", "change the amount to 3k", "from current", "the amount", "नहीं 900 करो", "no")
CONSENT = ("yes", "haan", "हाँ", "ok", "kar do", "yes but 900", "Yes")
ENDINGS = (
    ("yes",),
    ("haan", "yes"),
    ("yes", "code"),
    ("yes", "code", "code"),
    ("no, 3,000", "yes"),
    ("nahi 700 karo", "haan", "code"),
    ("yes", "no, ₹9,000", "code", "yes", "code"),
    ("what time do you open", "yes"),
    ("no", "yes"),
    ("no", "4000", "हाँ"),
    (),
)
OTHERS = (
    "what time do you open",
    "cancel",
    "rehne do",
    "रहने दो",
    "hello",
    "hmm",
    "",
    "x" * 3000,
    "resend",
    "talk to a person",
)


@pytest.fixture(scope="module")
def bank(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("pay")
    database = f"sqlite:///{folder / 'munshi.sqlite3'}"
    pack = make_pay_bank(folder / "pay-bank")
    with open_app(load_settings(home=home, business=str(pack), database_url=database, encoder="none")) as app:
        yield app


class Customers(RuleBasedStateMachine):
    """A chat, and what an onlooker knows of it: what was read back last, what was confirmed, what was done."""

    bank: App
    owned: Mapping[str, tuple[str, ...]] = {
        "AMC10001": ("Rajesh", "Sunita", "4521", "8812"),
        "AMC10002": ("Mohan", "2345"),
    }
    payee: Mapping[str, str] = {"AMC10001": "landlord", "AMC10002": "mohan"}

    @initialize(customer_id=st.sampled_from(["AMC10001", "AMC10002"]), then=st.sampled_from(ENDINGS))
    def comes_in(self, customer_id: str, then: Sequence[str]) -> None:
        self.chat = f"chat-{uuid.uuid4().hex}"
        self.later = self.begins()
        self.bank.assistant._clock = lambda: self.bank.now() + self.later
        self.shown = self.confirmed = self.code = ""
        self.buttons: list[Button] = []
        self.before: Message | None = None
        self.done = self.paid()
        with self.bank.store.engine.begin() as db:
            db.exec_driver_sql("DELETE FROM codes")
        self.is_now(customer_id)
        self.asks_in_full(amount=4_000, then=then)

    @rule(
        text=st.one_of(
            *map(st.sampled_from, (OPENINGS, VALUES, CHANGES, CONSENT, CONSENT, OTHERS)), st.text(max_size=20)
        )
    )
    def says(self, text: str) -> None:
        self.hear(Message(text, self.chat))

    @rule(data=st.data(), told=st.booleans())
    def presses_any_button_ever_shown(self, data: st.DataObject, told: bool) -> None:
        if self.buttons:
            button = data.draw(st.sampled_from(self.buttons))
            self.hear(Message(button.label, self.chat, pressed=(button.value or button.label) if told else ""))

    @rule()
    def repeats(self) -> None:
        if self.before is not None:
            self.hear(self.before, again=True)

    @rule(amount=st.sampled_from([300, 4_500, 12_000, 15_000]), then=st.sampled_from(ENDINGS))
    def asks_in_full(self, amount: int, then: Sequence[str]) -> None:
        self.says("rehne do")
        self.says(f"send {amount} rupees to {self.payee[self.customer_id]} from savings")
        for text in then:
            self.says(self.code or text if text == "code" else text)

    @rule(text=st.sampled_from(CHANGES))
    def changes_something(self, text: str) -> None:
        self.says(text)

    @rule(text=st.sampled_from(CONSENT))
    def agrees(self, text: str) -> None:
        self.says(text)

    @rule()
    def agrees_and_proves(self) -> None:
        self.says("yes")
        if self.code:
            self.says(self.code)

    @rule(wrong=st.booleans())
    def types_the_code(self, wrong: bool) -> None:
        if self.code:
            self.hear(Message(f"{(int(self.code) + wrong) % 10**6:06d}", self.chat))

    @rule(happens=st.sampled_from(["wait", "wait long", "person", "customer"]), text=st.sampled_from(CONSENT))
    def something_happens(self, happens: str, text: str) -> None:
        if happens == "person":
            self.talks_to_a_person(text)
        elif happens == "customer":
            self.is_now(*set(self.owned) - {self.customer_id})
        else:
            self.later += timedelta(minutes=31 if happens == "wait long" else 2)

    def talks_to_a_person(self, text: str) -> None:
        with self.bank.store.engine.begin() as db:
            self.bank.store.hold(db, self.chat, "Meena")
        self.says(text)
        with self.bank.store.engine.begin() as db:
            self.bank.store.hold(db, self.chat, None)

    def is_now(self, customer_id: str) -> None:
        self.customer_id = customer_id
        until = datetime.now(UTC) + self.later + timedelta(minutes=15)
        with self.bank.store.engine.begin() as db:
            bind(db, self.bank.business.key, self.chat, customer_id, until)

    def hear(self, message: Message, *, again: bool = False) -> None:
        reply = self.bank.assistant.respond(message).reply
        paid = self.paid()
        new = list((Counter(paid) - Counter(self.done)).elements())
        assert not Counter(self.done) - Counter(paid)
        assert len(new) <= (0 if again else 1)
        if new:
            by_code = self.code and message.text == self.code
            assert new[0] == (self.confirmed if by_code else self.shown)
            assert by_code or self.says_yes(message)
            assert self.may_be_paid(new[0], proved=bool(by_code))
        self.done, self.before = paid, message
        if not again:
            self.notice(message, reply)

    def says_yes(self, message: Message) -> bool:
        if message.pressed:
            return message.pressed == self.yes
        return consent(message.text) == "yes"

    def notice(self, message: Message, reply: Reply | None) -> None:
        text = reply.text if reply else ""
        yes = [each for each in (reply.buttons if reply else ()) if each.value.startswith(YES)]
        code = CODE.search(text)
        if code is not None:  # sent for what was read back, or once more
            self.confirmed, self.code = self.shown or self.confirmed, code.group()
        self.shown = self.read_back(text) if yes else ""
        self.yes = yes[0].value if yes else ""
        self.buttons += reply.buttons if reply else ()
        for customer_id, marks in self.owned.items():
            if customer_id != self.customer_id:
                assert not any(mark in text for mark in marks), text

    def begins(self) -> timedelta:
        """How far from now the chat takes place."""
        return timedelta()

    def read_back(self, text: str) -> str:
        """What a reply reads back, as `paid` tells it."""
        found = READ_BACK.search(text)
        return found.group() if found else ""

    def may_be_paid(self, read_back: str, *, proved: bool) -> bool:
        rupees = int(read_back.split()[1])
        return 1 <= rupees <= (400_000 if proved else LIMIT)

    def paid(self) -> list[str]:
        with self.bank.store.reading() as db:
            found = list_tickets(db, self.bank.business.key, limit=10**6)
        return [each.summary for each in found if each.session_id == self.chat and each.reason == "paid"]


PAYEES = {"PY1001": "2345", "PY1002": "7812", "PY1003": "2345", "PY1004": "6778", "PY1005": "0300"} | {
    "PY1006": "4521",
    "PY1007": "3344",
}


class BankCustomers(Customers):
    """The same before the demonstration bank: what its ledger holds is what was read back."""

    owned: Mapping[str, tuple[str, ...]] = {"AMC10001": ("landlord", "electrician"), "AMC10002": ("chemist", "sister")}
    payee: Mapping[str, str] = {"AMC10001": "landlord", "AMC10002": "chemist"}
    days = count()

    def begins(self) -> timedelta:
        return timedelta(days=next(self.days))  # what was sent before counts against no limit

    def read_back(self, text: str) -> str:
        lines = [line for line in text.splitlines() if "₹" in line and len(LAST_FOUR.findall(line)) == 2]
        if not lines:
            return ""
        source, target = LAST_FOUR.findall(lines[-1])
        return f"{RUPEES.search(lines[-1]).group(1).replace(',', '')} {source} {target}"

    def may_be_paid(self, read_back: str, *, proved: bool) -> bool:
        rupees, _, target = read_back.split()
        return 1 <= int(rupees) <= (100_000 if proved or target in ("4521", "8812") else 5_000)

    def paid(self) -> list[str]:
        moved = select(journal.c.memo, postings.c.amount_paise, postings.c.account_id).join(postings)
        sent = moved.where(journal.c.kind.in_([KIND, OWN_KIND]), postings.c.amount_paise < 0).order_by(journal.c.id)
        with self.bank.store.reading() as db:
            rows = db.execute(sent).all()
        return [f"{-paise // 100} {source[-4:]} {PAYEES.get(target, target[-4:])}" for target, paise, source in rows]


def drive(machine: type[Customers], bank: App, examples: int) -> None:
    machine.bank = bank
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_what_is_done_is_what_was_confirmed_last(bank: App) -> None:
    drive(Customers, bank, 11)


def test_what_the_ledger_moves_is_what_was_confirmed_last(home: Path, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'munshi.sqlite3'}"
    with open_app(load_settings(home=home, business="dummy-bank", database_url=database)) as app:
        drive(BankCustomers, app, 8)
