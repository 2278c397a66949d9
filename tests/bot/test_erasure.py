"""A customer erased: nothing of them is left anywhere, everything of the others is, and the books still hold."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from secrets import token_hex
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select

import munshi.bot.erasure
from munshi.bot.app import App, open_app
from munshi.bot.business import find_business
from munshi.bot.erasure import Privacy, is_unfinished, open_privacy
from munshi.bot.login_tokens import make_login_token
from munshi.bot.message import Message
from munshi.bot.settings import Settings, load_settings
from munshi.bot.subjects import SubjectError, UnknownSubjectError
from munshi.bot.watch import Watcher
from munshi.handlers.customers import customers
from munshi.handlers.ledger import faults
from munshi.handlers.placed_orders import Person, PlacedOrder, find_placed, keep_order
from tests.bot.planted import left_in, left_in_folder, left_in_postgresql, left_in_redis
from tests.servers.redis_server import RedisServer

NAME, HINDI, NUMBER, ACCOUNT, PHONE = "Zubenelgenubi", "ज़ुबेनेलजेनूबी", "ZBN77077", "AMV00077077", "9812377077"
WORDS = (NAME, HINDI, NUMBER, ACCOUNT, PHONE)
CHAT, OTHER = f"wa-91{PHONE}", "web-other"


@dataclass(frozen=True)
class Bank:
    app: App
    settings: Settings
    pack: Path

    def say(self, *texts: str, chat: str = CHAT) -> str:
        """The last reply to messages as WhatsApp sends them: their ids hold the phone."""
        user = f"91{PHONE}" if chat == CHAT else ""
        for text in texts:
            message = Message(text, chat, user, "whatsapp", id=f"wamid.{chat}.{uuid4()}")
            response = self.app.assistant.respond(message)
        return response.reply.text

    @property
    def privacy(self) -> Privacy:
        return Privacy(self.app.store.engine, self.app.business.key)

    def left(self) -> dict[str, list[str]]:
        found = left_in_folder(self.settings.home, WORDS)
        if self.app.store.engine.dialect.name == "postgresql":
            found |= left_in_postgresql(self.app.store.engine, WORDS)
        return found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    pack = tmp_path / "bank"
    shutil.copytree(find_business("dummy-bank"), pack)
    with (pack / "records" / "customers.csv").open("a", encoding="utf-8") as file:
        file.write(f"{NUMBER},{NAME} {HINDI},+91{PHONE},{NAME}@example.com,active\n")
    with (pack / "records" / "accounts.csv").open("a", encoding="utf-8") as file:
        file.write(f"{ACCOUNT},{NUMBER},Savings,700,active\n")
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("engine_of_its_own")
    settings = load_settings(home=tmp_path / "home", business=str(pack), database_url=url, encoder="none")
    with open_app(settings) as app:
        yield Bank(app, settings, pack)


@pytest.fixture
def engine_of_its_own(postgres: Engine) -> Iterator[str]:
    schema = f"erasure_{uuid4().hex}"
    with postgres.connect() as db:
        db.exec_driver_sql(f"CREATE SCHEMA {schema}")
    url = postgres.url.update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with postgres.connect() as db:
        db.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


def live(bank: Bank) -> None:
    """A customer's whole life with a bank, in which their words come to stand wherever words can."""
    code = bank.say("what is my balance", PHONE)
    bank.say("".join(filter(str.isdigit, code))[-6:])
    bank.say(f"I am {NAME}, my account is {ACCOUNT}", f"मैं {HINDI} हूँ", "I want to talk to a person")
    _, token = make_login_token(bank.settings, NUMBER, lifetime=timedelta(hours=1))
    bank.say(token)
    bank.say("I lost my card", f"{NAME}")
    bank.app.library.look(f"interest rate for {NAME}")
    picture = Message("", CHAT, f"91{PHONE}", "whatsapp", attachments=(f"/tmp/{NAME}.jpg",), id=f"wamid.{PHONE}.p")
    bank.app.assistant.respond(picture)
    bank.say("what is my balance", "90000 00101", chat=OTHER)
    person = Person(NAME, f"+91{PHONE}", "400703", HINDI)
    order = PlacedOrder("NAS-1", CHAT, NUMBER, "placed", date(2026, 11, 21), (), 700, None, person)
    with bank.app.store.transaction() as db:
        keep_order(db, bank.app.business.key, order)


def test_nothing_is_left_of_who_was_erased_and_everything_of_the_others(bank: Bank) -> None:
    live(bank)
    assert bank.left()  # or the search finds nothing whatever is there
    others = [line.text for line in bank.app.transcript(OTHER)]
    watcher = Watcher(bank.app)
    kept = bank.privacy.kept(PHONE)
    assert not [word for word in (NAME, HINDI, NUMBER, ACCOUNT) if word not in str(kept.sections)]
    done = bank.privacy.erase(PHONE)
    assert done.label == NUMBER
    watcher.look()
    assert bank.left() == {}
    assert [line.text for line in bank.app.transcript(OTHER)] == others
    assert bank.app.notary.verify().sound
    with bank.app.store.reading() as db:
        assert faults(db, bank.app.business.key) == []
        sold = find_placed(db, bank.app.business.key, "NAS-1")
    assert sold is not None
    assert (sold.total_paise, sold.person) == (700, None)
    with pytest.raises(UnknownSubjectError):
        bank.privacy.erase(NUMBER)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    if not RedisServer.is_there():
        pytest.skip("no redis-server")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


def test_redis_is_told_no_word_of_anybody_and_an_erasure_empties_it(home: Path, redis: RedisServer) -> None:
    settings = load_settings(home=home, business="dummy-bank", redis_url=SecretStr(redis.url))
    with open_app(settings) as app:
        said = f"I am {NAME}, call me on {PHONE}: what does a loan cost?"
        app.assistant.respond(Message(said, CHAT, f"91{PHONE}", "whatsapp"))
        key = app.business.key
        app.shared.bell.ring("in")
    ours = [name for name in redis.client.scan_iter() if key.encode() in name]
    assert ours  # or there was nothing to be emptied
    assert left_in_redis(redis.client, WORDS) == {}
    with open_privacy(settings) as privacy:
        privacy.erase(CHAT)
    assert not [name for name in redis.client.scan_iter() if name in ours]


def test_an_open_chat_goes_on_as_a_new_one(bank: Bank) -> None:
    live(bank)
    bank.privacy.erase(NUMBER)
    again = bank.say("what is my balance")
    assert "700" not in again
    assert [line.role for line in bank.app.transcript(CHAT)] == ["customer", "bot"]


def test_a_chat_that_is_erased_while_its_message_is_answered_keeps_nothing(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.say("hello")
    conductor = bank.app.assistant._conductor

    class Erasing:
        phrases, llm = conductor.phrases, conductor.llm

        def decide(self, context):
            bank.privacy.erase(CHAT)
            return conductor.decide(context)

    monkeypatch.setattr(bank.app.assistant, "_conductor", Erasing())
    message = Message(f"I am {NAME}", CHAT, f"91{PHONE}", "whatsapp")
    assert bank.app.assistant.respond(message).route == "erased"
    assert bank.app.assistant._answer(message).route == "erased"  # as a worker takes it up
    assert bank.app.transcript(CHAT) == []
    assert not {path for path, left in bank.left().items() if NAME in left and "customers" not in path} - {
        "munshi.sqlite3",  # the bank's own record of its customer
        "munshi.sqlite3-wal",
        "pg_statistic",
    }


def test_the_shops_own_files_do_not_bring_them_back_until_they_are_let_in(bank: Bank) -> None:
    bank.privacy.erase(NUMBER)
    for name in ("customers", "accounts"):
        file = bank.pack / "records" / f"{name}.csv"
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert set(bank.app.take_up_records()) == {"customers", "accounts"}
    assert bank.left() == {}
    known = select(customers.c.customer_id).where(customers.c.customer_id.in_((NUMBER, "AMC10001")))
    with bank.app.store.reading() as db:
        assert list(db.execute(known).scalars()) == ["AMC10001"]
    bank.privacy.readmit(NUMBER)
    bank.privacy.readmit(f"+91 {PHONE}")
    bank.app.take_up_records()
    with bank.app.store.reading() as db:
        assert set(db.execute(known).scalars()) == {"AMC10001", NUMBER}
        assert faults(db, bank.app.business.key) == []


def test_a_running_process_forgets_what_it_remembered(bank: Bank) -> None:
    word = f"zz{token_hex(6)}"
    bank.say(f"is there interest on {word}")
    bank.app.library.look(f"rates of {word}")
    watcher = Watcher(bank.app)
    assert held(word)
    bank.privacy.erase(CHAT)
    watcher.look()
    assert not held(word)


def held(word: str) -> int:
    """How many containers of this process hold a text with the word in it."""
    gc.collect()
    containers = (item for item in gc.get_objects() if type(item) in (dict, list, tuple, set))
    return sum(any(type(part) is str and word in part for part in tuple(item)) for item in containers)


def test_a_chat_of_two_customers_is_seen_to_by_itself(bank: Bank) -> None:
    live(bank)
    code = bank.say("log out", "what is my balance", "90000 00102", chat=CHAT)
    bank.say("".join(filter(str.isdigit, code))[-6:])
    with pytest.raises(SubjectError, match=CHAT):
        bank.privacy.erase(NUMBER)
    assert bank.privacy.erase(CHAT).what == "a chat"
    bank.privacy.erase(NUMBER)
    assert bank.left() == {}


@pytest.mark.parametrize("name", ["", "nobody", "+919999999999", "🙂", "x" * 5000, "%", "' OR 1=1 --", "\0"])
def test_of_nobody_nothing_is_kept(bank: Bank, name: str) -> None:
    with pytest.raises(UnknownSubjectError):
        bank.privacy.kept(name)


def test_what_is_handed_over_is_all_and_tells_no_secret(bank: Bank) -> None:
    live(bank)
    kept = bank.privacy.kept(f"+91{PHONE}")
    for title in ("customers", "accounts", "messages", "what was said", "tickets and forms", "one-time codes", "audit"):
        assert kept.sections[title]
    assert kept == bank.privacy.kept(NUMBER) == bank.privacy.kept(f"91{PHONE}")
    told = str(kept.sections)
    assert "sealed:" not in told
    assert "digest" not in told
    assert left_in(told.encode(), ["AMC10001", "munshi-login"]) == []


def killed(where: str, settings: Settings, customer: str) -> None:
    def kill(*_args: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(munshi.bot.erasure, where, kill)
    with munshi.bot.erasure.open_privacy(settings) as opened:
        opened.erase(customer)


@pytest.mark.parametrize("where", ["destroy_key", "keep_out", "scrub"])
def test_an_erasure_that_was_killed_is_finished_by_the_next(bank: Bank, where: str) -> None:
    live(bank)
    child = get_context("spawn").Process(target=killed, args=(where, bank.settings, NUMBER))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert bank.left()
    assert is_unfinished(bank.app.store.engine) == (where == "scrub")
    bank.privacy.erase(NUMBER)
    assert bank.left() == {}
    assert not is_unfinished(bank.app.store.engine)
    assert bank.app.notary.verify().sound
