"""Customers of the demonstration bank send money in the chat: the real assistant, on both databases."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from munshi.bot.app import App, open_app
from munshi.bot.inbox import Inbox
from munshi.bot.response import Response
from munshi.bot.settings import load_settings
from munshi.handlers.customers import bind
from munshi.handlers.ledger import faults, journal, postings
from munshi.handlers.otp import codes
from munshi.handlers.payees import payees

BANK, ASHA, RAVI, GURPREET = "dummy-bank", "AMC10001", "AMC10002", "AMC10007"
CODE = re.compile(r"\b\d{6}\b")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def bank(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    database = f"sqlite:///{tmp_path_factory.mktemp('bank') / 'munshi.sqlite3'}"
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres").url.render_as_string(hide_password=False)
    with open_app(load_settings(home=home, business=BANK, database_url=database)) as app:
        yield app


@pytest.fixture(autouse=True)
def quiet(bank: App) -> None:
    """What earlier tests sent and were sent lies two days back, so that nobody has reached a limit."""
    with bank.store.engine.begin() as db:
        db.execute(update(journal).values(at=datetime.now(UTC) - timedelta(days=2)))
        db.execute(delete(codes))


class Chat:
    """One chat, of a customer who is known unless there is none."""

    def __init__(self, bank: App, customer: str | None = ASHA) -> None:
        self.bank, self.id = bank, uuid.uuid4().hex
        if customer is not None:
            with bank.store.engine.begin() as db:
                bind(db, BANK, self.id, customer, datetime.now(UTC) + timedelta(minutes=10))

    def __call__(self, *texts: str) -> Response:
        return [self.bank.respond(text, session_id=self.id) for text in texts][-1]

    def code(self, *texts: str) -> str:
        found = CODE.search(self(*texts).reply.text)
        assert found is not None
        return found.group()


def sent(bank: App) -> list[tuple[int, str, str]]:
    """What was moved in this test: (paise, the account it left, where to)."""
    query = (
        select(postings.c.amount_paise, postings.c.account_id, journal.c.memo)
        .join(journal, journal.c.id == postings.c.journal_id)
        .where(journal.c.kind.in_(("transfer", "own_transfer")), postings.c.amount_paise < 0)
        .where(journal.c.at > datetime.now(UTC) - timedelta(days=1))
        .order_by(journal.c.id)
    )
    with bank.store.reading() as db:
        assert faults(db, BANK) == []
        return [(-row.amount_paise, row.account_id, row.memo) for row in db.execute(query)]


SAVINGS, CURRENT = "AMV00014521", "AMV00018812"


@pytest.mark.parametrize(
    ("texts", "moved"),
    [
        (("send 5k to my landlord from savings", "yes"), (500_000, SAVINGS, "PY1001")),
        (("pls snd 250 rupes to my lanlord frm savngs", "yes"), (25_000, SAVINGS, "PY1001")),
        (("maa ko 500 bhej do bachat khate se", "haan"), (50_000, SAVINGS, "PY1002")),
        (("makaan malik ko 1200 rupaye bhejna hai", "current", "haan ji"), (120_000, CURRENT, "PY1001")),
        (("माँ को पाँच सौ रुपये भेजो", "बचत", "हाँ"), (50_000, SAVINGS, "PY1002")),
        (("बचत से चालू खाते में दो हज़ार रुपये भेजो", "हाँ"), (200_000, SAVINGS, CURRENT)),
        (("send five hundred to my landlord from savings", "yes"), (50_000, SAVINGS, "PY1001")),
        (("makaan malik ko paanch sau bhejo", "current", "haan"), (50_000, CURRENT, "PY1001")),
        (("maa ko paise bhejne hain savings se", "dhai hazaar", "haan"), (250_000, SAVINGS, "PY1002")),
        (("send money to maa from savings", "2k", "no, three hundred and fifty", "yes"), (35_000, SAVINGS, "PY1002")),
        (("move 10,000 from savings to current", "ok"), (1_000_000, SAVINGS, CURRENT)),
        (("savings se current me 10000 daal do", "kar do"), (1_000_000, SAVINGS, CURRENT)),
        (("send money", "maa", "savings", "75.50", "yes"), (7_550, SAVINGS, "PY1002")),
        (("ravi ko 100 bhejo", "bijliwala", "first", "haan"), (10_000, SAVINGS, "PY1004")),
        (("send 600 to my landlord from current", "no, 450", "yes"), (45_000, CURRENT, "PY1001")),
        (("send 600 to my landlord from current", "no", "account", "savings", "yes"), (60_000, SAVINGS, "PY1001")),
        (("send 60 to maa from savings", "what time do you close", "yes"), (6_000, SAVINGS, "PY1002")),
        (("send 200000 to maa from savings", "2000", "yes"), (200_000, SAVINGS, "PY1002")),
    ],
)
def test_money_is_sent_as_it_was_read_back(bank: App, texts: tuple[str, ...], moved: tuple[int, str, str]) -> None:
    chat = Chat(bank)
    before = chat(*texts[:-1])
    assert sent(bank) == []
    assert before.reply.text
    done = chat(texts[-1])
    assert sent(bank) == [moved]
    assert done.reply.data["transfer"]["reference"] in done.reply.text


@pytest.mark.parametrize(
    "texts",
    [
        ("send 50 to maa from savings", "no"),
        ("send 50 to maa from savings", "rehne do", "yes"),
        ("send 50 to maa from savings", "what are your timings", "rehne do", "haan"),
        ("send 50 to maa from savings", "maybe"),
        ("send 50 to Ramesh from savings", "Ramesh", "yes"),
        ("send 50 to AMV00013377 from savings", "yes"),
        ("send 6000 to maa from savings", "yes", "yes", "haan"),
        ("send 6000 to maa from savings", "yes", "000000", "yes"),
        ("send 500000 to maa from savings", "yes"),
        ("send 20 to my cousin from savings", "yes"),
        ("please do not send 50 to maa from savings", "hmm"),
        ("yes", "haan"),
    ],
)
def test_nothing_is_sent_without_a_yes_to_what_can_be_sent(bank: App, texts: tuple[str, ...]) -> None:
    with bank.store.engine.begin() as db:  # the cousin has just been added
        db.execute(update(payees).where(payees.c.payee_id == "PY1005").values(added_at=datetime.now(UTC)))
    Chat(bank)(*texts)
    assert sent(bank) == []


def test_a_stranger_is_identified_first_and_the_wish_is_not_forgotten(bank: App) -> None:
    chat = Chat(bank, None)
    asked = chat("send 40 to maa from savings")
    assert (asked.intent, asked.reply.data) == ("Fund_Transfer", {})
    code = chat.code(ASHA)
    assert "₹40" in chat(code).reply.text
    assert sent(bank) == []
    chat("yes")
    assert sent(bank) == [(4_000, SAVINGS, "PY1002")]


def test_above_the_limit_a_code_stands_between_the_yes_and_the_money(bank: App) -> None:
    chat = Chat(bank)
    code = chat.code("send 5001 to maa from savings", "yes")
    assert sent(bank) == []
    thief = Chat(bank)
    thief("send 5001 to my landlord from savings", "yes", code)
    assert sent(bank) == []
    chat(code)
    assert sent(bank) == [(500_100, SAVINGS, "PY1002")]


def test_a_sum_changed_after_the_code_was_sent_needs_another(bank: App) -> None:
    chat = Chat(bank)
    code = chat.code("send 6000 to maa from savings", "yes")
    chat("no, ₹7000")
    chat("yes")
    chat(code)
    assert sent(bank) == []


def test_the_next_customer_in_a_chat_has_payees_of_their_own(bank: App) -> None:
    chat = Chat(bank)
    chat("send 70 to maa from savings")
    with bank.store.engine.begin() as db:
        bind(db, BANK, chat.id, RAVI, datetime.now(UTC) + timedelta(minutes=10))
    answers = [chat(text).reply for text in ("yes", "haan", "send money")]
    assert sent(bank) == []
    labels = " ".join(button.label for reply in answers for button in reply.buttons)
    assert "Kamla" not in labels + " ".join(reply.text for reply in answers)


def test_what_there_is_no_money_for_is_said_before_it_is_read_back(bank: App) -> None:
    told = Chat(bank, GURPREET)("send 20000 to brother")  # no more than may be sent at night
    assert "••7373" in told.reply.text
    assert not any(button.label == "Yes" for button in told.reply.buttons)


def test_after_many_transfers_a_person_is_called(bank: App) -> None:
    chat = Chat(bank)
    for rupees in range(11, 16):
        chat(f"send Rs {rupees} to maa from savings", "yes")
    assert len(sent(bank)) == 5
    stopped = chat("send Rs 16 to maa from savings", "yes")
    assert stopped.reply.handover is not None
    assert any(ticket.session_id == chat.id for ticket in Inbox(bank.store).tickets())
    assert len(sent(bank)) == 5


@pytest.mark.parametrize(
    "question", ["kitna charge lagta hai", "what does it cost", "what are the charges", "कितना चार्ज लगेगा"]
)
def test_a_question_in_between_is_about_the_transfer_that_waits(bank: App, question: str) -> None:
    chat = Chat(bank)
    chat("send 60 to maa")
    told = chat(question)
    assert "IMPS" in told.reply.text
    assert [button.label for button in told.reply.buttons] == [button.label for button in chat("hmm").reply.buttons]
    chat("savings", "yes")
    assert sent(bank) == [(6_000, SAVINGS, "PY1002")]


def test_a_question_that_fits_no_slot_is_answered_and_is_no_wrong_answer(bank: App) -> None:
    chat = Chat(bank)
    chat("send 60 to maa")
    for question in ("is there a limit", "limit kitni hai ek din ki", "is there a limit", "limit kitni hai ek din ki"):
        told = chat(question)
        assert told.reply.citations
        assert "lakh" in told.reply.text
    chat("savings", "yes")
    assert sent(bank) == [(6_000, SAVINGS, "PY1002")]
