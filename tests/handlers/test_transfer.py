"""Money sent by chat: once, within every limit, from one's own accounts, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from munshi.bot.wording import Phrasebook
from munshi.handlers.base import Button, HandlerError, Reply, SlotError, Turn
from munshi.handlers.customers import bind, unbind
from munshi.handlers.ledger import accounts, faults, find_account
from munshi.handlers.otp import TRIES, CodePort, Codes, Recipient, Sent
from munshi.handlers.payees import payees
from munshi.handlers.records import Records, import_records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.transfer import PURPOSE, FundTransfer
from tests.handlers.conftest import MONDAY_11AM, PROFILE, Papers

BANK = "bank"
FILES = {
    "customers": """customer_id,name,phone
C1,Asha,+91 90000 00101
C2,Ravi,+91 90000 00102
""",
    "accounts": """account,customer_id,kind,opening_balance,status
AMV00014521,C1,Savings,50000,active
AMV00018812,C1,Current,1000.50,active
AMV00017000,C1,Recurring deposit,9000,active
AMV00012345,C2,Savings,200,active
AMV00016666,C2,Current,300,blocked
""",
    "payees": """payee,customer_id,name,nicknames,account,ifsc,added_on
P1,C1,Ravi Sample,landlord|makan malik,AMV00012345,,2026-01-02
P2,C1,Kamla Specimen,maa,50100234567812,HDFC0000123,2026-01-02
P3,C1,Ravi Bhandari,,30400000000077,SBIN0004567,2026-01-02
P4,C1,Blocked One,,AMV00016666,,2026-01-02
P5,C2,Asha Specimen,sister,AMV00014521,,2026-01-02
""",
}
LIMITS = {"per_transfer": 10_000, "daily": 20_000, "code_above": 5_000, "per_hour": 8}


class Bank:
    """A bank's records, and what its handler does with them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.take_up(FILES)
        services = Services(Records(engine, BANK), Papers(), Phrasebook(), PROFILE)
        self.transfer = FundTransfer(services, HandlerConfig("Fund_Transfer", options=LIMITS))
        with engine.begin() as db:
            for customer in ("C1", "C2"):
                bind(db, BANK, f"chat-{customer}", customer, MONDAY_11AM + timedelta(days=3))

    def take_up(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.csv").write_text(text, encoding="utf-8")
        import_records(self.engine, BANK, {name: self.folder / f"{name}.csv" for name in files})

    def execute(self, turn: Turn) -> Reply:
        with self.engine.begin() as db:
            return self.transfer.execute(turn, db)

    def balances(self) -> dict[str, int]:
        with self.engine.connect() as db:
            assert faults(db, BANK) == []
            names = ("AMV00014521", "AMV00018812", "AMV00012345", "own:outgoing")
            found = {name: find_account(db, BANK, name) for name in names}
        return {name[-4:]: account.balance_paise for name, account in found.items() if account}


@pytest.fixture
def bank(engine: Engine, tmp_path: Path) -> Bank:
    return Bank(engine, tmp_path)


OPENED = {"4521": 5_000_000, "8812": 100_050, "2345": 20_000, "oing": 0}


def wish(
    amount: str = "", payee: str = "", account: str = "AMV00014521", *, request: str = "r1", text: str = "",
    customer: str | None = "C1", now: datetime = MONDAY_11AM,
) -> Turn:  # fmt: skip
    slots = {name: value for name, value in (("amount", amount), ("payee", payee), ("account", account)) if value}
    chat = f"chat-{customer}"
    return Turn(
        text, "en", (), slots, chat, customer, "chat", (), PROFILE, now, intent="Fund_Transfer", request=request
    )


def chosen(bank: Bank, slot: str, turn: Turn, said: str = "") -> list[str]:
    choose = next(each.choose for each in bank.transfer.slots if each.name == slot)
    assert choose is not None
    others = {name: value for name, value in turn.slots.items() if name != slot}
    found: tuple[Button, ...] = choose(replace(turn, slots=others), said)
    return [button.value for button in found]


def refused(bank: Bank, slot: str, turn: Turn, said: str = "") -> SlotError:
    with pytest.raises(SlotError) as caught:
        chosen(bank, slot, turn, said)
    return caught.value


# -- done -----------------------------------------------------------------------------------------------------------


def test_money_goes_to_a_payee_of_this_bank_once(bank: Bank) -> None:
    turn = wish("150.50", "P1")
    assert "₹150.50 from Savings ••4521 to Ravi Sample (landlord) ••2345" in bank.transfer.summary(turn).text
    done = bank.execute(turn)
    assert done.data["transfer"]["reference"] in done.text
    assert "₹150.50" in done.text
    assert bank.balances() == {**OPENED, "4521": 4_984_950, "2345": 35_050}
    later = replace(turn, now=turn.now + timedelta(minutes=30))
    assert bank.execute(later).data["transfer"]["reference"] == done.data["transfer"]["reference"]
    assert bank.balances()["2345"] == 35_050


def test_money_to_another_bank_leaves_by_its_own_account(bank: Bank) -> None:
    bank.execute(wish("2500", "P2"))
    assert bank.balances() == {**OPENED, "4521": 4_750_000, "oing": 250_000}


def test_money_between_own_accounts_counts_for_no_limit(bank: Bank) -> None:
    for number in range(12):
        done = bank.execute(wish("2500", "AMV00018812", request=f"r{number}"))
        assert "Current ••8812" in done.text
    assert bank.balances() == {**OPENED, "4521": 2_000_000, "8812": 3_100_050}
    assert bank.execute(wish("10000", "P2", request="other")).data["transfer"]


def test_a_code_is_asked_for_above_the_limit_and_bound_to_the_transfer(bank: Bank) -> None:
    assert bank.transfer.challenge(wish("5000", "P2")) is None
    assert bank.transfer.challenge(wish("9000", "AMV00018812")) is None
    asked = [
        bank.transfer.challenge(turn)
        for turn in (
            wish("5000.01", "P2"), wish("5000.02", "P2"), wish("5000.01", "P3"), wish("5000.01", "P2", "AMV00018812"),
            wish("5000.01", "P2", request="r2"),
        )
    ]  # fmt: skip
    assert all(each is not None and each.purpose == PURPOSE for each in asked)
    assert len({tuple(sorted(each.binding.items())) for each in asked if each}) == len(asked)


# -- not done -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turn", "key"),
    [
        (wish("10001", "P2"), "transfer_range"),
        (wish("1000.51", "P2", "AMV00018812"), "transfer_funds"),
        (wish("60000", "AMV00018812"), "transfer_funds"),
        (wish("500", "P4"), "transfer_target_closed"),
        (wish("500", "P5"), "transfer_payee_unknown"),
        (wish("500", "NOBODY"), "transfer_payee_unknown"),
        (wish("500", "AMV00014521"), "transfer_payee_unknown"),
        (wish("500", "AMV00012345"), "transfer_payee_unknown"),
        (wish("100", "P2", "AMV00012345"), "transfer_no_account"),
        (wish("100", "P2", "AMV00017000"), "transfer_no_account"),
        (wish("100", "P2", customer="C2"), "transfer_no_account"),
        (wish("100", "P2", customer=None), "transfer_unknown_customer"),
        (wish("100", "P2", now=MONDAY_11AM + timedelta(days=4)), "transfer_unknown_customer"),
    ],
)
def test_what_is_not_allowed_moves_nothing_and_says_why(bank: Bank, turn: Turn, key: str) -> None:
    told = bank.execute(turn)
    assert told.data == {"refused": key}
    assert bank.balances() == OPENED


def test_whoever_has_logged_out_or_is_no_customer_any_more_moves_nothing(bank: Bank) -> None:
    with bank.engine.begin() as db:
        unbind(db, BANK, "chat-C1")
    assert bank.execute(wish("100", "P2")).data == {"refused": "transfer_unknown_customer"}
    bank.take_up({**FILES, "customers": FILES["customers"].replace("C1,", "C9,")})
    assert bank.execute(wish("100", "P2")).data == {"refused": "transfer_unknown_customer"}
    assert bank.balances() == OPENED


def test_a_day_and_an_hour_have_their_limits(bank: Bank) -> None:
    for number in range(2):
        assert "transfer" in bank.execute(wish(f"{9_000 + number}", "P2", request=f"r{number}")).data
    told = bank.execute(wish("2000", "P2", request="r3"))
    assert told.data == {"refused": "transfer_range_today"}
    assert "₹1,999" in told.text
    for number in range(6):
        assert "transfer" in bank.execute(wish(f"{100 + number}", "P2", request=f"s{number}")).data
    stopped = bank.execute(wish("300", "P2", request="r4"))
    assert stopped.handover is not None
    assert stopped.data == {"refused": "transfer_too_many"}
    assert bank.balances()["oing"] == 1_800_100 + 60_000 + 1_500


def test_after_many_wrong_codes_a_person_looks_at_it(bank: Bank) -> None:
    class Port(CodePort):
        shown = True

        def send(self, to: Recipient, code: str) -> None: ...

    with bank.engine.begin() as db:
        codes = Codes(BANK, b"secret", Port(), lambda: MONDAY_11AM - timedelta(minutes=1))
        sent = codes.send(db, "C1", PURPOSE, {"a": "b"}, None)
        assert isinstance(sent, Sent)
        wrong = f"{(int(sent.shown) + 1) % 10**6:06d}"
        for _ in range(TRIES):
            codes.check(db, "C1", PURPOSE, {"a": "b"}, wrong)
    assert bank.execute(wish("100", "P2")).handover is not None
    assert bank.execute(wish("100", "P5", "AMV00012345", customer="C2")).data["transfer"]


def test_two_at_once_cannot_both_pass_the_daily_limit(bank: Bank) -> None:
    turns = [wish(f"{9_000 + number}", "P2", request=f"r{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        done = [reply for reply in pool.map(bank.execute, turns) if "transfer" in reply.data]
    assert len(done) == 2
    assert bank.balances()["oing"] <= 2_000_000


def test_two_at_once_cannot_both_spend_what_is_there(bank: Bank) -> None:
    turns = [wish(f"{700 + number}", "P2", "AMV00018812", request=f"r{number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        done = [reply for reply in pool.map(bank.execute, turns) if "transfer" in reply.data]
    assert len(done) == 1
    assert bank.balances()["8812"] >= 0


def test_both_ways_at_once_wait_for_nobody_forever(bank: Bank) -> None:
    with bank.engine.begin() as db:
        db.execute(update(accounts).where(accounts.c.account_id == "AMV00012345").values(balance_paise=20_000))
    there = [wish(f"{10 + number}", "P1", request=f"r{number}") for number in range(6)]
    back = [wish(f"{5 + number}", "P5", "AMV00012345", customer="C2", request=f"b{number}") for number in range(6)]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(bank.execute, [turn for pair in zip(there, back, strict=True) for turn in pair]))
    assert all("transfer" in reply.data for reply in done)
    bank.balances()


# -- chosen ---------------------------------------------------------------------------------------------------------


def test_a_payee_is_found_among_ones_own_alone(bank: Bank) -> None:
    assert chosen(bank, "payee", wish(), "landlord") == ["P1"]
    assert chosen(bank, "payee", wish(), "P1") == ["P1"]
    assert chosen(bank, "payee", wish(), "ravi") == ["P3", "P1"]
    assert chosen(bank, "payee", wish(text="maa ko 500 bhejo")) == ["P2"]
    assert chosen(bank, "payee", wish(text="send 500")) == ["P4", "P2", "P3", "P1", *own_of(bank)]
    assert chosen(bank, "payee", wish(customer="C2"), "sister") == ["P5"]
    for said in ("sister", "P5", "AMV00099999", "Asha", "Ramesh", "😀", "' OR 1=1 --"):
        assert refused(bank, "payee", wish(), said).key == "transfer_payee_unknown"


def own_of(bank: Bank) -> list[str]:
    return ["AMV00014521", "AMV00017000", "AMV00018812"]


def test_the_only_payee_is_not_taken_for_whoever_else_was_named(bank: Bank) -> None:
    assert chosen(bank, "payee", wish(customer="C2", text="send 50 to Ramesh")) == []
    assert chosen(bank, "payee", wish(customer="C2", text="send 50 to my sister")) == ["P5"]


def test_the_account_it_comes_from_is_one_that_can_send(bank: Bank) -> None:
    assert chosen(bank, "account", wish(payee="P1")) == ["AMV00014521", "AMV00018812"]
    assert chosen(bank, "account", wish(payee="P1"), "savngs") == ["AMV00014521"]
    assert chosen(bank, "account", wish(text="from chalu khata to maa")) == ["AMV00018812"]
    assert chosen(bank, "account", wish(payee="AMV00018812", text="from savings to current")) == ["AMV00014521"]
    assert chosen(bank, "account", wish(payee="AMV00014521", text="500")) == ["AMV00018812"]
    assert chosen(bank, "account", wish(customer="C2")) == ["AMV00012345"]
    assert refused(bank, "account", wish(), "2345 wala").key == "transfer_account_unknown"


def test_a_sum_is_told_its_range_at_once(bank: Bank) -> None:
    assert chosen(bank, "amount", wish()) == []
    assert chosen(bank, "amount", wish(payee="P1"), "₹ 1,500.50") == ["1500.5"]
    assert refused(bank, "amount", wish(payee="P1"), "10001").values == {"least": "₹1", "most": "₹10,000"}
    assert refused(bank, "amount", wish(payee="P1"), "0.5").values["least"] == "₹1"
    assert refused(bank, "amount", wish(payee="P1", account="AMV00018812"), "2000").key == "transfer_funds"
    assert chosen(bank, "amount", wish(payee="AMV00018812"), "40000") == ["40000"]
    for said in ("-5", "lots", "1e9", "NaN", ""):
        if said:
            assert refused(bank, "amount", wish(payee="P1"), said).key == "slot_invalid_amount"
    bank.execute(wish("9000", "P1"))
    assert refused(bank, "amount", wish(payee="P1"), "9000").key == "transfer_repeated"


def test_a_payee_without_a_day_in_the_file_is_new_now(bank: Bank) -> None:
    new = FILES["payees"] + "P6,C1,New One,,60010020030099,KKBK0000456,\n"
    bank.take_up({**FILES, "payees": new})
    added(bank, "P6", MONDAY_11AM)
    assert refused(bank, "payee", wish(), "new one").key == "transfer_cooling"
    assert bank.execute(wish("10", "P6")).data == {"refused": "transfer_cooling"}
    bank.take_up({**FILES, "payees": new.replace("New One", "New Two")})
    assert bank.execute(wish("10", "P6", now=MONDAY_11AM + timedelta(minutes=31))).data["transfer"]


def test_a_payee_whose_account_changes_is_new_again_and_a_lost_one_gone(bank: Bank) -> None:
    bank.take_up({**FILES, "payees": FILES["payees"].replace("50100234567812", "50100234567999")})
    with bank.engine.connect() as db:
        at = {row.payee_id: row.added_at for row in db.execute(payees.select())}
    assert at["P2"].date() > at["P1"].date()
    bank.take_up({**FILES, "payees": "payee,customer_id,name,account,ifsc\n"})
    assert bank.execute(wish("10", "P1")).data == {"refused": "transfer_payee_unknown"}


def added(bank: Bank, payee: str, at: datetime) -> None:
    with bank.engine.begin() as db:
        db.execute(update(payees).where(payees.c.payee_id == payee).values(added_at=at))


def test_who_has_nobody_to_send_to_is_told(bank: Bank) -> None:
    bank.take_up({**FILES, "payees": "payee,customer_id,name,account,ifsc\n"})
    assert refused(bank, "payee", wish(customer="C2")).key == "transfer_no_payee"
    assert refused(bank, "payee", wish(customer=None)).key == "transfer_no_payee"


def test_limits_that_make_no_sense_keep_the_handler_from_being_made(bank: Bank) -> None:
    services = Services(Records(bank.engine, BANK), Papers(), Phrasebook(), PROFILE)
    with pytest.raises(HandlerError, match="daily"):
        FundTransfer(services, HandlerConfig("Fund_Transfer", options={"daily": 0}))


def test_the_entrys_key_tells_nothing_and_is_the_requests(bank: Bank) -> None:
    first = bank.execute(wish("10", "P1", request="a")).data["transfer"]
    second = bank.execute(wish("11", "P1", request="b")).data["transfer"]
    assert first["reference"] != second["reference"]
    with bank.engine.connect() as db:
        keys = set(db.exec_driver_sql("SELECT key FROM journal WHERE kind = 'transfer'").scalars())
    assert hashlib.sha256(b"chat-C1\na").hexdigest() in keys
