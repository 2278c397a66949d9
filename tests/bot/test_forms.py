"""Forms through the real assistant: a bank of one action that hangs on what the customer owns."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

from munshi.bot.app import App, open_app
from munshi.bot.message import Message
from munshi.bot.secret_words import MASK
from munshi.bot.settings import load_settings
from munshi.handlers.customers import bind
from munshi.handlers.otp import SENDS, TRIES, codes
from munshi.handlers.tickets import list_tickets
from tests.bot.pay_bank import make_pay_bank

ASHA, RAVI, SUNITA = "AMC10001", "AMC10002", "AMC10003"
CODE = re.compile(r"\b\d{6}\b")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def bank(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("pay")
    database = f"sqlite:///{folder / 'munshi.sqlite3'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        with server.connect() as db:
            db.execute(text("CREATE SCHEMA forms"))
        url = server.url.update_query_dict({"options": "-csearch_path=forms"})
        database = url.render_as_string(hide_password=False)
    pack = make_pay_bank(folder / "pay-bank")
    with open_app(load_settings(home=home, business=str(pack), database_url=database)) as app:
        yield app


class Chat:
    """A chat of an identified customer."""

    def __init__(self, bank: App, customer_id: str = ASHA) -> None:
        self.bank = bank
        self.id = f"chat-{uuid.uuid4().hex}"
        self.log_in(customer_id)

    def log_in(self, customer_id: str, minutes: float = 15) -> None:
        with self.bank.store.engine.begin() as db:
            bind(db, self.bank.business.key, self.id, customer_id, datetime.now(UTC) + timedelta(minutes=minutes))

    def __call__(self, text: str, pressed: str = ""):
        return self.bank.assistant.respond(Message(text, self.id, pressed=pressed)).reply

    def code(self, *lines: str) -> str:
        """Say these, and then yes: the code that the demonstration shows."""
        for line in lines:
            self(line)
        return CODE.search(self("yes").text).group()

    def language(self, text: str) -> str:
        """What the chat is in once this was said."""
        return "hinglish" if text == "haan" else "en"

    @property
    def paid(self) -> list[dict[str, str]]:
        with self.bank.store.reading() as db:
            tickets = list_tickets(db, self.bank.business.key, limit=10**6)
        return [dict(each.form) for each in tickets if each.session_id == self.id and each.reason == "paid"]


@pytest.fixture
def chat(bank: App) -> Chat:
    with bank.store.engine.begin() as db:  # codes are counted by the hour, and these tests send more than three
        db.exec_driver_sql("DELETE FROM codes")
    return Chat(bank)


FIVE = {"amount": "5000", "payee": "P1", "account": "AMV00014521"}


@pytest.mark.parametrize(
    "words",
    [
        "send 5k to my landlord from savings",
        "transfer 5000 rupees from my savings account to landlord",
        "landlord ko savings se 5000 bhejo",
        "pay ₹5,000 to rajesh kumar from AMV00014521",
    ],
)
def test_all_that_the_first_message_says_is_taken_in_any_order(chat: Chat, words: str) -> None:
    told = chat(words)
    assert told.data.get("pay") == FIVE
    assert chat("yes").data.get("paid") == FIVE
    assert chat.paid == [FIVE]


def test_what_may_be_several_is_offered_as_buttons_and_chosen_in_any_way(bank: App) -> None:
    for choice, account in (("2", "AMV00018812"), ("the first one", "AMV00014521"), ("savings wala", "AMV00014521")):
        chat = Chat(bank)
        told = chat("send 5k to landlord")
        assert [button.label for button in told.buttons] == ["Savings ••4521", "Current ••8812"]
        assert chat(choice).data["pay"]["account"] == account
    chat = Chat(bank)
    told = chat("send 700 to sunita from current")
    assert [button.label for button in told.buttons] == ["Sunita Electricals", "Sunita Sharma"]
    assert chat(told.buttons[1].label).data["pay"] == {"amount": "700", "payee": "P3", "account": "AMV00018812"}


def test_the_only_value_is_taken_unasked_and_none_ends_the_request(bank: App) -> None:
    told = Chat(bank, RAVI)("send 200")
    assert told.data["pay"] == {"amount": "200", "payee": "P9", "account": "AMV00012345"}
    stuck = Chat(bank, SUNITA)
    told = stuck("send 200")
    assert told.buttons[0].value == "person:"
    assert not stuck("yes").data.get("paid")


def test_a_value_that_no_longer_fits_the_others_is_asked_for_again(chat: Chat) -> None:
    chat("send 3,00,000 to landlord from current")
    told = chat("no, from savings")
    assert "125430" in told.text
    assert chat("2000").data["pay"] == {"amount": "2000", "payee": "P1", "account": "AMV00014521"}


def test_another_customers_values_are_nobodys(bank: App) -> None:
    told = Chat(bank, RAVI)("send 200 from AMV00014521")
    assert not told.data.get("pay")


def test_above_a_limit_the_code_comes_after_the_yes_and_the_effect_after_the_code(bank: App, chat: Chat) -> None:
    code = chat.code("send 20,000 to landlord from savings")
    assert chat.paid == []
    done = chat(f"it is {code}")
    assert done.data["paid"]["amount"] == "20000"
    assert chat(code).data.get("paid") == done.data["paid"]
    assert len(chat.paid) == 1
    said = [line.text for line in bank.transcript(chat.id) if line.role == "customer"]
    assert said[-1] == MASK
    assert not any(code in each for each in said)


def test_a_wrong_code_does_nothing_and_five_call_a_person(chat: Chat) -> None:
    code = chat.code("send 20,000 to landlord from savings")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    told = [chat(wrong) for _ in range(TRIES)]
    assert [reply.handover is not None for reply in told] == [False] * (TRIES - 1) + [True]
    chat(code)
    assert chat.paid == []


def test_a_right_code_costs_no_try_until_it_is_used_up(bank: App, chat: Chat) -> None:
    code = chat.code("send 20,000 to landlord from savings")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(TRIES - 1):
        chat(wrong)
    assert chat(code).data["paid"]


@pytest.mark.parametrize("ask", ["resend", "phir se bhejo", "नया कोड भेजो"])
def test_another_code_takes_the_place_of_the_first(chat: Chat, ask: str) -> None:
    first = chat.code("send 20,000 to landlord from savings")
    second = CODE.search(chat(ask).text).group()
    if first != second:
        chat(first)
        assert chat.paid == []
    assert chat(second).data["paid"]


def test_no_more_than_three_codes_are_sent_and_the_last_is_good_still(chat: Chat) -> None:
    code = chat.code("send 20,000 to landlord from savings")
    for _ in range(SENDS - 1):
        code = CODE.search(chat("resend").text).group()
    assert not CODE.search(chat("resend").text)
    assert chat(code).data["paid"]
    assert not CODE.search([chat("send 20,000 to landlord from savings"), chat("yes")][1].text)
    assert len(chat.paid) == 1


def test_a_code_that_has_run_out_is_told_and_a_yes_sends_another(bank: App, chat: Chat) -> None:
    code = chat.code("send 20,000 to landlord from savings")
    with bank.store.engine.begin() as db:
        db.execute(update(codes).values(expires_at=datetime.now(UTC)))
    chat(code)
    assert chat.paid == []
    assert chat(CODE.search(chat("haan").text).group()).data["paid"]


def test_a_correction_after_the_code_wants_another_yes_and_another_code(chat: Chat) -> None:
    first = chat.code("send 20,000 to landlord from savings")
    assert chat("no, ₹30,000").data["pay"]["amount"] == "30000"
    second = CODE.search(chat("yes").text).group()
    if first != second:
        chat(first)
        assert chat.paid == []
    assert chat(second).data["paid"]["amount"] == "30000"


def test_a_question_while_the_code_is_waited_for_is_answered(chat: Chat) -> None:
    code = chat.code("send 20,000 to landlord from savings")
    assert "10" in chat("what time do you open on monday").text
    assert chat(code).data["paid"]


def test_what_waits_for_a_code_can_be_left(chat: Chat) -> None:
    code = chat.code("send 20,000 to landlord from savings")
    chat("rehne do")
    chat(code)
    chat("yes")
    assert chat.paid == []


def test_a_stranger_says_who_they_are_first_and_the_request_goes_on(bank: App, chat: Chat) -> None:
    chat.log_in(ASHA, minutes=0)
    chat("send 5k to my landlord from savings")
    code = CODE.search(chat("90000 00101").text).group()
    assert chat(code).data["pay"] == FIVE
    chat.log_in(ASHA, minutes=0)
    chat("yes")
    assert chat.paid == []


ASK = "send 5k to my landlord from savings"


def is_shown_again(chat: Chat, amount: str = "5000", text: str = "yes") -> bool:
    """Whether a yes does nothing but read the form back, and the next one does it."""
    again = chat(text)
    return chat.paid == [] and f"PAY {amount} " in again.text and bool(chat("yes").data.get("paid"))


@pytest.mark.parametrize("between", ["no", "", "x" * 3000, "hmm?"])
def test_a_yes_to_anything_but_the_summary_shows_it_again(chat: Chat, between: str) -> None:
    chat(ASK)
    last = chat(between)
    if "PAY 5000" not in last.text:
        assert is_shown_again(chat)


@pytest.mark.parametrize(("channel", "is_yes"), [("chat", False), ("whatsapp", False), ("twilio", True)])
def test_a_bare_number_is_a_yes_only_where_the_customer_has_seen_it(
    bank: App, chat: Chat, channel: str, is_yes: bool
) -> None:
    chat(ASK)
    bank.assistant.respond(Message("1", chat.id, channel=channel))
    assert bool(chat.paid) == is_yes


def test_a_yes_to_a_person_is_no_yes_to_the_summary(bank: App, chat: Chat) -> None:
    chat(ASK)
    with bank.store.engine.begin() as db:
        bank.store.hold(db, chat.id, "Meena")
    assert chat("yes") is None
    with bank.store.engine.begin() as db:
        bank.store.hold(db, chat.id, None)
    assert is_shown_again(chat)


def test_the_button_of_an_older_summary_confirms_nothing(chat: Chat) -> None:
    old = chat(ASK).buttons[0]
    chat("no, 3,000")
    again = chat(old.label, pressed=old.value)
    assert chat.paid == []
    assert chat("Yes", pressed=again.buttons[0].value).data["paid"]["amount"] == "3000"
    chat(ASK.replace("5k", "900"))
    for older in (old, again.buttons[0]):
        assert "PAY 900" in chat("Yes", pressed=older.value).text
    assert len(chat.paid) == 1


def test_a_button_pressed_twice_gets_the_first_result_again(chat: Chat) -> None:
    yes = chat(ASK).buttons[0]
    first = chat(yes.label, pressed=yes.value)
    assert first.data["paid"]
    assert chat(yes.label, pressed=yes.value).data == first.data
    assert len(chat.paid) == 1


def test_a_yes_that_was_on_its_way_before_the_correction_was_read_back_confirms_nothing(bank: App, chat: Chat) -> None:
    chat(ASK)
    early = Message("yes", chat.id)
    bank.store.accept(early)
    chat("no, 3,000")
    assert "PAY 3000" in bank.assistant.respond(early).reply.text
    assert chat.paid == []
    assert chat("yes").data["paid"]["amount"] == "3000"


def test_what_has_changed_since_it_was_shown_is_shown_first(bank: App, chat: Chat, monkeypatch) -> None:
    chat(ASK)
    monkeypatch.setitem(sys.modules["pay_desk"].PAYEES["AMC10001"], "P1", "Landlord (someone else)")
    assert bank.phrases("confirm_changed", "en") in chat("yes").text
    assert chat.paid == []
    assert chat("yes").data["paid"]


@pytest.mark.parametrize("late", ["yes", "haan", "3000"])
def test_what_comes_too_late_is_told_so_and_does_nothing(bank: App, chat: Chat, late: str, monkeypatch) -> None:
    chat(ASK)
    monkeypatch.setattr(bank.assistant, "_clock", lambda: bank.now() + timedelta(minutes=31))
    chat.log_in(ASHA, minutes=60)
    assert bank.phrases("form_expired", chat.language(late)) in chat(late).text
    chat("yes")
    assert chat.paid == []


@pytest.mark.parametrize(
    ("correction", "amount"),
    [("no, 3,000", "3000"), ("nahi 3000 karo", "3000"), ("change the amount to 3k", "3000"), ("5000 nahi 700", "700")],
)
def test_a_correction_is_read_back_and_then_done(chat: Chat, correction: str, amount: str) -> None:
    chat(ASK)
    assert chat(correction).data["pay"]["amount"] == amount
    assert chat("haan").data["paid"]["amount"] == amount


def test_in_hindi_all_of_it_works_as_well(chat: Chat) -> None:
    chat("लैंडलॉर्ड को ५००० रुपये भेजो")
    chat("2")
    assert chat("नहीं, 3000 करो").data["pay"] == {"amount": "3000", "payee": "P1", "account": "AMV00018812"}
    assert chat("हाँ").data["paid"]


@pytest.mark.parametrize("leave", ["rehne do", "chhodo", "cancel kar do", "रहने दो", "never mind"])
def test_a_form_can_be_left_at_any_time(chat: Chat, leave: str) -> None:
    for said in (("send money to my landlord",), (ASK,)):
        for each in said:
            chat(each)
        chat(leave)
        chat("yes")
        assert chat.paid == []
