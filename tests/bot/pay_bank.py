"""A bank of one action, a payment that leaves a ticket: what its customers own decides what they may say."""

from __future__ import annotations

from pathlib import Path

PAY_DESK = '''
"""Pays from an account to a payee, both the customer's own."""

from decimal import Decimal

from munshi.handlers.base import Button, Challenge, Reply, Slot, SlotError
from munshi.handlers.balance import masked
from munshi.handlers.slots import SlotSpec, build
from munshi.handlers.tickets import open_ticket

PAYEES = {
    "AMC10001": {"P1": "Landlord (Rajesh Kumar)", "P2": "Sunita Electricals", "P3": "Sunita Sharma"},
    "AMC10002": {"P9": "Brother (Mohan)"},
    "AMC10003": {},
}


class Pay:
    def __init__(self, services, config):
        self.services = services
        amount = SlotSpec("amount", "amount", minimum=Decimal(1), maximum=Decimal(400000))
        self.amount = build(amount, services.phrases)
        self.slots = (
            Slot("amount", "amount", self.amount.prompt, choose=self.how_much),
            Slot("payee", "name", {"en": "To whom?", "hinglish": "Kisko?"}, choose=self.payees, cues=("to …", "… ko")),
            Slot("account", "account", {"en": "From which account?"}, choose=self.accounts, cues=("from …", "… se")),
        )

    def how_much(self, turn, said):
        if not said:
            return ()
        value = self.amount.validate(said)
        account = next((each for each in self.mine(turn) if each.number == turn.slots.get("account")), None)
        if account is not None and Decimal(value) * 100 > account.balance_paise:
            raise SlotError("slot_invalid_maximum", maximum=account.balance_paise // 100)
        return (Button(value, value),)

    def payees(self, turn, said):
        mine = PAYEES[turn.customer_id]
        low = said.casefold()
        found = [Button(name, id) for id, name in mine.items() if said in (id, "") or low in name.casefold()]
        if not found:
            raise SlotError("slot_invalid_name")
        return tuple(found)

    def accounts(self, turn, said):
        mine = [Button(masked(each), each.number) for each in self.mine(turn)]
        found = [each for each in mine if said in (each.value, "") or said.casefold() in each.label.casefold()]
        if not found:
            raise SlotError("slot_invalid_account")
        return tuple(found)

    def mine(self, turn):
        return self.services.records.accounts(turn.customer_id)

    def summary(self, turn):
        slots = turn.slots
        payee = PAYEES[turn.customer_id][slots["payee"]]
        return Reply(f"PAY {slots['amount']} TO {payee} FROM {slots['account'][-4:]}", data={"pay": dict(slots)})

    def challenge(self, turn):
        return Challenge("pay", {"amount": turn.slots["amount"]}) if Decimal(turn.slots["amount"]) > 10000 else None

    def execute(self, turn, db):
        paid = open_ticket(
            db, business=self.services.records.business, session_id=turn.session_id, customer_id=turn.customer_id,
            channel=turn.channel, kind="form", reason="paid", summary=self.summary(turn).text, form=turn.slots,
        )
        return Reply(f"PAID {paid.reference}", data={"paid": dict(turn.slots)})
'''

INTENTS = """
intents:
  - name: Pay
    title: {en: Send money, hi: पैसे भेजना, hinglish: Paise bhejna}
    description: The customer wants money sent to someone.
    handler: pay_desk:Pay
    identify: true
    examples:
      - send money to my brother
      - I want to transfer money
      - pay 1500 to this account
      - transfer 2000 rupees to Sunita
      - send 5k to my landlord from savings
      - paise transfer karne hai
      - dost ko paisa bhejna hai
      - 2500 rupaye bhej do suresh ko
      - पैसे भेजने हैं
      - मेरे भाई को दो हज़ार रुपये भेजो
      - make a payment
      - send some money
  - name: Hours
    title: {en: Opening hours, hi: समय, hinglish: Timing}
    description: When the bank is open.
    handler: hours_location
    examples:
      - what are your timings
      - when are you open
      - what time do you open on monday
      - are you open today
      - opening hours of the bank
      - bank kab khulta hai
      - kitne baje tak khule ho
      - आप कब खुलते हैं
      - do you open on sunday
  - name: Person
    title: {en: A person, hi: व्यक्ति, hinglish: Insaan}
    description: The customer wants to talk to a person.
    handler: talk_to_person
    examples:
      - talk to a person
      - I want to speak to someone
      - connect me to an agent
      - call the manager
      - insaan se baat karni hai
      - किसी व्यक्ति से बात करनी है
      - human please
  - name: Hello
    title: {en: Hello, hi: नमस्ते, hinglish: Namaste}
    description: A greeting.
    handler: small_talk
    options: {kind: greeting}
    examples: [hello, hi, namaste, good morning, नमस्ते, hello there, hey]
"""

BUSINESS = """
name: Pay Bank
description: A bank that does not exist.
languages: [en, hi, hinglish]
currency: INR
timezone: Asia/Kolkata
hours:
  monday: "10:00-16:00"
contact: {phone: 1800 000 2662, email: help@example.com, address: Vashi, maps_url: "https://example.com"}
formats:
  account: 'AMV[0-9]{8}'
codes: demo
"""

ACCOUNTS = """account,customer_id,kind,opening_balance,status
AMV00014521,AMC10001,Savings,125430.50,active
AMV00018812,AMC10001,Current,480000,active
AMV00012345,AMC10002,Savings,18250,active
AMV00013377,AMC10003,Savings,2367.75,active
"""

CUSTOMERS = """customer_id,name,phone,email,status
AMC10001,Demo Asha,+91 90000 00101,asha@example.com,active
AMC10002,Demo Ravi,+91 90000 00102,ravi@example.com,active
AMC10003,Demo Sunita,+91 90000 00103,sunita@example.com,active
"""


def make_pay_bank(folder: Path) -> Path:
    """Write the pack."""
    files = {
        "business.yaml": BUSINESS,
        "intents.yaml": INTENTS,
        "pay_desk.py": PAY_DESK,
        "knowledge/faq.csv": "question,answer\nIs there a fee for sending money?,Sending money costs nothing.\n",
        "records/accounts.csv": ACCOUNTS,
        "records/customers.csv": CUSTOMERS,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
