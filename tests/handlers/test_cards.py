"""Cards: blocked once and for good, one's own alone, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from munshi.bot.wording import Phrasebook
from munshi.handlers.base import Button, SlotError, Turn
from munshi.handlers.card_block import ALL, CardBlock
from munshi.handlers.card_replacement import CardReplacement
from munshi.handlers.card_words import is_somebody_elses, reason_in
from munshi.handlers.cards import BLOCKED, block, cards_of
from munshi.handlers.records import Records, RecordsError, import_records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.tickets import list_tickets
from tests.handlers.conftest import PROFILE, Papers

BANK, ASHA, RAVI = "bank", "AMC1", "AMC2"
HEAD = "card,customer_id,kind,last_four,status\n"
FILE = f"{HEAD}C-1,{ASHA},debit,1111,active\nC-2,{ASHA},credit,2222,active\nC-3,{RAVI},debit,3333,active\n"
OPTIONS = {
    "note": "Call 1800.",
    "replacement": "New_Card",
    "question": "What does a new card cost?",
    "buttons": [{"label": {"en": "By post"}, "value": "post"}, {"label": {"en": "At Vashi"}, "value": "Vashi"}],
}


def take_up(engine: Engine, folder: Path, content: str = FILE) -> None:
    (folder / "cards.csv").write_text(content, encoding="utf-8")
    import_records(engine, BANK, {"cards": folder / "cards.csv"})


@pytest.fixture
def services(engine: Engine, tmp_path: Path, papers: Papers) -> Services:
    take_up(engine, tmp_path)
    return Services(Records(engine, BANK), papers, Phrasebook(), PROFILE)


@pytest.fixture
def blocking(services: Services) -> CardBlock:
    return CardBlock(services, HandlerConfig("Card_Block", options=OPTIONS))


@pytest.fixture
def asha(turn: Callable[..., Turn]) -> Callable[..., Turn]:
    return lambda text="block my card", **slots: turn(text, customer_id=ASHA, slots=slots)


def offered(buttons: tuple[Button, ...]) -> list[str]:
    return [button.value for button in buttons]


def statuses(engine: Engine, customer: str = ASHA) -> dict[str, str]:
    with engine.connect() as db:
        return {card.card_id: card.status for card in cards_of(db, BANK, customer)}


def do(engine: Engine, blocking: CardBlock, turn: Turn):
    with engine.begin() as db:
        return blocking.execute(turn, db)


def test_of_several_cards_the_customer_chooses_masked(blocking: CardBlock, asha: Callable[..., Turn]) -> None:
    (slot,) = blocking.slots
    assert slot.choose is not None
    options = slot.choose(asha(), "")
    assert offered(options) == ["C1", "C2", ALL]
    assert "••1111" in options[0].label
    assert all(len(option.label) <= 20 for option in options)
    assert offered(slot.choose(asha("my debit card is lost"), "")) == ["C1"]
    assert offered(slot.choose(asha(), "the one ending 2222")) == ["C2"]
    assert offered(slot.choose(asha(), "sab")) == offered(slot.choose(asha("block all my cards"), "")) == [ALL]
    with pytest.raises(SlotError):
        slot.choose(asha(), "3333")


def test_nothing_is_told_of_cards_before_it_is_clear_who_asks(blocking: CardBlock, turn: Callable[..., Turn]) -> None:
    (slot,) = blocking.slots
    assert slot.choose is not None
    assert slot.choose(turn("block my card"), "") == ()
    assert blocking.preface(turn("block my card")).text == "Call 1800."


def test_a_block_happens_once_and_tells_since_when(
    engine: Engine, blocking: CardBlock, asha: Callable[..., Turn]
) -> None:
    turn = asha("card chori ho gaya", card="C1")
    assert "••1111" in blocking.summary(turn).text
    first = do(engine, blocking, turn)
    assert first.data["blocked"] == ["C1"]
    assert "Call 1800." in first.text
    assert first.buttons[0].value == "intent:New_Card"
    later = do(engine, blocking, replace(turn, now=turn.now + timedelta(hours=2)))
    assert later.data["blocked"] == []
    assert "11 am" in later.text
    assert statuses(engine) == {"C1": "blocked", "C2": "active"}
    with engine.connect() as db:
        card = cards_of(db, BANK, ASHA)[0]
    assert (card.reason, card.blocked_at) == ("stolen", turn.now)


def test_all_means_all_of_ones_own(engine: Engine, blocking: CardBlock, asha: Callable[..., Turn]) -> None:
    do(engine, blocking, asha(card=ALL))
    assert set(statuses(engine).values()) == {BLOCKED}
    assert statuses(engine, RAVI) == {"C3": "active"}
    (slot,) = blocking.slots
    assert slot.choose is not None
    with pytest.raises(SlotError, match="card_blocked_before"):
        slot.choose(asha(), "")


def test_nobodys_card_but_ones_own_is_blocked(engine: Engine, blocking: CardBlock, asha: Callable[..., Turn]) -> None:
    told = do(engine, blocking, asha(card="C3"))
    assert told.data["blocked"] == []
    assert "3333" not in told.text
    assert statuses(engine, RAVI) == {"C3": "active"}


def test_who_has_none_is_told_so(blocking: CardBlock, turn: Callable[..., Turn]) -> None:
    (slot,) = blocking.slots
    assert slot.choose is not None
    with pytest.raises(SlotError, match="card_none"):
        slot.choose(turn("block my card", customer_id="AMC9"), "")


def test_many_at_once_block_it_once(engine: Engine, services: Services, asha: Callable[..., Turn]) -> None:
    def one(_: int) -> int:
        with engine.begin() as db:
            return len(block(db, BANK, ASHA, ["C2", "C1"], reason="lost", at=asha().now))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 2


def test_no_import_opens_a_card_that_was_blocked(
    engine: Engine, blocking: CardBlock, asha: Callable[..., Turn], tmp_path: Path
) -> None:
    do(engine, blocking, asha(card="C1"))
    take_up(engine, tmp_path, FILE.replace("2222,active", "2222,blocked"))
    assert statuses(engine) == {"C1": "blocked", "C2": "blocked"}
    take_up(engine, tmp_path, f"{HEAD}C-2,{ASHA},credit,2222,active\n")
    assert statuses(engine) == {"C2": "blocked"}


def test_a_whole_card_number_is_no_last_four(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="last_four") as told:
        take_up(engine, tmp_path, f"{HEAD}C-1,{ASHA},debit,6521111122223336,active\n")
    assert "6521" not in str(told.value)


def test_a_new_card_is_asked_for_once(
    engine: Engine, services: Services, blocking: CardBlock, asha: Callable[..., Turn], papers: Papers
) -> None:
    papers.text = "A replacement costs ₹200 plus GST."
    replacing = CardReplacement(services, HandlerConfig("New_Card", options=OPTIONS))
    card, delivery = (slot.choose for slot in replacing.slots)
    assert card is not None
    assert delivery is not None
    with pytest.raises(SlotError, match="card_replace_none"):
        card(asha(), "")
    do(engine, blocking, asha(card="C1"))
    assert offered(card(asha(), "")) == ["C1"]
    assert offered(delivery(asha(), "")) == ["post", "Vashi"]
    assert offered(delivery(asha(), "by post")) == ["post"]
    turn = asha(card="C1", delivery="Vashi")
    shown = replacing.summary(turn)
    assert "₹200" in shown.text
    assert shown.citations
    with engine.begin() as db:
        reference = replacing.execute(turn, db).data["ticket"]
    with engine.begin() as db:
        assert replacing.execute(turn, db).data["ticket"] == reference
        (ticket,) = list_tickets(db, BANK, kind="form")
    assert (ticket.reference, dict(ticket.form)) == (reference, {"card": "C1", "delivery": "Vashi"})
    with pytest.raises(SlotError, match="card_replace_before"):
        card(asha(), "")


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("block my father's card", True),
        ("my wife lost her card", True),
        ("papa ka card kho gaya", True),
        ("meri maa ke card ko band karo", True),
        ("please block the card of my son", True),
        ("my brother debit card is stolen", True),
        ("मेरे पिताजी का कार्ड चोरी हो गया", True),
        ("उनका कार्ड ब्लॉक करो", True),
        ("block my card", False),
        ("bhai mera atm card gir gaya kahin, jaldi band karo", False),
        ("mera card kho gaya yaar", False),
        ("my friend told me to block my card", False),
        ("मेरा कार्ड ब्लॉक करो भाई", False),
        ("", False),
    ],
)
def test_whose_card_it_is(text: str, others: bool) -> None:
    assert is_somebody_elses(text) is others


def test_somebody_elses_card_is_for_a_person(blocking: CardBlock, turn: Callable[..., Turn]) -> None:
    assert blocking.preface(turn("block my card")).handover is None
    told = blocking.preface(turn("block my father's card"))
    assert told.handover
    assert "Call 1800." in told.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("my card was stolen", "stolen"),
        ("card kho gaya", "lost"),
        ("कार्ड चोरी हो गया", "stolen"),
        ("someone is using my card", "misused"),
        ("block my card", "asked"),
    ],
)
def test_why_is_kept_in_a_word(text: str, reason: str) -> None:
    assert reason_in(text) == reason
