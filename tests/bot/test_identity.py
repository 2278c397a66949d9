"""Who is let in, and who not: the demonstration bank through the real assistant, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from munshi.bot.app import App, open_app
from munshi.bot.inbox import Inbox
from munshi.bot.login_tokens import UnknownCustomerError, make_login_token
from munshi.bot.recorder import Recorder
from munshi.bot.secret_words import MASK, hide
from munshi.bot.settings import load_settings
from munshi.bot.tables import audit, inbox, sessions
from munshi.handlers.customers import bind, customers
from munshi.handlers.ledger import accounts
from munshi.handlers.money import money
from munshi.handlers.otp import SENDS, TRIES, codes
from munshi.handlers.sealing import sealer

ASHA, RAVI = "90000 00101", "AMC10002"
CODE = re.compile(r"\b\d{6}\b")
ACCOUNT = re.compile(r"(?:AMV0001|•)4521")  # not the four digits alone: they stand in a time now and then


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def bank(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    database = f"sqlite:///{tmp_path_factory.mktemp('bank') / 'munshi.sqlite3'}"
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres").url.render_as_string(hide_password=False)
    with open_app(load_settings(home=home, business="dummy-bank", database_url=database)) as app:
        yield app


class Chat:
    """One chat, and what is said in it."""

    def __init__(self, bank: App) -> None:
        self.bank = bank
        self.id = f"chat-{uuid.uuid4().hex}"
        self.said: list[str] = []

    def __call__(self, text: str):
        response = self.bank.respond(text, session_id=self.id)
        self.said.append(response.reply.text if response.reply else "")
        return response

    def code_for(self, number: str) -> str:
        """Ask for a balance and give a number: the code that the demonstration shows."""
        self("what is my balance")
        return CODE.search(self(number).reply.text).group()

    def log_in(self, number: str):
        return self(self.code_for(number))

    def balances(self) -> list[dict[str, object]]:
        return self("what is my balance").reply.data.get("accounts")


@pytest.fixture
def chat(bank: App) -> Chat:
    # Codes are counted by the hour, and these tests send more than three.
    with bank.store.engine.begin() as db:
        db.exec_driver_sql("DELETE FROM codes")
    return Chat(bank)


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_balance_is_told_once_it_is_clear_whose_it_is(chat: Chat) -> None:
    asked = chat("what is my balance")
    assert (asked.intent, asked.handler, asked.reply.data) == ("Check_Balance", "check_balance", {})
    code = CODE.search(chat(f"my number is {ASHA}").reply.text).group()
    told = chat(f"it is {code[:3]} {code[3:]}")
    assert (told.intent, told.route) == ("Check_Balance", "run")
    assert "Savings ••4521: ₹1,25,430.50" in told.reply.text
    assert "Current ••8812: ₹4,80,000" in told.reply.text
    assert "AMV0001" not in told.reply.text
    assert "₹1,25,430.50" in chat("mera balance kitna hai").reply.text


def test_a_general_question_is_answered_from_the_papers(chat: Chat) -> None:
    for question in ("how do I check my balance?", "बैलेंस कैसे चेक करें"):
        told = chat(question)
        assert told.handler == "faq"
        assert "1800 000 3344" in told.reply.text


@pytest.mark.parametrize(
    ("ask", "language", "leave"),
    [("mere khate me kitna paisa hai", "hinglish", "rehne do"), ("मेरा बैलेंस कितना है", "hi", "रहने दो")],
)
def test_it_goes_on_in_the_customers_language_and_can_be_left(chat: Chat, ask: str, language: str, leave: str) -> None:
    assert chat(ask).language == language
    code = CODE.search(chat(RAVI).reply.text).group()
    assert chat(leave).language == language
    assert chat(code).reply.data.get("accounts") is None
    assert chat(ask).reply.data.get("accounts") is None


def test_a_stranger_goes_the_same_way_to_its_end(bank: App, chat: Chat) -> None:
    stranger = Chat(bank)
    words: list[list[str]] = []
    for each, number in ((chat, ASHA), (stranger, "98200 11111")):
        code = each.code_for(number)
        each(other(code))
        each("resend")
        words.append([CODE.sub("", said) for said in each.said])
    assert words[0] == words[1]
    stranger_code = CODE.search(stranger("resend").reply.text).group()
    assert stranger(stranger_code).reply.data.get("accounts") is None
    assert CODE.sub("", stranger.said[-1]) == words[0][2]


@pytest.mark.parametrize("number", [ASHA, "98200 22222"])
def test_after_five_wrong_codes_a_person_is_called(chat: Chat, number: str) -> None:
    code = chat.code_for(number)
    answers = [chat(other(code)) for _ in range(TRIES)]
    assert [answer.reply.handover is not None for answer in answers] == [False] * (TRIES - 1) + [True]
    assert chat(code).reply.data.get("accounts") is None


@pytest.mark.parametrize("number", [ASHA, "AMC99999"])
def test_no_more_than_three_codes_are_sent_for_a_number(bank: App, chat: Chat, number: str) -> None:
    chat.code_for(number)
    for _ in range(SENDS - 1):
        assert CODE.search(chat("send again").reply.text)
    assert not CODE.search(chat("send again").reply.text)
    elsewhere = Chat(bank)
    elsewhere("what is my balance")
    assert not CODE.search(elsewhere(number).reply.text)


def test_where_no_more_codes_are_sent_the_last_one_is_good_still_and_stays_hidden(bank: App, chat: Chat) -> None:
    code = chat.code_for("AMC10004")
    for _ in range(4):
        again = CODE.search(chat("send again").reply.text)
        code = again.group() if again else code
    assert chat(code).reply.data.get("accounts")
    assert code not in "".join(line.text for line in bank.transcript(chat.id) if line.role == "customer")


def test_useless_answers_and_many_numbers_end_with_a_person(bank: App, chat: Chat) -> None:
    chat("what is my balance")
    answers = [chat("🙂 hmm") for _ in range(bank.settings.form_tries)]
    assert [answer.reply.handover is not None for answer in answers][-1]
    other_chat = Chat(bank)
    other_chat("what is my balance")
    sent = [other_chat(f"AMC2000{i}").reply for i in range(bank.settings.form_tries + 1)]
    assert [reply.handover is not None for reply in sent] == [False] * bank.settings.form_tries + [True]


def test_what_is_no_number_of_a_customer_gets_no_code(chat: Chat) -> None:
    chat("what is my balance")
    assert not CODE.search(chat("AMV00014521").reply.text)
    assert CODE.search(chat("it is amc-10001").reply.text)
    assert CODE.search(chat("AMC 10001").reply.text)
    assert not CODE.search(chat("123").reply.text)
    assert not CODE.search(chat("my account is AMV00014521").reply.text)


def test_another_code_is_sent_by_a_button_in_the_customers_language(chat: Chat) -> None:
    chat("मेरा बैलेंस कितना है")
    label = chat(ASHA).reply.buttons[0].label
    again = chat(label)
    assert again.language == "hi"
    assert CODE.search(again.reply.text)


def test_a_code_is_good_in_its_own_chat_alone(bank: App, chat: Chat) -> None:
    thief = Chat(bank)
    code = chat.code_for(ASHA)
    shown = thief.code_for(ASHA)
    if shown != code:
        assert thief(code).reply.data.get("accounts") is None
    assert chat(code).reply.data["accounts"]


def test_a_code_that_has_run_out_is_told_and_a_new_one_sent(bank: App, chat: Chat) -> None:
    code = chat.code_for(ASHA)
    with bank.store.engine.begin() as db:
        db.execute(update(codes).values(expires_at=datetime.now(UTC)))
    assert chat(code).reply.data.get("accounts") is None
    new = CODE.search(chat("send a new code").reply.text).group()
    assert chat(new).reply.data["accounts"]


def test_a_turn_that_was_lost_after_the_code_was_right_goes_on(bank: App, chat: Chat) -> None:
    code = chat.code_for(ASHA)
    with bank.store.engine.begin() as db:
        bind(db, "dummy-bank", chat.id, "AMC10001", datetime.now(UTC) + timedelta(minutes=1))
        db.execute(update(codes).values(used_at=datetime.now(UTC)))
    assert chat(code).reply.data["accounts"]


def test_while_a_person_holds_the_chat_a_code_is_masked_too(bank: App, chat: Chat) -> None:
    code = chat.code_for(ASHA)
    with bank.store.engine.begin() as db:
        bank.store.hold(db, chat.id, "Meena")
    assert chat(code).reply is None
    assert [line.text for line in bank.transcript(chat.id)][-1] == MASK


def test_a_question_in_between_is_answered_and_the_request_gone_on_with(chat: Chat) -> None:
    code = chat.code_for(ASHA)
    between = chat("which documents are required for a new account")
    assert between.intent == "Account_Opening_Help"
    assert "PAN" in between.reply.text
    assert chat("can I send 50000 by RTGS").intent != "Check_Balance"
    assert chat(code).reply.data["accounts"]


def test_two_chats_and_two_customers_see_their_own_alone(bank: App, chat: Chat) -> None:
    second = Chat(bank)
    chat.log_in(ASHA)
    second.log_in(RAVI)
    assert [each["account"] for each in chat.balances()] == ["Savings ••4521", "Current ••8812"]
    assert [each["account"] for each in second.balances()] == ["Savings ••2345"]
    assert not any("••2345" in said for said in chat.said)
    assert not any("••4521" in said for said in second.said)


@pytest.mark.parametrize("leave", ["log out", "Logout.", "लॉग आउट", "logout kar do"])
def test_whoever_logs_out_is_a_stranger_again_and_nothing_is_remembered(bank: App, chat: Chat, leave: str) -> None:
    chat.log_in(ASHA)
    chat(leave)
    assert chat.balances() is None
    with bank.store.reading() as db:
        state = bank.store.session(db, chat.id, channel="chat").state
    assert not ACCOUNT.search(json.dumps(state, ensure_ascii=False))


def test_another_customer_in_the_same_chat_finds_nothing_of_the_first(bank: App, chat: Chat) -> None:
    chat.log_in(ASHA)
    with bank.store.engine.begin() as db:  # fifteen minutes later
        bind(db, "dummy-bank", chat.id, "AMC10001", datetime.now(UTC) - timedelta(seconds=1))
    told = chat.log_in(RAVI)
    assert [each["account"] for each in told.reply.data["accounts"]] == ["Savings ••2345"]
    with bank.store.reading() as db:
        session = bank.store.session(db, chat.id, channel="chat")
    assert not ACCOUNT.search(json.dumps(session.state, ensure_ascii=False))
    assert session.customer_id == "AMC10002"


def test_a_token_lets_its_customer_in_once(bank: App, chat: Chat) -> None:
    url = bank.store.engine.url.render_as_string(hide_password=False)
    asked = bank.settings.model_copy(update={"database_url": url})
    customer_id, token = make_login_token(asked, ASHA, lifetime=timedelta(minutes=5))
    assert customer_id == "AMC10001"
    chat("what is my balance")
    assert chat(f"here you are: {token}").reply.data["accounts"]
    late = Chat(bank)
    late(token)
    assert late.balances() is None
    assert token not in json.dumps([line.text for line in bank.transcript(chat.id)])
    with pytest.raises(UnknownCustomerError):
        make_login_token(asked, "AMC10012", lifetime=timedelta(minutes=5))


def test_a_token_whose_turn_was_lost_after_the_login_lets_in_all_the_same(
    bank: App, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = bank.store.engine.url.render_as_string(hide_password=False)
    asked = bank.settings.model_copy(update={"database_url": url})
    _, token = make_login_token(asked, ASHA, lifetime=timedelta(minutes=5))
    with monkeypatch.context() as broken:
        broken.setattr(Recorder, "record", lambda *_args, **_kwargs: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            chat(token)
    assert bank.assistant.catch_up() == 1
    assert bank.transcript(chat.id)[-1].text == bank.phrases("identify_by_token", "en")
    assert chat.balances()


def test_a_code_is_kept_nowhere_that_anybody_reads(bank: App, chat: Chat) -> None:
    code = other(chat.code_for(ASHA))
    response = chat(f"is it {code}?")
    chat("talk to a person")
    tickets = [ticket for ticket in Inbox(bank.store).tickets() if ticket.session_id == chat.id]
    assert tickets
    with bank.store.reading() as db:
        sealing = sealer(db, "dummy-bank", chat.id)
        kept = [
            *(sealing.open(row.text) for row in db.execute(select(inbox).where(inbox.c.session_id == chat.id))),
            *(sealing.open(row.response) for row in db.execute(select(inbox).where(inbox.c.session_id == chat.id))),
            *(sealing.open(row.state) for row in db.execute(select(sessions).where(sessions.c.session_id == chat.id))),
            *db.execute(select(audit.c.body)).scalars(),
        ]
    everything = " ".join([*kept, str(tickets), str(response), *(line.text for line in bank.transcript(chat.id))])
    assert MASK in everything
    assert not re.search(rf"(?<![0-9.]){code}(?!\d)", everything)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whoever_is_bound_sees_exactly_their_own_accounts(bank: App, data: st.DataObject) -> None:
    with bank.store.engine.begin() as db:
        known = db.execute(select(customers.c.customer_id).where(customers.c.status == "active")).scalars().all()
        customer_id = data.draw(st.sampled_from(sorted(known)))
        chat = Chat(bank)
        bind(db, "dummy-bank", chat.id, customer_id, datetime.now(UTC) + timedelta(minutes=1))
        held = db.execute(
            select(accounts.c.number, accounts.c.balance_paise).where(accounts.c.customer_id == customer_id)
        ).all()
    text = chat(
        data.draw(st.sampled_from(["what is my balance", "मेरा बैलेंस कितना है", "mera balance kitna hai"]))
    ).reply.text
    assert sorted(re.findall(r"••(\d{4})", text)) == sorted(number[-4:] for number, _ in held)
    assert sorted(re.findall(r"₹[\d,.]*\d", text)) == sorted(money(paise) for _, paise in held)


@given(st.text(max_size=30), st.from_regex(r"[0-9]{6}", fullmatch=True), st.text(max_size=30))
def test_a_code_by_itself_is_always_taken_out(before: str, code: str, after: str) -> None:
    text, secret = hide(f"{before}, {code} . {after}", code_asked=True)
    if not re.search(r"\d", before + after):
        assert code not in text
        assert secret == code


@pytest.mark.parametrize(
    "text", ["call 90000 00101", "+91 90000 00101", "AMC10002", "AMV00012345", "no", "₹ 500", "12345 rupees"]
)
def test_what_is_no_code_is_left_as_it_is(text: str) -> None:
    assert hide(text, code_asked=True) == (text, "")


@pytest.mark.parametrize(
    "text", ["123456", "१२३४५६", "12-34-56", "1 2 3 4 5 6", "\uff11\uff12\uff13\uff14\uff15\uff16", "12\u200b3456"]
)
def test_a_code_is_known_however_it_is_written(text: str) -> None:
    assert hide(text, code_asked=True) == (MASK, "123456")
    assert hide(text, code_asked=False) == (text, "")


@pytest.mark.parametrize("text", ["12345", "1234567", "12 345.", "१२३४"])
def test_what_was_meant_as_a_code_is_masked_as_well(text: str) -> None:
    masked, meant = hide(text, code_asked=True)
    assert masked == MASK
    assert len(meant) in (4, 5, 7)
