"""Messages that wait are answered: in order, each to its end, whatever fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import OperationalError

from munshi.bot.app import App, open_app
from munshi.bot.crew import working
from munshi.bot.inbox import Inbox
from munshi.bot.interim import Interim
from munshi.bot.keeper import Keeper
from munshi.bot.message import Message
from munshi.bot.outbox import Outbox
from munshi.bot.response import Response
from munshi.bot.roster import Roster
from munshi.bot.settings import Settings
from munshi.bot.store import Store
from munshi.bot.tables import outbox as outbox_rows
from munshi.bot.tables import turns as turn_rows
from munshi.bot.turns import in_hand
from munshi.bot.worker import TRIES, Worker
from tests.arriving import arrive
from tests.bot.messenger import Messenger

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def message(id: str, text: str = "hello", chat: str = "s1", seconds: int = 0) -> Message:
    return Message(text, chat, "9198", "messenger", id, NOW + timedelta(seconds=seconds))


@dataclass
class Listening:
    """Notes what it is given, and finishes it; `fails` says when it does not."""

    store: Store
    fails: Callable[[Message], None] = lambda _message: None
    answered: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def answer(self, message: Message) -> Response:
        self.tried.append(message.id)
        self.fails(message)
        with self.store.transaction() as db:
            self.store.finish(db, message, {})
        self.answered.append(message.id)
        return Response(None, message.session_id, "held")

    def give_up(self, message: Message) -> None:
        self.given_up.append(message.id)
        with self.store.transaction() as db:
            self.store.finish(db, message, {})


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


@pytest.fixture
def answers(store: Store) -> Listening:
    return Listening(store)


@pytest.fixture
def worker(store: Store, answers: Listening) -> Iterator[Worker]:
    worker = Worker(store, answers, {}, Keeper(store))
    yield worker
    worker.close()


def now_due(store: Store) -> None:
    """Let the pause of every chat be over, and every lease."""
    with store.transaction() as db:
        db.execute(update(turn_rows).where(turn_rows.c.due_at.is_not(None)).values(due_at=datetime.now(UTC)))


def work(store: Store, worker: Worker, *, rounds: int = 50) -> None:
    for _ in range(rounds):
        now_due(store)
        if not worker.answer_one():
            return


def test_a_chats_messages_are_answered_in_their_order_and_each_once(
    store: Store, answers: Listening, worker: Worker
) -> None:
    arrive(store, [message("2", seconds=2), message("1", seconds=1), message("other", chat="s2")])
    arrive(store, [message("1"), message("3", seconds=3)])
    work(store, worker)
    assert [id for id in answers.answered if id != "other"] == ["1", "2", "3"]
    assert "other" in answers.answered
    arrive(store, [message("2"), message("other", chat="s2")])
    assert not worker.answer_one()


def test_a_message_that_was_overtaken_on_its_way_is_answered_before_the_other(engine: Engine) -> None:
    store = Store(engine, "shop", settle=timedelta(seconds=0.5))
    answers = Listening(store)
    worker = Worker(store, answers, {}, Keeper(store))
    arrive(store, [message("2", seconds=2)])
    assert not worker.answer_one()
    arrive(store, [message("1", seconds=1)])

    def answered(number: int) -> bool:
        worker.answer_one()
        return len(answers.answered) == number

    until(lambda: answered(2))
    arrive(store, [message("4", seconds=4)])
    arrive(store, [message("3", seconds=3)])
    until(lambda: answered(4))
    assert answers.answered == ["1", "2", "3", "4"]


def test_a_message_that_fails_again_and_again_goes_to_a_person_and_holds_up_no_other(
    store: Store, answers: Listening, worker: Worker
) -> None:
    def fails(message: Message) -> None:
        if message.id == "poison":
            raise ValueError("bad")

    answers.fails = fails
    arrive(store, [message("before"), message("poison", seconds=1), message("after", seconds=2)])
    work(store, worker)
    assert answers.answered == ["before", "after"]
    assert answers.given_up == ["poison"]
    assert answers.tried.count("poison") == TRIES


def test_a_message_that_kills_its_worker_goes_to_a_person_too(store: Store, answers: Listening, worker: Worker) -> None:
    def dies(_message: Message) -> None:
        raise SystemExit

    answers.fails = dies
    arrive(store, [message("deadly")])
    for _ in range(TRIES):
        now_due(store)
        with pytest.raises(SystemExit):
            worker.answer_one()
    work(store, worker)
    assert answers.given_up == ["deadly"]


def test_what_a_process_held_at_its_end_is_taken_up_at_once_and_counts_as_tried(
    store: Store, answers: Listening, tmp_path: Path
) -> None:
    def dies(_message: Message) -> None:
        raise SystemExit

    answers.fails = dies
    arrive(store, [message("deadly"), message("other", chat="s2", seconds=1)])
    for _ in range(2 * TRIES):  # nobody waits for a lease in between
        process = Roster(tmp_path)
        process.enter()
        keeper = Keeper(store, roster=process)
        keeper.look()
        with pytest.raises(SystemExit):
            Worker(store, answers, {}, keeper).answer_one()
        process.leave()
    alive = Roster(tmp_path)
    alive.enter()
    keeper = Keeper(store, roster=alive)
    keeper.look()
    worker = Worker(store, answers, {}, keeper)
    while worker.answer_one():
        keeper.look()  # what it holds itself is not taken from it
    alive.leave()
    assert sorted(answers.given_up) == ["deadly", "other"]
    assert sorted(answers.tried) == ["deadly"] * TRIES + ["other"] * TRIES


def test_a_database_that_is_away_is_no_fault_of_the_message(store: Store, answers: Listening, worker: Worker) -> None:
    away = [True] * (3 * TRIES)

    def fails(_message: Message) -> None:
        if away:
            away.pop()
            raise OperationalError("select", {}, Exception("gone"))

    answers.fails = fails
    arrive(store, [message("patient")])
    while away:
        now_due(store)
        with pytest.raises(OperationalError):
            worker.answer_one()
    work(store, worker)
    assert (answers.answered, answers.given_up) == (["patient"], [])


def test_a_message_that_nothing_can_be_done_about_is_set_aside(
    store: Store, answers: Listening, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_message: Message) -> None:
        raise ValueError("bad")

    answers.fails = fails
    monkeypatch.setattr(answers, "give_up", fails)
    arrive(store, [message("hopeless"), message("after", seconds=1)])
    work(store, worker)
    assert not worker.answer_one()
    assert store.response("hopeless") is not None
    assert store.response("after") is not None


def test_several_workers_never_meet_in_a_chat(store: Store, answers: Listening) -> None:
    busy: list[str] = []
    met: list[str] = []

    def slowly(message: Message) -> None:
        if message.session_id in busy:
            met.append(message.session_id)
        busy.append(message.session_id)
        time.sleep(0.002)
        busy.remove(message.session_id)

    answers.fails = slowly
    arrive(store, [message(f"{chat}-{n}", chat=f"s{chat}", seconds=n) for chat in range(5) for n in range(6)])
    workers = [Worker(store, answers, {}, Keeper(store)) for _ in range(4)]

    def drain(worker: Worker) -> None:
        while len(answers.answered) < 30:
            worker.answer_one()

    threads = [threading.Thread(target=drain, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert met == []
    for chat in range(5):
        mine = [id for id in answers.answered if id.startswith(f"{chat}-")]
        assert mine == [f"{chat}-{n}" for n in range(6)]


def test_a_long_answer_is_announced_once_and_its_chat_kept_in_hand(store: Store, answers: Listening) -> None:
    announced: list[str] = []
    keeper = Keeper(store, lambda message: announced.append(message.id), long=0)

    def fails(_message: Message) -> None:
        keeper.look()
        keeper.look()

    answers.fails = fails
    arrive(store, [message("long")])
    worker = Worker(store, answers, {}, keeper)
    assert worker.answer_one()
    assert announced == ["long"]
    assert keeper.give_back() == 0


# -- with the whole of Munshi ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with open_app(Settings(home=tmp_path_factory.mktemp("shop"), encoder="none")) as app:
        yield app


@pytest.fixture
def messenger(shop: App) -> Iterator[Messenger]:
    """The shop's only channel."""
    made = Messenger()
    channels: Any = shop.outbox.channels
    channels["messenger"] = made
    yield made
    del channels["messenger"]


def until(true: Callable[[], object], seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.02)


def test_a_message_of_a_channel_is_answered_over_it(shop: App, messenger: Messenger) -> None:
    with working(shop):
        first, again = message("w1", "what are your timings", "chat-w"), message("w1", "twice", "chat-w")
        received = arrive(shop.store, [first, again])
        until(lambda: messenger.sent)
        arrive(shop.store, [message("w1", "days later", "chat-w")])
        arrive(shop.store, [message("w2", "thanks", "chat-w", seconds=9)])
        until(lambda: len(messenger.read) == 2 and shop.store.response("w2"))
    assert received == ["w1"]
    assert {address for address, _, _ in messenger.sent} == {"9198"}
    assert messenger.read == [("9198", "w1"), ("9198", "w2")]
    customer = [line.text for line in shop.transcript("chat-w") if line.role == "customer"]
    assert customer == ["what are your timings", "thanks"]


def test_a_message_that_cannot_be_answered_leaves_an_apology_and_a_ticket(shop: App, messenger: Messenger) -> None:
    arrive(shop.store, [message("g1", "mera order kahan hai", "chat-g")])
    shop.give_up(message("g1", "mera order kahan hai", "chat-g"))
    with working(shop):
        until(lambda: messenger.sent)
    tickets = [ticket for ticket in Inbox(shop.store).tickets() if ticket.session_id == "chat-g"]
    assert [ticket.kind for ticket in tickets] == ["handover"]
    assert "mera order kahan hai" in tickets[0].summary


def test_while_a_person_has_the_chat_the_bot_sends_nothing_not_even_what_was_on_its_way(
    shop: App, messenger: Messenger
) -> None:
    arrive(shop.store, [message("h1", "I want to talk to a person", "chat-h")])
    shop.answer(message("h1", "I want to talk to a person", "chat-h"))  # in the outbox, not sent
    inbox = Inbox(shop.store, shop.outbox)
    (ticket,) = [found for found in inbox.tickets() if found.session_id == "chat-h"]
    inbox.claim(ticket.reference, "Asha")
    arrive(shop.store, [message("h2", "what are your timings", "chat-h", 5)])
    Interim(shop.store, shop.outbox, shop.phrases)(message("h2", chat="chat-h"))
    with working(shop):
        until(lambda: shop.store.response("h2"))
        inbox.reply(ticket.reference, "Asha", "Asha here")
        until(lambda: messenger.sent)
    assert messenger.texts == ["Asha here"]
    assert messenger.read == []
    _, lines = inbox.show(ticket.reference)
    assert {line.role for line in lines if line.id in inbox.unsent(ticket)} == {"bot"}  # and the person knows it
    inbox.release(ticket.reference)
    with working(shop):
        arrive(shop.store, [message("h3", "what are your timings", "chat-h", 9)])
        until(lambda: len(messenger.sent) > 1)


def test_whoever_takes_a_chat_waits_for_what_is_being_sent_at_that_moment(shop: App, messenger: Messenger) -> None:
    messenger.gate = threading.Event()
    arrive(shop.store, [message("n1", "I want to talk to a person", "chat-n")])
    shop.answer(message("n1", "I want to talk to a person", "chat-n"))
    inbox = Inbox(shop.store, shop.outbox)
    (ticket,) = [found for found in inbox.tickets() if found.session_id == "chat-n"]
    with working(shop):

        def being_sent() -> bool:
            with shop.store.reading() as db:
                return in_hand(db, shop.store.business, "out", "chat-n")

        until(being_sent)
        threading.Timer(0.3, messenger.gate.set).start()
        inbox.claim(ticket.reference, "Asha")
        sent = len(messenger.sent)
    assert len(messenger.sent) == sent == 1


def test_a_long_answer_is_announced_to_whoever_waits_for_it(shop: App, messenger: Messenger) -> None:
    announce = Interim(shop.store, shop.outbox, shop.phrases)
    arrive(shop.store, [message("i1", "hello", "chat-i")])
    announce(message("i1", chat="chat-i"))
    shop.answer(message("i1", "hello", "chat-i"))
    announce(message("i1", chat="chat-i"))  # too late: it is answered
    with shop.store.reading() as db:
        query = select(outbox_rows.c.line_id).where(outbox_rows.c.session_id == "chat-i").order_by(outbox_rows.c.id)
        lines = db.execute(query).scalars().all()
    assert lines[0] is None
    assert None not in lines[1:]
    assert len(lines) > 1


def test_what_a_dead_process_left_half_done_is_done_by_the_next(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, encoder="none")
    with open_app(settings) as app:
        arrive(app.store, [message("d1", "what are your timings", "chat-d")])
    with open_app(settings) as app:
        channel = Messenger()
        with working(replaced(app, channel)):
            until(lambda: channel.sent)


def replaced(app: App, channel: Messenger) -> App:
    channels: Any = app.outbox.channels
    channels[channel.name] = channel
    return app


def test_a_crew_that_is_stopped_gives_back_what_it_cannot_finish(store: Store, shop: App) -> None:
    stuck = threading.Event()
    held = Listening(store, fails=lambda _message: stuck.wait(30) and None)
    keeper = Keeper(store)
    arrive(store, [message("stuck")])
    thread = threading.Thread(target=Worker(store, held, {}, keeper).answer_one, daemon=True)
    thread.start()
    until(lambda: held.tried)
    assert keeper.give_back() == 1
    other = Listening(store)
    assert Worker(store, other, {}, keeper).answer_one()
    assert other.answered == ["stuck"]
    stuck.set()
    thread.join(10)
    assert held.answered == []  # the slow one came too late


def test_outbox_without_channels_is_read_by_windows(store: Store) -> None:
    assert Outbox(store, {}).channels == {}
