"""What customers of the demonstration bank do in a chat, through the real assistant, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from munshi.bot.app import App, open_app
from munshi.bot.inbox import Inbox
from munshi.bot.message import Message
from munshi.bot.response import Response
from munshi.bot.settings import load_settings
from munshi.handlers.cards import cards, cards_of
from munshi.handlers.customers import bind

ASHA, RAVI = "AMC10001", "AMC10002"
EMERGENCY = "1800 000 9111"


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def bank(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    database = f"sqlite:///{tmp_path_factory.mktemp('bank') / 'munshi.sqlite3'}"
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres").url.render_as_string(hide_password=False)
    with open_app(load_settings(home=home, business="dummy-bank", database_url=database)) as app:
        yield app


@pytest.fixture(autouse=True)
def _cards_are_as_in_the_file(bank: App) -> None:
    with bank.store.engine.begin() as db:
        active = cards.c.card_id.in_(["CRD1001", "CRD1002", "CRD1003"])
        db.execute(update(cards).where(active).values(status="active", blocked_at=None, replacement=""))


class Chat:
    """One chat, of a customer who is known where one is named."""

    def __init__(self, bank: App, customer: str = "") -> None:
        self.bank, self.id = bank, f"chat-{uuid.uuid4().hex}"
        if customer:
            with bank.store.engine.begin() as db:
                bind(db, bank.business.key, self.id, customer, bank.now() + timedelta(hours=1))

    def __call__(self, text: str) -> Response:
        return self.bank.respond(text, session_id=self.id)

    def text(self, text: str) -> str:
        reply = self(text).reply
        assert reply is not None
        return reply.text

    def tickets(self) -> list[str]:
        return [ticket.reference for ticket in Inbox(self.bank.store).tickets() if ticket.session_id == self.id]


def blocked(bank: App, customer: str) -> list[str]:
    with bank.store.engine.connect() as db:
        held = cards_of(db, bank.business.key, customer)
    return [card.last_four for card in held if card.status == "blocked"]


def test_a_stranger_gets_the_number_to_call_at_once(bank: App) -> None:
    for stop in ("band karo", "block kar do abhi", "बंद करो"):
        chat = Chat(bank)
        assert chat("my card is stolen, block it").intent == chat(stop).intent == "Card_Block"
    assert EMERGENCY in Chat(bank).text("I lost my ATM card")
    assert EMERGENCY in Chat(bank).text("कार्ड ब्लॉक करो")


@pytest.mark.parametrize("yes", ["yes", "haan", "band karo", "block kar do abhi", "ब्लॉक कर दो"])
def test_one_card_takes_one_yes(bank: App, yes: str) -> None:
    chat = Chat(bank, RAVI)
    asked = chat.text("mera card kho gaya hai block karo")
    assert "••6145" in asked
    assert EMERGENCY in asked
    assert blocked(bank, RAVI) == []
    done = chat(yes)
    assert blocked(bank, RAVI) == ["6145"]
    assert done.reply is not None
    assert done.reply.data["blocked"] == ["CRD1003"]


@pytest.mark.parametrize("no", ["no", "nahi", "rehne do", "cancel", "रहने दो"])
def test_without_a_yes_nothing_is_blocked(bank: App, no: str) -> None:
    chat = Chat(bank, RAVI)
    chat("block my card")
    chat(no)
    assert blocked(bank, RAVI) == []


def test_of_several_it_is_asked_which_and_all_is_an_answer(bank: App) -> None:
    chat = Chat(bank, ASHA)
    asked = chat("block my card").reply
    assert asked is not None
    assert [button.value for button in asked.buttons] == ["CRD1001", "CRD1002", "all"]
    assert "••6072" in chat.text("6072")
    chat("yes")
    assert blocked(bank, ASHA) == ["6072"]
    every = Chat(bank, ASHA)
    every("block my card")
    every("haan")
    assert blocked(bank, ASHA) == ["6071", "6072"]
    assert "already" in every.text("block my card")


def test_a_message_that_comes_twice_blocks_once_and_gets_the_same_answer(bank: App) -> None:
    chat = Chat(bank, RAVI)
    chat("block my card now")
    message = Message("yes", chat.id, "", "chat")
    first = bank.assistant.respond(message)
    assert bank.assistant.respond(message).reply == first.reply
    assert chat("yes").reply == first.reply


def test_who_is_known_no_longer_blocks_nothing(bank: App) -> None:
    chat = Chat(bank, RAVI)
    chat("block my card now")
    chat("log out")
    chat("yes")
    assert blocked(bank, RAVI) == []


@pytest.mark.parametrize(
    "said",
    ["block my father's card", "papa ka card kho gaya hai block karo", "मेरे पिताजी का कार्ड चोरी हो गया, बंद करो"],
)
@pytest.mark.parametrize("customer", ["", ASHA])
def test_somebody_elses_card_is_for_a_person(bank: App, said: str, customer: str) -> None:
    chat = Chat(bank, customer)
    reply = chat(said).reply
    assert reply is not None
    assert reply.handover
    assert EMERGENCY in reply.text
    assert len(chat.tickets()) == 1
    assert blocked(bank, ASHA) == []


def test_a_blocked_card_is_opened_by_a_person_alone(bank: App) -> None:
    chat = Chat(bank, RAVI)
    chat("block my card now")
    chat("yes")
    for said in ("unblock my card", "card unblock karna hai", "कार्ड अनब्लॉक करो"):
        response = chat(said)
        assert response.reply is not None
        assert response.reply.handover
    assert blocked(bank, RAVI) == ["6145"]
    assert len(chat.tickets()) == 1


def test_a_new_card_is_asked_for_once_with_its_price_from_the_papers(bank: App) -> None:
    chat = Chat(bank, RAVI)
    chat("block my card now")
    chat("yes")
    ways = chat("Order a new card").reply
    assert ways is not None
    assert "By post" in [button.label for button in ways.buttons]
    read_back = chat("by post").reply
    assert read_back is not None
    assert "₹200" in read_back.text
    assert read_back.citations
    done = chat("yes").reply
    assert done is not None
    assert chat.tickets() == [done.data["ticket"]]
    assert done.data["ticket"] in Chat(bank, RAVI).text("send me a new card in place of the blocked one")


def test_an_instalment_comes_out_of_one_message_or_of_three(bank: App) -> None:
    assert "₹10,623.52" in Chat(bank).text("5 lakh for 5 years at 10%")
    chat = Chat(bank)
    chat("EMI calculator")
    chat("personal")
    chat("5 lakh")
    done = chat("5 saal")
    assert done.reply is not None
    assert done.reply.data["principal_paise"] == 50_000_000
    assert [file.title for file in done.reply.attachments] == ["Repayment table"]


def test_what_is_too_much_is_asked_for_again(bank: App) -> None:
    chat = Chat(bank)
    assert "₹15,00,000" in chat.text("EMI of a car loan of 20 lakh for 5 years")
    assert "₹20,879.90" in chat.text("10 lakh")


def test_an_account_is_opened_by_a_visit_that_the_owner_finds(bank: App) -> None:
    chat = Chat(bank)
    assert "PAN" in chat.text("open a savings account in my name")
    chat("Sunita Placeholder")
    chat("98200 12345")
    times = chat("400703").reply
    assert times is not None
    assert times.buttons
    assert "Vashi" in chat.text(times.buttons[0].label)
    done = chat("yes").reply
    assert done is not None
    assert chat.tickets() == [done.data["ticket"]]
    assert done.data["ticket"] in done.text


def test_how_an_account_is_opened_is_a_question(bank: App) -> None:
    for said in ("how to open a savings account", "khata kholne ke liye kya chahiye", "खाता कैसे खुलवाएँ"):
        asked = Chat(bank)(said)
        assert asked.handler == "faq"
        assert asked.reply is not None
        assert "PAN" in asked.reply.text
